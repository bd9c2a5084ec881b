//! A link's history for its evidence: in the words of the merchant's console, with Stripe's own terms, which banks
//! know, in brackets.

use std::collections::HashMap;

use domain::{
    Money,
    link::{DisputeDetail, ElsewhereDetail, RefundDetail, StripeProof, money_back::RefundState},
    message::MessageStatus,
};
use entity::link::{self, EntrySource, TimelineEntry, TimelineEvent};

use crate::{buyer::Words, console::TextTable};

/// The texts of one language.
pub(super) struct EvidenceWords {
    said: TextTable,
    words: &'static Words,
}

impl EvidenceWords {
    pub(super) fn of(words: &'static Words) -> Self {
        Self { said: TextTable::in_language(&words.language), words }
    }

    /// An entry of the timeline with its actor. `names` are those of keys.
    pub(super) fn entry(&self, entry: &TimelineEntry, names: &HashMap<String, String>) -> String {
        let event = self.said.at(&["link", "events", entry.event.as_str()]);
        let event = event.map_or_else(|| entry.event.replace('_', " "), str::to_owned);
        let detail = entry.detail.as_deref().and_then(|detail| self.detail(entry, detail));
        let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
        format!("{event}{detail} ({})", self.who(entry.actor(), names))
    }

    /// The status of a text.
    pub(super) fn status(&self, status: MessageStatus) -> String {
        self.said.at(&["message", "states", status.as_str()]).unwrap_or(status.as_str()).to_owned()
    }

    /// How much of the payment was refunded.
    pub(super) fn refunds(&self, state: RefundState) -> Option<String> {
        let place = match state {
            RefundState::None => return None,
            RefundState::Partial => "partly_refunded",
            RefundState::Full => "refunded",
        };
        self.said.at(&["order", "notices", place]).map(str::to_owned)
    }

    /// The state of the link's dispute.
    pub(super) fn dispute_of(&self, link: &link::Model) -> Option<String> {
        let dispute = link.dispute?;
        Some(match link.dispute_word() {
            Some(term) => self.dispute(term),
            None => self.said.at(&["link", "disputeTags", dispute.as_str()]).unwrap_or(dispute.as_str()).to_owned(),
        })
    }

    /// The state of a dispute, given Stripe's term.
    fn dispute(&self, term: &str) -> String {
        let place = match term {
            "needs_response" => "open",
            "under_review" => "answered",
            "warning_needs_response" => "inquiry",
            "warning_under_review" => "inquiry_answered",
            "warning_closed" => "inquiry_closed",
            other => other,
        };
        self.with_term(&["link", "disputeTags", place], term)
    }

    fn with_term(&self, place: &[&str], term: &str) -> String {
        self.said.at(place).map_or_else(|| term.to_owned(), |said| format!("{said} ({term})"))
    }

