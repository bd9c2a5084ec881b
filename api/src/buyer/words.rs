//! The texts of the buyer's page and of documents.

mod languages;

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use super::{
    of_payment::{OfPayment, PaidMoney},
    page_state::PageState,
    placeholders::filled,
};

/// The texts of the page in one language. Placeholders are in braces.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    pub(crate) language: String,
    /// The native speaker who checked the translation; `None` if it is unchecked.
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "whoever looks through the files reads it"))]
    checked_by: Option<String>,
    #[serde(default)]
    is_right_to_left: bool,
    day: String,
    months: [String; 12],
    standings: Sentences,
    pub(super) unknown: PageNotice,
    pub(super) too_many: PageNotice,
    customer: String,
    pay: String,
    secured: String,
    denied: String,
    sure: String,
    expected: String,
    new_link_wanted: String,
    newer_link: String,
    if_owed: String,
    of_payment: OfPayment,
    /// The template's fixed texts, by their names in the template.
    pub(super) labels: BTreeMap<String, String>,
    /// The texts of invoices, receipts and evidence, by name.
    document: BTreeMap<String, String>,
    /// The texts of the invitation page, by name.
    invitation: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentences {
    preparing: String,
    delayed: String,
    open: String,
    confirming: String,
    checking: String,
    processing: String,
    paid: String,
    voided: String,
    expired: String,
}

/// A page with a single sentence.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageNotice {
    pub(super) title: String,
    pub(super) sentence: String,
}

/// There is one set of texts per language, so comparing the languages is enough.
impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        self.language == other.language
    }
}

impl Eq for Words {}

