//! Refunds of payments. They are displayed here and made at Stripe.

use std::collections::BTreeSet;

use super::{
    Model,
    facts::{FactKind, Known, PaymentFact},
    timeline::NewEntry,
};
use crate::money_column::stored_money;
use domain::{
    Money,
    link::money_back::{Refund, RefundState, RefundStatus, RefundSum, refund_state, went_back},
};

/// What is shown of a link's refunds: how much went back of what was asked, and how much of it that is.
///
/// A payment that came on top of the one that paid the link may go back without anything of what was asked being gone.
pub(super) fn shown(link: &Model, known: &Known) -> (Option<i64>, Option<RefundState>) {
    let is_nothing = known.facts.iter().all(|fact| fact.kind == FactKind::Dispute);
    if link.purged_at.is_some() {
        return (None, shown_after_purge(link, known));
    }
    if is_nothing {
        return (link.refunded, link.refund_status);
    }
    let on_top: i64 = further(link, known).filter_map(|payment| payment.amount).sum();
    let of_further: i64 = further(link, known)
        .filter_map(|payment| Some(of_payment(link, known, payment.payment_intent.as_deref()?)))
        .sum();
    let intent = first_intent(link, known);
    let first = intent.as_deref().map_or(0, |intent| of_payment(link, known, intent));
    let gone = (first + of_further - on_top).max(0);
    let asked = link.amount.unwrap_or(i64::MAX);
    let state = match refund_state(gone, asked) {
        RefundState::Full => RefundState::Full,
        state @ (RefundState::None | RefundState::Partial) => {
            let elsewhere = intent.map_or(RefundState::None, |intent| in_other_currency(link, known, &intent));
            if elsewhere == RefundState::None { state } else { elsewhere }
        }
    };
    ((gone > 0).then_some(gone), Some(state))
}

/// How much went back of a payment that was made in another currency than was asked: what was asked says nothing of that, so it is all
/// only by the charge's word.
fn in_other_currency(link: &Model, known: &Known, intent: &str) -> RefundState {
    let of_it = |fact: &&PaymentFact| fact.payment_intent == intent && fact.currency != Some(link.currency);
    let facts: Vec<&PaymentFact> = known.facts.iter().filter(of_it).collect();
    let of_kind = |kind: FactKind| facts.iter().filter(move |fact| fact.kind == kind);
    let sum = of_kind(FactKind::RefundSum).next();
    let is_off = |sum: &PaymentFact| {
        of_kind(FactKind::Refund).any(|refund| {
            status_of(refund) == RefundStatus::Failed && refund.failed_at.is_none_or(|at| at >= sum.told_at)
        })
    };
    let (refunds, told) = refunds_of(facts.iter().copied());
    // Of a currency that is none of ours no amount is known.
    let is_unknown = |fact: &&&PaymentFact| fact.amount.is_none();
    let has_unknown = of_kind(FactKind::RefundSum).any(|sum| is_unknown(&sum) && !is_off(sum))
        || of_kind(FactKind::Refund).filter(is_unknown).any(|refund| status_of(refund) == RefundStatus::Succeeded);
    if sum.is_some_and(|sum| sum.status == "full" && !is_off(sum)) {
        RefundState::Full
    } else if went_back(&refunds, told) > 0 || has_unknown {
        RefundState::Partial
    } else {
        RefundState::None
    }
}

/// No amount is left to reckon with; that something went back is known all the same.
fn shown_after_purge(link: &Model, known: &Known) -> Option<RefundState> {
    let sums = || known.facts.iter().filter(|fact| fact.kind == FactKind::RefundSum);
    let succeeded = |fact: &PaymentFact| fact.kind == FactKind::Refund && status_of(fact) == RefundStatus::Succeeded;
    if sums().any(|sum| sum.status == "full") || link.refund_status == Some(RefundState::Full) {
        Some(RefundState::Full)
    } else if sums().count() > 0 || known.facts.iter().any(succeeded) {
        Some(RefundState::Partial)
    } else {
        link.refund_status
    }
}

/// The payments on top of the first one that are of the same currency and of known amount.
fn further<'a>(link: &'a Model, known: &'a Known) -> impl Iterator<Item = &'a super::further::FurtherPayment> {
    known.further.iter().filter(|payment| payment.currency == Some(link.currency) && payment.amount.is_some())
}

