//! Refunds of payments. Shown here, made at Stripe.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::{
    Model,
    facts::{self, FactKind, Known, PaymentFact},
    timeline::NewEntry,
    timeline_event::TimelineEvent,
};
use crate::money_column::stored_money;
use domain::{
    LinkId, Money,
    link::money_back::{Refund, RefundState, RefundStatus, RefundSum, refund_state, went_back},
};

/// The refunded part of the link's amount, and how much of it that is.
///
/// A further payment may be refunded without touching the amount.
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

/// How much was refunded of a payment in a currency other than the link's. The link's amount cannot be compared with
/// it, so it is all of it only if the charge says so.
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
    // Amounts in unsupported currencies are unknown.
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

/// Amounts are erased by then; whether something was refunded is still known.
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

/// Further payments in the link's currency and of known amount.
fn further<'a>(link: &'a Model, known: &'a Known) -> impl Iterator<Item = &'a super::further::FurtherPayment> {
    known.further.iter().filter(|payment| payment.currency == Some(link.currency) && payment.amount.is_some())
}

/// The payment that paid the link: the recorded one, or else the only one with facts.
fn first_intent(link: &Model, known: &Known) -> Option<String> {
    let refunded = || known.facts.iter().find(|fact| fact.kind != FactKind::Dispute);
    link.stripe_payment_intent.clone().or_else(|| refunded().map(|fact| fact.payment_intent.clone()))
}

/// How much of a payment was refunded, in the link's currency.
fn of_payment(link: &Model, known: &Known, intent: &str) -> i64 {
    let its = |fact: &&PaymentFact| fact.payment_intent == intent && fact.currency == Some(link.currency);
    let (refunds, sum) = refunds_of(known.facts.iter().filter(its));
    went_back(&refunds, sum)
}

/// The refunds of a payment, and the sum reported with its charge.
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

/// What became of the last refund of each of these links, if that is not simply made: one is under way, or the last one
/// failed.
pub(crate) async fn unfinished(
    db: &impl ConnectionTrait,
    links: impl IntoIterator<Item = LinkId>,
) -> Result<HashMap<LinkId, RefundStatus>, DbErr> {
    let links: Vec<LinkId> = links.into_iter().collect();
    if links.is_empty() {
        return Ok(HashMap::new());
    }
    let refunds = facts::Entity::find()
        .filter(facts::Column::LinkId.is_in(links))
        .filter(facts::Column::Kind.eq(FactKind::Refund))
        .order_by_asc(facts::Column::MadeAt)
        .order_by_asc(facts::Column::Id)
        .all(db)
        .await?;
    let mut last: HashMap<LinkId, RefundStatus> = HashMap::new();
    for refund in &refunds {
        let Some(link) = refund.link_id else { continue };
        let is_under_way = last.get(&link) == Some(&RefundStatus::Pending);
        if !is_under_way {
            last.insert(link, status_of(refund));
        }
    }
    last.retain(|_, status| *status != RefundStatus::Succeeded);
    Ok(last)
}

/// Timeline entries for what is new.
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
        let entry = |event: TimelineEvent, minor: Option<i64>, currency| {
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
            entries.push(entry(TimelineEvent::Refunded, Some(is), link.currency));
            told = true;
        }
        for fact in after.facts.iter().filter(|fact| fact.kind == FactKind::Refund && fact.payment_intent == intent) {
            let known = before.facts.iter().find(|known| known.kind == fact.kind && known.id == fact.id).map(status_of);
            let currency = fact.currency.unwrap_or(link.currency);
            match (known, status_of(fact)) {
                (None, RefundStatus::Pending) => {
                    entries.push(entry(TimelineEvent::RefundPending, fact.amount, currency));
                }
                (None | Some(RefundStatus::Pending | RefundStatus::Succeeded), RefundStatus::Failed) => {
                    entries.push(entry(TimelineEvent::RefundFailed, fact.amount, currency));
                }
                // In another currency, or after the purge, there is no sum to report it.
                (None | Some(RefundStatus::Pending), RefundStatus::Succeeded)
                    if !told && (fact.currency != Some(link.currency) || link.purged_at.is_some()) =>
                {
                    entries.push(entry(TimelineEvent::Refunded, fact.amount, currency));
                }
                (_, _) => {}
            }
        }
        let sum_of = |known: &Known| known.facts.iter().find(|fact| is_sum_of(fact, intent)).cloned();
        if !told
            && let Some(sum) = sum_of(after)
            && sum_of(before).as_ref() != Some(&sum)
            && (sum.currency != Some(link.currency) || link.purged_at.is_some())
            && !entries.iter().any(|entry| entry.event == TimelineEvent::Refunded)
        {
            entries.push(entry(TimelineEvent::Refunded, sum.amount, sum.currency.unwrap_or(link.currency)));
        }
    }
    entries
}

fn is_sum_of(fact: &PaymentFact, intent: &str) -> bool {
    fact.kind == FactKind::RefundSum && fact.payment_intent == intent
}
