//! The details of timeline entries that are stored as English text and read again: each wording is written and read
//! here. The console reads the same in `lib/timeline-details.js`.
//!
//! What is stored is never rewritten, so a wording that changes must still be read as it was.

use std::fmt;

use chrono::NaiveDate;

use super::ElsewhereMethod;
use crate::{Currency, Money};

const MADE: &str = "made at Stripe: ";
const CONFIRMED: &str = "Stripe confirmed: ";
const SOURCE: &str = "source = ";
const INQUIRY: &str = "an inquiry";
const OF: &str = "of ";

words! {
    /// How a payment was learned of.
    pub enum PaymentSource {
        /// By a webhook.
        Webhook = "webhook",
        /// While closing the link.
        Closing = "closing",
        /// By asking Stripe, because no webhook had come.
        Reconciler = "reconciler",
    }
}

/// What Stripe's support finds something by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StripeProof<'a> {
    /// The link was made at Stripe, with this id.
    Made(&'a str),
    /// What Stripe confirmed and when, with request ids.
    Confirmed(&'a str),
    /// How a payment was learned of, and its ids.
    Paid(PaymentSource, &'a str),
}

impl<'a> StripeProof<'a> {
    /// Reads what was written.
    #[must_use]
    pub fn parse(detail: &'a str) -> Option<Self> {
        if let Some(id) = detail.strip_prefix(MADE) {
            return Some(Self::Made(id));
        }
        if let Some(what) = detail.strip_prefix(CONFIRMED) {
            return Some(Self::Confirmed(what));
        }
        let (source, ids) = detail.strip_prefix(SOURCE)?.split_once(", ")?;
        Some(Self::Paid(source.parse().ok()?, ids))
    }
}

impl fmt::Display for StripeProof<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made(id) => write!(f, "{MADE}{id}"),
            Self::Confirmed(what) => write!(f, "{CONFIRMED}{what}"),
            Self::Paid(source, ids) => write!(f, "{SOURCE}{source}, {ids}"),
        }
    }
}

/// A dispute, or how it ended: `fraudulent, an inquiry, of pi_…`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DisputeDetail<'a> {
    /// The bank's reason, or how it ended, in Stripe's word.
    pub term: Option<&'a str>,
    /// Whether it is only an inquiry.
    pub is_inquiry: bool,
    /// The payment, if it is not the link's own.
    pub payment: Option<&'a str>,
}

impl<'a> DisputeDetail<'a> {
    /// What is stored of it; `None` if there is nothing to tell.
    #[must_use]
    pub fn to_stored(self) -> Option<String> {
        let payment = self.payment.map(|payment| format!("{OF}{payment}"));
        let parts = [self.term, self.is_inquiry.then_some(INQUIRY), payment.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// Reads what is stored.
    #[must_use]
    pub fn parse(detail: &'a str) -> Self {
        let mut told = Self::default();
        for part in detail.split(", ") {
            match part.strip_prefix(OF) {
                Some(payment) => told.payment = Some(payment),
                None if part == INQUIRY => told.is_inquiry = true,
                None => told.term = Some(part),
            }
        }
        told
    }
}

/// A refund: `29.50 USD`, or `29.50 USD of pi_…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundDetail<'a> {
    /// The amount.
    pub money: Money,
    /// The payment, if it is not the link's own.
    pub payment: Option<&'a str>,
}

impl<'a> RefundDetail<'a> {
    /// Reads what was written.
    #[must_use]
    pub fn parse(detail: &'a str) -> Option<Self> {
        let (amount, payment) = match detail.split_once(&format!(" {OF}")) {
            Some((amount, payment)) => (amount, Some(payment)),
            None => (detail, None),
        };
        let (digits, code) = amount.split_once(' ')?;
        let money = Money::parse(&digits.replace(',', ""), Currency::parse(code).ok()?).ok()?;
        Some(Self { money, payment })
    }
}

impl fmt::Display for RefundDetail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.money.to_people())?;
        self.payment.map_or(Ok(()), |payment| write!(f, " {OF}{payment}"))
    }
}