    fn who<'a>(&'a self, actor: &'a str, names: &'a HashMap<String, String>) -> &'a str {
        if let Some(name) = names.get(actor) {
            return name;
        }
        match actor.parse::<EntrySource>() {
            Ok(EntrySource::Buyer) => self.words.says("buyer"),
            Ok(EntrySource::Carrier) => self.words.says("carrier"),
            Ok(EntrySource::Stripe) => "Stripe",
            Ok(EntrySource::System) => "Paylink",
            Err(_) => actor,
        }
    }

    /// The detail of an entry in addition to its event; `None` if it adds nothing.
    fn detail(&self, entry: &TimelineEntry, detail: &str) -> Option<String> {
        use TimelineEvent::{
            DisputeClosed, Disputed, InvoiceStored, Paid, RefundFailed, RefundPending, Refunded, Review, Settling,
            VoidRefused,
        };
        let is = |events: &[TimelineEvent]| entry.event().is_some_and(|event| events.contains(&event));
        if is(&[VoidRefused]) {
            return None;
        }
        let told = if is(&[Disputed]) {
            Some(self.of_dispute(detail, |reason| self.with_term(&["link", "disputeReasons", reason], reason)))
        } else if is(&[DisputeClosed]) {
            Some(self.of_dispute(detail, |end| self.dispute(end)))
        } else if is(&[Review]) {
            let why = detail.split(':').next().unwrap_or_default();
            self.said.at(&["link", "reviews", why]).map(str::to_owned)
        } else if is(&[Refunded, RefundPending, RefundFailed]) {
            self.amount(entry)
        } else if is(&[Settling, Paid]) {
            self.elsewhere(detail).or_else(|| self.proof(detail))
        } else if is(&[InvoiceStored]) {
            let pages = detail.split(' ').next().unwrap_or_default();
            Some(format!("{} {pages}", self.words.says("pages")))
        } else {
            self.proof(detail)
        };
        Some(told.unwrap_or_else(|| detail.to_owned()))
    }

    /// The bank's reason or the dispute's end, and of which other payment it is.
    fn of_dispute(&self, detail: &str, say: impl FnOnce(&str) -> String) -> String {
        let DisputeDetail { term, is_inquiry, payment } = DisputeDetail::parse(detail);
        let inquiry = || self.said.at(&["link", "disputeReasons", "inquiry"]).unwrap_or("inquiry").to_owned();
        let parts = [term.map(say), is_inquiry.then(inquiry), payment.map(str::to_owned)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// The amount of a refund, and of which other payment it is.
    fn amount(&self, entry: &TimelineEntry) -> Option<String> {
        let RefundDetail { money, payment } = entry.refund()?;
        let payment = payment.map(|payment| format!(", {payment}")).unwrap_or_default();
        Some(format!("{}{payment}", self.money(money)))
    }

    /// An amount formatted for the merchant's language.
    pub(super) fn money(&self, money: Money) -> String {
        money.in_language(&self.words.language).replace('\u{a0}', " ")
    }

    /// `bank transfer on 2026-11-26: their note`.
    fn elsewhere(&self, detail: &str) -> Option<String> {
        let ElsewhereDetail { method, on, note } = ElsewhereDetail::parse(detail)?;
        let note = note.map(|note| format!(": {note}")).unwrap_or_default();
        Some(format!("{}, {on}{note}", self.said.at(&["paidBy", method.as_str()])?))
    }

    /// The ids for Stripe's support.
    fn proof(&self, detail: &str) -> Option<String> {
        Some(match StripeProof::parse(detail)? {
            StripeProof::Made(id) => id.to_owned(),
            StripeProof::Confirmed(what) => format!("{}: {what}", self.said.at(&["link", "confirmed"])?),
            StripeProof::Paid(source, ids) => {
                format!("{} {ids}", self.said.at(&["link", "sources", source.as_str()])?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use domain::{LinkEventId, LinkId, link::ElsewhereMethod};

    use super::*;

    /// Stripe's terms for disputes.
    const TERMS: [&str; 8] = [
        "needs_response",
        "under_review",
        "warning_needs_response",
        "warning_under_review",
        "warning_closed",
        "won",
        "lost",
        "prevented",
    ];

    fn told(language: &str, event: TimelineEvent, detail: Option<&str>, actor: Option<&str>) -> String {
        let at: DateTime<Utc> = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let entry = TimelineEntry {
            id: LinkEventId::new(at),
            link_id: LinkId::new(at),
            at,
            event: event.to_string(),
            detail: detail.map(str::to_owned),
            actor: actor.map(str::to_owned),
        };
        let names = HashMap::from([("key_1".to_owned(), "Kasse 1".to_owned())]);
        EvidenceWords::of(Words::of(language)).entry(&entry, &names)
    }

    #[test]
    fn what_happened_is_told_in_the_merchants_words_with_the_banks_in_brackets() {
        use TimelineEvent::{
            Creating, DisputeClosed, Disputed, InvoiceStored, Paid, Refunded, Settling, Unpaid, Viewed, VoidRefused,
        };
        let german = |event, detail, actor| told("de", event, detail, actor);
        assert_eq!(german(Creating, None, Some("key_1")), "Angefordert (Kasse 1)");
        assert_eq!(german(InvoiceStored, Some("1 page"), None), "Rechnung gespeichert: Seiten 1 (Paylink)");
        assert_eq!(german(Unpaid, Some("made at Stripe: plink_1"), None), "Kann bezahlt werden: plink_1 (Stripe)");
        assert_eq!(german(Viewed, None, None), "Vom Käufer angesehen (Käufer)");
        let paid = german(Paid, Some("source = webhook, session cs_1"), None);
        assert_eq!(paid, "Bezahlt: Stripe hat es gemeldet. session cs_1 (Stripe)");
        let disputed = german(Disputed, Some("fraudulent, an inquiry, of pi_2"), None);
        assert!(disputed.contains("Angeblich nicht vom Karteninhaber bezahlt (fraudulent), "), "{disputed}");
        assert!(disputed.ends_with(", pi_2 (Stripe)"), "{disputed}");
        let closed = german(DisputeClosed, Some("warning_closed"), None);
        assert_eq!(closed, "Anfechtung beendet: Anfrage geschlossen (warning_closed) (Stripe)");
        let lost = german(DisputeClosed, Some("lost, of pi_2"), None);
        assert!(lost.ends_with(" (lost), pi_2 (Stripe)"), "{lost}");
        let refunded = german(Refunded, Some("12,850.87 EUR of pi_2"), None);
        assert_eq!(refunded, "Bei Stripe erstattet: 12.850,87 EUR, pi_2 (Stripe)");
        let settling = german(Settling, Some("bank transfer on 2026-11-26: Auszug 3"), Some("key_1"));
        assert_eq!(settling, "Als anderweitig bezahlt vermerkt: Überweisung, 2026-11-26: Auszug 3 (Kasse 1)");
        assert!(german(VoidRefused, Some("The buyer paid before"), None).ends_with("schon bezahlt (Stripe)"));
        // Unknown terms stay as they are.
        assert!(german(Disputed, Some("something_new"), None).ends_with(": something_new (Stripe)"));
        assert!(german(Refunded, Some("a lot"), None).contains(": a lot "));
    }

    #[test]
    fn every_language_has_every_word() {
        for language in Words::languages() {
            let words = EvidenceWords::of(Words::of(language));
            for event in TimelineEvent::ALL {
                assert!(words.said.at(&["link", "events", event.as_str()]).is_some(), "{language}: {event}");
            }
            for status in MessageStatus::ALL {
                assert!(words.said.at(&["message", "states", status.as_str()]).is_some(), "{language}: {status}");
            }
            for method in ElsewhereMethod::ALL {
                assert!(words.said.at(&["paidBy", method.as_str()]).is_some(), "{language}: {method}");
            }
            for term in TERMS {
                assert!(words.dispute(term).ends_with(&format!(" ({term})")), "{language}: {term}");
            }
            assert!(words.refunds(RefundState::Full).is_some() && words.refunds(RefundState::Partial).is_some());
        }
    }
}