impl Words {
    /// A document's text of this name. Falls back to the name itself, which a test rules out.
    pub(crate) fn says(&'static self, name: &'static str) -> &'static str {
        self.document.get(name).map_or(name, String::as_str)
    }

    /// A document's text with its placeholders filled in.
    pub(crate) fn says_with(&'static self, name: &'static str, values: &[(&str, &str)]) -> String {
        filled(self.says(name), values)
    }

    /// An invitation page's text with the key's name filled in.
    pub(crate) fn of_invitation(&self, place: &str, name: &str) -> String {
        filled(self.invitation.get(place).map_or(place, String::as_str), &[("{name}", name)])
    }

    /// All texts of documents.
    pub(crate) fn of_documents(&self) -> impl Iterator<Item = &str> {
        self.document.values().chain(&self.months).map(String::as_str).chain(self.of_payment.all())
    }

    /// The sentence for a state.
    pub(super) fn sentence(&self, page_state: PageState) -> &str {
        let says = &self.standings;
        match page_state {
            PageState::Preparing => &says.preparing,
            PageState::Delayed => &says.delayed,
            PageState::Open => &says.open,
            PageState::Confirming => &says.confirming,
            PageState::Checking => &says.checking,
            PageState::Processing => &says.processing,
            PageState::Paid => &says.paid,
            PageState::Voided => &says.voided,
            PageState::Expired => &says.expired,
        }
    }

    /// Formats a date.
    pub(crate) fn day(&self, day: NaiveDate) -> String {
        let month = self.months.get(day.month0() as usize).map_or("", String::as_str);
        let year = day.year().to_string();
        filled(&self.day, &[("{day}", &day.day().to_string()), ("{month}", month), ("{year}", &year)])
    }

    /// The addressee of an invoice.
    pub(super) fn customer(&self, name: &str, digits: &str) -> String {
        filled(&self.customer, &[("{digits}", digits), ("{name}", name)])
    }

    /// An amount as a whole: where the page runs from right to left, its currency would come to stand before it.
    pub(super) fn isolated(&self, amount: String) -> String {
        if self.is_right_to_left { format!("\u{2066}{amount}\u{2069}") } else { amount }
    }

    /// The label of the button.
    pub(super) fn pay(&self, amount: &str) -> String {
        filled(&self.pay, &[("{amount}", amount)])
    }

    /// The note about who sees the card's details.
    pub(super) fn secured(&self, merchant: &str) -> String {
        filled(&self.secured, &[("{merchant}", merchant)])
    }

    /// The texts about payments that failed, were refunded or are disputed.
    pub(super) const fn of_payment(&self) -> &OfPayment {
        &self.of_payment
    }

    /// What a buyer is told of the money of a paid link, after `simply` if it is paid and no more; `None` if there is
    /// nothing to tell.
    pub(crate) fn of_money(&self, money: &PaidMoney<'_>, simply: Option<&str>) -> Option<String> {
        let (paid, unfinished) = (self.of_payment.paid(money), self.of_payment.unfinished(money));
        let told = paid.is_some() || unfinished.is_some();
        let sentences = [paid.or_else(|| simply.map(str::to_owned)), unfinished];
        told.then(|| self.joined(sentences.into_iter().flatten()))
    }

    fn joined(&self, sentences: impl Iterator<Item = String>) -> String {
        // Chinese has no spaces between sentences.
        let between = if self.language == "zh" { "" } else { " " };
        sentences.collect::<Vec<_>>().join(between)
    }

    /// The sentence for a closed link for which nothing else is at hand.
    pub(super) fn closed(&self, page_state: PageState) -> String {
        self.joined([self.sentence(page_state), &self.if_owed].into_iter().map(str::to_owned))
    }

    /// The text direction, as HTML's `dir`.
    pub(crate) const fn direction(&self) -> &'static str {
        if self.is_right_to_left { "rtl" } else { "ltr" }
    }

    /// The notice that the buyer intends to pay on a day.
    pub(super) fn expected(&self, day: &str) -> String {
        filled(&self.expected, &[("{day}", day)])
    }

    /// The sentence for a closed link instead of which the merchant has created another one, which can be paid.
    pub(super) fn newer_link(&self, merchant: &str) -> String {
        filled(&self.newer_link, &[("{merchant}", merchant)])
    }

    /// The notice that the merchant was told that the buyer wants a new link.
    pub(super) fn new_link_wanted(&self, merchant: &str) -> String {
        filled(&self.new_link_wanted, &[("{merchant}", merchant)])
    }

    /// The question that asks a buyer who does not recognise the request to confirm.
    pub(super) fn sure(&self, merchant: &str) -> String {
        filled(&self.sure, &[("{merchant}", merchant)])
    }

    /// The notice that the merchant was told that the buyer does not recognise the request.
    pub(super) fn denied(&self, merchant: &str) -> String {
        filled(&self.denied, &[("{merchant}", merchant)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_document_says_is_there() {
        let sources = [
            include_str!("../details_pdf/layout.rs"),
            include_str!("../details_pdf/paint.rs"),
            include_str!("../details_pdf/sections.rs"),
            include_str!("../details_pdf/table.rs"),
            include_str!("../v1/evidence.rs"),
            include_str!("../v1/evidence_words.rs"),
            include_str!("../v1/receipt.rs"),
        ];
        let names = |source: &'static str| {
            let said = source.split("says(\"").skip(1).chain(source.split("says_with(\"").skip(1));
            said.filter_map(|rest| rest.split('"').next())
        };
        let words = Words::of("en");
        let said: std::collections::BTreeSet<&str> = sources.into_iter().flat_map(names).collect();
        assert!(said.len() > 20 && said.iter().all(|name| words.document.contains_key(*name)), "{said:?}");
        for name in words.document.keys() {
            let is_said = sources.iter().any(|source| source.contains(&format!("\"{name}\"")));
            assert!(is_said, "no document says {name}");
        }
    }

    #[test]
    fn what_is_in_braces_is_filled_in() {
        let words = Words::of("en-GB");
        assert_eq!(words.day(NaiveDate::from_ymd_opt(2027, 2, 1).unwrap()), "1 February 2027");
        assert_eq!(words.customer("{digits}", "123"), "{digits}, number ending in\u{a0}123");
    }
}