/// A payment that came without Stripe: `bank transfer on 2026-11-26: the merchant's note`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElsewhereDetail<'a> {
    /// How it was paid.
    pub method: ElsewhereMethod,
    /// The day.
    pub on: NaiveDate,
    /// The merchant's note.
    pub note: Option<&'a str>,
}

impl<'a> ElsewhereDetail<'a> {
    /// Reads what was written.
    #[must_use]
    pub fn parse(detail: &'a str) -> Option<Self> {
        let (method, rest) = detail.split_once(" on ")?;
        let (on, note) = rest.split_once(": ").map_or((rest, None), |(on, note)| (on, Some(note)));
        Some(Self { method: method.replace(' ', "_").parse().ok()?, on: on.parse().ok()?, note })
    }
}

impl fmt::Display for ElsewhereDetail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.method.as_str().replace('_', " "), self.on)?;
        self.note.map_or(Ok(()), |note| write!(f, ": {note}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_are_read_as_they_are_stored() {
        for (proof, stored) in [
            (StripeProof::Made("plink_1"), "made at Stripe: plink_1"),
            (StripeProof::Confirmed("plink_1 is inactive"), "Stripe confirmed: plink_1 is inactive"),
            (StripeProof::Paid(PaymentSource::Webhook, "session cs_1"), "source = webhook, session cs_1"),
            (
                StripeProof::Paid(PaymentSource::Closing, "session cs_1, request req_1"),
                "source = closing, session cs_1, request req_1",
            ),
        ] {
            assert_eq!(proof.to_string(), stored);
            assert_eq!(StripeProof::parse(stored), Some(proof));
        }
        for other in ["source = hearsay, session cs_1", "source = webhook", "Stripe refused it"] {
            assert_eq!(StripeProof::parse(other), None, "{other}");
        }
    }

    #[test]
    fn disputes_are_read_as_they_are_stored() {
        let (term, payment) = (Some("fraudulent"), Some("pi_2"));
        for (detail, stored) in [
            (DisputeDetail { term, ..DisputeDetail::default() }, "fraudulent"),
            (DisputeDetail { term, is_inquiry: true, payment: None }, "fraudulent, an inquiry"),
            (DisputeDetail { is_inquiry: true, ..DisputeDetail::default() }, "an inquiry"),
            (DisputeDetail { payment, ..DisputeDetail::default() }, "of pi_2"),
            (DisputeDetail { term, is_inquiry: true, payment }, "fraudulent, an inquiry, of pi_2"),
        ] {
            assert_eq!(detail.to_stored().as_deref(), Some(stored));
            assert_eq!(DisputeDetail::parse(stored), detail);
        }
        assert_eq!(DisputeDetail::default().to_stored(), None);
    }

    #[test]
    fn refunds_are_read_as_they_are_stored() {
        let money = Money::from_minor(1_285_087, Currency::parse("eur").unwrap()).unwrap();
        for (payment, stored) in [(None, "12,850.87 EUR"), (Some("pi_2"), "12,850.87 EUR of pi_2")] {
            let detail = RefundDetail { money, payment };
            assert_eq!(detail.to_string(), stored);
            assert_eq!(RefundDetail::parse(stored), Some(detail));
        }
        assert_eq!(RefundDetail::parse("a lot"), None);
    }

    #[test]
    fn payments_without_stripe_are_read_as_they_are_stored() {
        let on = NaiveDate::from_ymd_opt(2026, 11, 26).unwrap();
        for (method, note, stored) in [
            (ElsewhereMethod::Cash, None, "cash on 2026-11-26"),
            (ElsewhereMethod::BankTransfer, Some("note: 3 on 4"), "bank transfer on 2026-11-26: note: 3 on 4"),
        ] {
            let detail = ElsewhereDetail { method, on, note };
            assert_eq!(detail.to_string(), stored);
            assert_eq!(ElsewhereDetail::parse(stored), Some(detail));
        }
        for other in ["barter on 2026-11-26", "cash on Monday", "cash"] {
            assert_eq!(ElsewhereDetail::parse(other), None, "{other}");
        }
    }
}
