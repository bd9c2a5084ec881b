//! Warnings that a merchant should look at before sending a link. They block nothing.

use super::Model;
use domain::words;

words! {
    /// What is doubtful about a link's invoice.
    pub enum InvoiceWarning {
        /// Nothing is drawn on its first page.
        FirstPageBlank = "first_page_blank",
        /// The invoice number that was typed is nowhere in the PDF's text.
        NumberNotInInvoice = "number_not_in_invoice",
        /// The amount that was typed is nowhere in the PDF's text.
        AmountNotInInvoice = "amount_not_in_invoice",
    }
}

impl Model {
    /// What is doubtful about its invoice, in the words of [`InvoiceWarning`].
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        self.warnings.iter().flat_map(|warnings| warnings.split_ascii_whitespace())
    }
}
