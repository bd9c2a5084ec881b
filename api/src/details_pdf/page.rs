//! What is printed. Plain values: whoever calls has already looked the order up and formatted its amounts.

use chrono::NaiveDate;

/// An order as its buyer is to read it.
///
/// Amounts are text for people, such as `129.50` or `€ 129.50`, and are printed as they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DetailsPage {
    /// Who sells.
    pub(crate) merchant: Merchant,
    /// Who buys.
    pub(crate) customer_name: String,
    /// The buyer's phone number with its middle hidden, when it is to be printed.
    pub(crate) customer_phone_masked: Option<String>,
    /// The merchant's own number for the order.
    pub(crate) order_number: String,
    /// The day of the order, in the merchant's time zone.
    pub(crate) created_on: NaiveDate,
    /// What was ordered, in order; may be empty.
    pub(crate) items: Vec<ItemLine>,
    /// The sum of the items.
    pub(crate) subtotal: Option<String>,
    /// The cost of shipping.
    pub(crate) shipping: Option<String>,
    /// What is taken off, as a positive amount: the minus sign is printed in front of it.
    pub(crate) discount: Option<String>,
    /// What is to be paid.
    pub(crate) total: String,
    /// The currency of every amount as people write it, such as `USD`.
    pub(crate) currency: String,
}

/// The seller, as printed at the head of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merchant {
    /// The name the buyer knows.
    pub(crate) name: String,
    /// How to reach the merchant; line breaks are kept.
    pub(crate) contact: Option<String>,
}

/// One item of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ItemLine {
    /// What it is; wrapped as needed, line breaks are kept.
    pub(crate) description: String,
    /// How many.
    pub(crate) quantity: i64,
    /// The price of one.
    pub(crate) unit_amount: String,
    /// The price of all of them.
    pub(crate) total: String,
}