/// The payment that paid the link, if it is not told otherwise the only one that something is known of.
fn first_intent(link: &Model, known: &Known) -> Option<String> {
    let refunded = || known.facts.iter().find(|fact| fact.kind != FactKind::Dispute);
    link.stripe_payment_intent.clone().or_else(|| refunded().map(|fact| fact.payment_intent.clone()))
}

/// What went back of a payment, in the link's currency.
fn of_payment(link: &Model, known: &Known, intent: &str) -> i64 {
    let its = |fact: &&PaymentFact| fact.payment_intent == intent && fact.currency == Some(link.currency);
    let (refunds, sum) = refunds_of(known.facts.iter().filter(its));
    went_back(&refunds, sum)
}

/// Refunds of a payment, and the sum that its charge told.
fn refunds_of<'a>(facts: impl Iterator<Item = &'a PaymentFact> + Clone) -> (Vec<Refund>, Option<RefundSum>) {
    let refunds = facts
        .clone()
        .filter(|fact| fact.kind == FactKind::Refund)
        .map(|fact| Refund {
            amount: fact.amount.unwrap_or(0),
            status: status_of(fact),
            made_at: fact.made_at,
            failed_at: fact.failed_at,
        })
        .collect();
    let mut sums = facts.filter(|fact| fact.kind == FactKind::RefundSum);
    let sum = sums.next().map(|fact| RefundSum { amount: fact.amount.unwrap_or(0), told_at: fact.told_at });
    (refunds, sum)
}

fn status_of(fact: &PaymentFact) -> RefundStatus {
    RefundStatus::from_stripe(&fact.status)
}

/// What the timeline says that was not known before.
pub(super) fn entries(link: &Model, before: &Known, after: &Known) -> Vec<NewEntry> {
    let intents: BTreeSet<&str> = after
        .facts
        .iter()
        .filter(|fact| fact.kind != FactKind::Dispute)
        .map(|fact| fact.payment_intent.as_str())
        .collect();
    let mut entries = Vec::new();
    for intent in intents {
        let of_another = link.stripe_payment_intent.as_ref().is_some_and(|paid| paid != intent);
        let entry = |event: &'static str, minor: Option<i64>, currency| {
            let amount = minor.and_then(|minor| stored_money(minor, currency).ok()).map(Money::to_people);
            let detail = match amount.filter(|_| link.purged_at.is_none()) {
                Some(amount) if of_another => Some(format!("{amount} of {intent}")),
                amount => amount,
            };
            NewEntry::new(link.id, event, detail)
        };
        let (was, is) = (of_payment(link, before, intent), of_payment(link, after, intent));
        let mut told = false;
        if is > was {
            entries.push(entry("refunded", Some(is), link.currency));
            told = true;
        }
        for fact in after.facts.iter().filter(|fact| fact.kind == FactKind::Refund && fact.payment_intent == intent) {
            let known = before.facts.iter().find(|known| known.kind == fact.kind && known.id == fact.id).map(status_of);
            let currency = fact.currency.unwrap_or(link.currency);
            match (known, status_of(fact)) {
                (None, RefundStatus::Pending) => entries.push(entry("refund_pending", fact.amount, currency)),
                (None | Some(RefundStatus::Pending | RefundStatus::Succeeded), RefundStatus::Failed) => {
                    entries.push(entry("refund_failed", fact.amount, currency));
                }
                // In another currency, or after the purge, no sum says it.
                (None | Some(RefundStatus::Pending), RefundStatus::Succeeded)
                    if !told && (fact.currency != Some(link.currency) || link.purged_at.is_some()) =>
                {
                    entries.push(entry("refunded", fact.amount, currency));
                }
                (_, _) => {}
            }
        }
        let sum_of = |known: &Known| known.facts.iter().find(|fact| is_sum_of(fact, intent)).cloned();
        if !told
            && let Some(sum) = sum_of(after)
            && sum_of(before).as_ref() != Some(&sum)
            && (sum.currency != Some(link.currency) || link.purged_at.is_some())
            && !entries.iter().any(|entry| entry.event == "refunded")
        {
            entries.push(entry("refunded", sum.amount, sum.currency.unwrap_or(link.currency)));
        }
    }
    entries
}

fn is_sum_of(fact: &PaymentFact, intent: &str) -> bool {
    fact.kind == FactKind::RefundSum && fact.payment_intent == intent
}
