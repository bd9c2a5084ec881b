//! Doubts about an invoice, for the merchant to look at before sending the link. They block nothing.

use super::Model;
use domain::words;

words! {
    /// A doubt about a link's invoice.
    pub enum InvoiceWarning {
        /// The first page is blank.
        FirstPageBlank = "first_page_blank",
        /// The invoice number is not in the PDF's text.
        NumberNotInInvoice = "number_not_in_invoice",
        /// The amount is not in the PDF's text.
        AmountNotInInvoice = "amount_not_in_invoice",
    }
}

impl Model {
    /// The doubts about its invoice, by the names of [`InvoiceWarning`].
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        self.warnings.iter().flat_map(|warnings| warnings.split_ascii_whitespace())
    }
}
