//! What the buyer's page says. Each language is a file of its own.

use std::{collections::BTreeMap, sync::LazyLock};

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use super::page_state::PageState;
use crate::http::language;

/// By language, the first for whoever reads none of them. A translation is one more file, named here.
static LANGUAGES: LazyLock<[(&str, Words); 1]> = LazyLock::new(|| [("en", Words::read(include_str!("words/en.json")))]);

/// What the page says in one language. What stands in braces is filled in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub(super) language: String,
    day: String,
    months: [String; 12],
    standings: Sentences,
    pub(super) unknown: Notice,
    pub(super) too_many: Notice,
    customer: String,
    pay: String,
    secured: String,
    denied: String,
    sure: String,
    of_payment: OfPayment,
    /// What the template says, by the names that it has for it.
    pub(super) labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentences {
    preparing: String,
    open: String,
    confirming: String,
    checking: String,
    processing: String,
    paid: String,
    voided: String,
    expired: String,
}

/// What the page says where a payment did not stay what it was.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfPayment {
    pub(super) open_again: String,
    pub(super) refunded: String,
    pub(super) partly_refunded: String,
    pub(super) disputed: String,
}

/// A page that says a sentence and nothing else.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notice {
    pub(super) title: String,
    pub(super) sentence: String,
}

impl Words {
    /// In the language that whoever sent this `Accept-Language` likes best of those that there are.
    pub(super) fn of(accept_language: &str) -> &'static Self {
        let [(_, first), ..] = &*LANGUAGES;
        language::best(accept_language, &*LANGUAGES).unwrap_or(first)
    }

    #[expect(clippy::expect_used, reason = "the files are part of the program; a test reads them")]
    fn read(file: &str) -> Self {
        serde_json::from_str(file).expect("a file of words is whole")
    }

    /// What the page says of a link that stands so.
    pub(super) fn sentence(&self, page_state: PageState) -> &str {
        let says = &self.standings;
        match page_state {
            PageState::Preparing => &says.preparing,
            PageState::Open => &says.open,
            PageState::Confirming => &says.confirming,
            PageState::Checking => &says.checking,
            PageState::Processing => &says.processing,
            PageState::Paid => &says.paid,
            PageState::Voided => &says.voided,
            PageState::Expired => &says.expired,
        }
    }

    /// A date.
    pub(super) fn day(&self, day: NaiveDate) -> String {
        let month = self.months.get(day.month0() as usize).map_or("", String::as_str);
        let year = day.year().to_string();
        filled(&self.day, &[("{day}", &day.day().to_string()), ("{month}", month), ("{year}", &year)])
    }

    /// For whom an invoice is.
    pub(super) fn customer(&self, name: &str, digits: &str) -> String {
        filled(&self.customer, &[("{digits}", digits), ("{name}", name)])
    }

    /// The button.
    pub(super) fn pay(&self, amount: &str) -> String {
        filled(&self.pay, &[("{amount}", amount)])
    }

    /// Who sees what of a card.
    pub(super) fn secured(&self, merchant: &str) -> String {
        filled(&self.secured, &[("{merchant}", merchant)])
    }

    /// What it says where a payment did not stay what it was.
    pub(super) const fn of_payment(&self) -> &OfPayment {
        &self.of_payment
    }

    /// What whoever does not know of this is asked once more.
    pub(super) fn sure(&self, merchant: &str) -> String {
        filled(&self.sure, &[("{merchant}", merchant)])
    }

    /// That the merchant was told that the buyer does not know of this.
    pub(super) fn denied(&self, merchant: &str) -> String {
        filled(&self.denied, &[("{merchant}", merchant)])
    }
}

/// What people chose comes last: braces in a name are a part of it.
fn filled(pattern: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(pattern.to_owned(), |text, (name, value)| text.replace(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_whole_and_named_as_its_file_is() {
        let first: Vec<&String> = LANGUAGES[0].1.labels.keys().collect();
        for (language, words) in &*LANGUAGES {
            assert_eq!(words.language, *language);
            assert_eq!(words.labels.keys().collect::<Vec<_>>(), first, "{language}");
        }
    }

    #[test]
    fn what_is_in_braces_is_filled_in() {
        let words = Words::of("en-GB");
        assert_eq!(words.day(NaiveDate::from_ymd_opt(2027, 2, 1).unwrap()), "1 February 2027");
        assert_eq!(words.customer("{digits}", "123"), "{digits}, number ending in 123");
    }
}
