//! What is printed, as plain values: the caller has already looked up the order and formatted its amounts.

use bytes::Bytes;
use chrono::NaiveDate;

use crate::buyer::Words;

/// An order as printed for its buyer.
///
/// Amounts are texts such as `129.50` or `€ 129.50`; the decimal separator is printed as in the page's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DetailsPage {
    /// The seller.
    pub(crate) merchant: Merchant,
    /// The buyer's name.
    pub(crate) customer_name: String,
    pub(crate) invoice_number: String,
    /// The merchant's order number, if it differs.
    pub(crate) order_number: Option<String>,
    /// The date of the invoice, in the merchant's time zone.
    pub(crate) issued_on: NaiveDate,
    /// The day by which it is to be paid.
    pub(crate) due_on: Option<NaiveDate>,
    /// The last day on which its link can be paid.
    pub(crate) payable_until: Option<NaiveDate>,
    /// The items, in order; may be empty.
    pub(crate) items: Vec<ItemLine>,
    /// The sum of the items.
    pub(crate) subtotal: Option<String>,
    /// The cost of shipping.
    pub(crate) shipping: Option<String>,
    /// The discount, as a positive amount that is printed with a minus sign.
    pub(crate) discount: Option<String>,
    pub(crate) tax: Option<String>,
    /// The difference between these sums and the total, with its sign.
    pub(crate) adjustment: Option<String>,
    /// The amount to pay.
    pub(crate) total: String,
    /// The currency of the total, such as `USD`.
    pub(crate) currency: String,
    /// The currency of all other amounts, if it differs.
    pub(crate) order_currency: Option<String>,
    /// The paper size.
    pub(crate) paper: Paper,
    /// The texts in the page's language.
    pub(crate) words: &'static Words,
    /// Present on a receipt.
    pub(crate) receipt: Option<Receipt>,
    /// Present on a page of evidence, which is neither invoice nor receipt and has its own title.
    pub(crate) evidence: Option<Evidence>,
}

/// The history of a payment as evidence in a dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// When it was written, formatted.
    pub(crate) written_at: String,
    /// The sections, in order.
    pub(crate) sections: Vec<Section>,
}

/// A section of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// The heading.
    pub(crate) title: &'static str,
    /// Each row's label, such as a time, and its text.
    pub(crate) rows: Vec<(String, String)>,
}

/// The data of a receipt. The total is then what was paid and not refunded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// The receipt number.
    pub(crate) number: String,
    /// The payment method.
    pub(crate) method: String,
    /// The reference of the payment at Stripe or elsewhere.
    pub(crate) reference: Option<String>,
    /// The amount paid.
    pub(crate) paid: String,
    /// The refunded amount, as a positive number.
    pub(crate) refunded: Option<String>,
    /// A note about the payment.
    pub(crate) note: Option<String>,
}

impl DetailsPage {
    /// All texts that people wrote.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let merchant = &self.merchant;
        let texts = [&self.customer_name, &self.invoice_number, &merchant.name].into_iter();
        let more =
            [&self.order_number, &merchant.address, &merchant.contact, &merchant.tax_number].into_iter().flatten();
        texts.chain(more).chain(self.items.iter().map(|item| &item.description)).map(String::as_str)
    }
}

impl Evidence {
    /// The evidence with each character that `undrawable` finds replaced by its name.
    pub(super) fn naming(&self, undrawable: impl Fn(&str) -> Option<char>) -> Self {
        let named = |text: &String| {
            let mut text = text.clone();
            while let Some(character) = undrawable(&text) {
                text = text.replace(character, &format!("[U+{:04X}]", u32::from(character)));
            }
            text
        };
        let rows = |section: &Section| section.rows.iter().map(|(label, text)| (named(label), named(text))).collect();
        let sections = self.sections.iter().map(|section| Section { title: section.title, rows: rows(section) });
        Self { written_at: self.written_at.clone(), sections: sections.collect() }
    }
}

/// The paper size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paper {
    /// 210 × 297 mm.
    A4,
    /// 8.5 × 11 inches.
    Letter,
}

/// The regions that use Letter, according to CLDR.
const LETTER: [&str; 14] = ["BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"];

impl Paper {
    /// The usual paper in a region, given its two-letter code.
    pub(crate) fn usual_in(region: &str) -> Self {
        if LETTER.contains(&region) { Self::Letter } else { Self::A4 }
    }
}

/// The seller, as printed at the head of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merchant {
    /// The name the buyer knows.
    pub(crate) name: String,
    /// The address; line breaks are kept.
    pub(crate) address: Option<String>,
    /// The contact details; line breaks are kept.
    pub(crate) contact: Option<String>,
    pub(crate) tax_number: Option<String>,
    pub(crate) logo: Option<Logo>,
    /// Red, green and blue of the merchant's colour.
    pub(crate) colour: Option<[u8; 3]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logo {
    /// The picture as PNG or JPEG.
    pub(crate) content: Bytes,
    /// Whether it is a PNG.
    pub(crate) is_png: bool,
    /// The width in pixels.
    pub(crate) width: u32,
    /// The height in pixels.
    pub(crate) height: u32,
}

/// An item of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ItemLine {
    /// The description; wrapped as needed, line breaks are kept.
    pub(crate) description: String,
    pub(crate) quantity: i64,
    /// The unit price.
    pub(crate) unit_amount: String,
    /// The price of the whole quantity.
    pub(crate) total: String,
}
