//! What is printed, as plain values: the caller has already looked up the order and formatted its amounts.

use bytes::Bytes;
use chrono::NaiveDate;

use crate::buyer::Words;

/// An order as its buyer is to read it.
///
/// Amounts are texts such as `129.50` or `€ 129.50`: the decimal is printed as the page's language writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DetailsPage {
    /// Who sells.
    pub(crate) merchant: Merchant,
    /// Who buys.
    pub(crate) customer_name: String,
    /// The number of the invoice.
    pub(crate) invoice_number: String,
    /// The merchant's own number for the order, where it is another.
    pub(crate) order_number: Option<String>,
    /// The day of the invoice, in the merchant's time zone.
    pub(crate) issued_on: NaiveDate,
    /// The last day on which it can be paid.
    pub(crate) due_on: Option<NaiveDate>,
    /// What was ordered, in order; may be empty.
    pub(crate) items: Vec<ItemLine>,
    /// The sum of the items.
    pub(crate) subtotal: Option<String>,
    /// The cost of shipping.
    pub(crate) shipping: Option<String>,
    /// What is taken off, as a positive amount: the minus sign is printed in front of it.
    pub(crate) discount: Option<String>,
    /// The tax.
    pub(crate) tax: Option<String>,
    /// What lies between these sums and the total, with its sign.
    pub(crate) adjustment: Option<String>,
    /// What is to be paid.
    pub(crate) total: String,
    /// The currency of the total as people write it, such as `USD`.
    pub(crate) currency: String,
    /// The currency of every other amount, where it is another.
    pub(crate) order_currency: Option<String>,
    /// What it is printed on.
    pub(crate) paper: Paper,
    /// In whose language.
    pub(crate) words: &'static Words,
    /// That it was paid, if it is a receipt.
    pub(crate) receipt: Option<Receipt>,
    /// What else is written, if it is neither invoice nor receipt: under a name of its own.
    pub(crate) evidence: Option<Evidence>,
}

/// What happened, for somebody who has to judge it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// When it was written, as it is to be read.
    pub(crate) written_at: String,
    /// Part after part.
    pub(crate) sections: Vec<Section>,
}

/// A part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// What it is about.
    pub(crate) title: &'static str,
    /// What stands at the left, such as a time, and what beside it.
    pub(crate) rows: Vec<(String, String)>,
}

/// What makes a page a receipt: the total is then what was paid of the invoice and did not go back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// Its own number.
    pub(crate) number: String,
    /// How it was paid.
    pub(crate) method: String,
    /// By which the payment is found elsewhere.
    pub(crate) reference: Option<String>,
    /// What was paid.
    pub(crate) paid: String,
    /// What went back, as a positive amount.
    pub(crate) refunded: Option<String>,
    /// What else has to be known of the payment.
    pub(crate) note: Option<String>,
}

impl DetailsPage {
    /// What people wrote of it.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let merchant = &self.merchant;
        let texts = [&self.customer_name, &self.invoice_number, &merchant.name].into_iter();
        let more =
            [&self.order_number, &merchant.address, &merchant.contact, &merchant.tax_number].into_iter().flatten();
        texts.chain(more).chain(self.items.iter().map(|item| &item.description)).map(String::as_str)
    }
}

impl Evidence {
    /// The same with each character that `undrawable` finds named in its place.
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

/// The size of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paper {
    /// 210 × 297 mm.
    A4,
    /// 8.5 × 11 inches.
    Letter,
}

/// Where letters are written on Letter, by CLDR.
const LETTER: [&str; 14] = ["BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"];

impl Paper {
    /// What people print on in a region, by its two letters.
    pub(crate) fn usual_in(region: &str) -> Self {
        if LETTER.contains(&region) { Self::Letter } else { Self::A4 }
    }
}

/// The seller, as printed at the head of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merchant {
    /// The name the buyer knows.
    pub(crate) name: String,
    /// Where it is; line breaks are kept.
    pub(crate) address: Option<String>,
    /// How to reach the merchant; line breaks are kept.
    pub(crate) contact: Option<String>,
    /// Its number with the tax office.
    pub(crate) tax_number: Option<String>,
    /// Its logo.
    pub(crate) logo: Option<Logo>,
    /// Red, green and blue of its colour.
    pub(crate) colour: Option<[u8; 3]>,
}

/// A logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logo {
    /// The picture: PNG, or JPEG.
    pub(crate) content: Bytes,
    /// Whether it is a PNG.
    pub(crate) is_png: bool,
    /// In pixels.
    pub(crate) width: u32,
    /// In pixels.
    pub(crate) height: u32,
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
