//! Refunds of payments. Shown here, made at Stripe.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use super::{
    Model,
    facts::{self, FactKind, KnownFacts, PaymentFact},
    timeline::{self, NewEntry, TimelineEntry, timeline},
    timeline_event::TimelineEvent,
};
use crate::{
    Transaction,
    attention::{self, AttentionKind, Matter},
    money_column::stored_money,
};
use domain::{
    Currency, LinkEventId, LinkId, LinkState, Money,
    link::money_back::{Refund, RefundState, RefundStatus, RefundSum, refund_state, went_back},
};

/// The refunded part of the link's amount, and how much of it that is.
///
/// A further payment may be refunded without touching the amount.
pub(super) fn shown(link: &Model, known: &KnownFacts) -> (Option<i64>, Option<RefundState>) {
    let is_nothing = known.facts.iter().all(|fact| fact.kind == FactKind::Dispute);
    if link.purged_at.is_some() {
        return (None, shown_after_purge(link, known));
    }
    if is_nothing {
        return (link.refunded, link.refund_status);
    }
    let on_top: i64 = further(link, known).filter_map(|payment| payment.amount).sum();
    let refunded = refunded_of_all(link, known);
    let gone = (refunded - on_top).max(0);
    let asked = link.amount.unwrap_or(i64::MAX);
    let state = match refund_state(gone, asked) {
        RefundState::Full => RefundState::Full,
        state @ (RefundState::None | RefundState::Partial) => {
            let elsewhere =
                first_intent(link, known).map_or(RefundState::None, |intent| in_other_currency(link, known, &intent));
            if elsewhere == RefundState::None { state } else { elsewhere }
        }
    };
    ((gone > 0).then_some(gone), Some(state))
}

/// How much was refunded of a payment in a currency other than the link's. The link's amount cannot be compared with
/// it, so it is all of it only if the charge says so.
fn in_other_currency(link: &Model, known: &KnownFacts, intent: &str) -> RefundState {
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
fn shown_after_purge(link: &Model, known: &KnownFacts) -> Option<RefundState> {
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

/// How much was refunded of the link's payments, in its currency.
pub(super) fn refunded_of_all(link: &Model, known: &KnownFacts) -> i64 {
    let further = further(link, known).filter_map(|payment| payment.payment_intent.as_deref());
    let first = first_intent(link, known);
    first.as_deref().into_iter().chain(further).map(|intent| of_payment(link, known, intent)).sum()
}

/// Further payments in the link's currency and of known amount.
pub(super) fn further<'a>(
    link: &'a Model,
    known: &'a KnownFacts,
) -> impl Iterator<Item = &'a super::further::FurtherPayment> {
    known.further.iter().filter(|payment| payment.currency == Some(link.currency) && payment.amount.is_some())
}

/// The payment that paid the link: the recorded one, or else the only one with facts.
fn first_intent(link: &Model, known: &KnownFacts) -> Option<String> {
    let refunded = || known.facts.iter().find(|fact| fact.kind != FactKind::Dispute);
    link.stripe_payment_intent.clone().or_else(|| refunded().map(|fact| fact.payment_intent.clone()))
}

/// How much of a payment was refunded, in the link's currency.
fn of_payment(link: &Model, known: &KnownFacts, intent: &str) -> i64 {
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

/// What is not refunded of a payment though a refund was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnfinishedRefund {
    /// `Pending` while a refund is under way, or else `Failed`.
    pub status: RefundStatus,
    /// All that is under way, or failed; `None` if it is erased, or not of one currency.
    pub money: Option<Money>,
}

/// The unfinished refunds of these links: what was paid and not refunded in full has one if a refund is under way, or
/// failed and none was made since.
pub async fn unfinished<'a>(
    db: &impl ConnectionTrait,
    links: impl IntoIterator<Item = &'a Model>,
) -> Result<HashMap<LinkId, UnfinishedRefund>, DbErr> {
    let paid = |link: &&Model| link.state == LinkState::Paid && link.refund_state() != RefundState::Full;
    let links: Vec<LinkId> = links.into_iter().filter(paid).map(|link| link.id).collect();
    if links.is_empty() {
        return Ok(HashMap::new());
    }
    let refunds = facts::Entity::find()
        .filter(facts::Column::LinkId.is_in(links))
        .filter(facts::Column::Kind.eq(FactKind::Refund))
        .all(db)
        .await?;
    let mut by_link: HashMap<LinkId, Vec<&PaymentFact>> = HashMap::new();
    for refund in &refunds {
        if let Some(link) = refund.link_id {
            by_link.entry(link).or_default().push(refund);
        }
    }
    Ok(by_link.into_iter().filter_map(|(link, refunds)| Some((link, unfinished_of(&refunds)?))).collect())
}

/// What is unfinished of these refunds of a link.
fn unfinished_of(refunds: &[&PaymentFact]) -> Option<UnfinishedRefund> {
    let last_made_at = refunds.iter().map(|refund| refund.made_at).max()?;
    let is_last = |refund: &PaymentFact| refund.failed_at.is_none_or(|at| at >= last_made_at);
    let of = |status: RefundStatus| -> Vec<&PaymentFact> {
        refunds.iter().copied().filter(|refund| status_of(refund) == status).collect()
    };
    let (pending, mut failed) = (of(RefundStatus::Pending), of(RefundStatus::Failed));
    failed.retain(|refund| is_last(refund));
    let (status, which) =
        if pending.is_empty() { (RefundStatus::Failed, failed) } else { (RefundStatus::Pending, pending) };
    (!which.is_empty()).then(|| UnfinishedRefund { status, money: sum_of(&which) })
}

fn sum_of(refunds: &[&PaymentFact]) -> Option<Money> {
    let currency = refunds.first()?.currency?;
    let minor = refunds.iter().try_fold(0_i64, |sum, refund| {
        let amount = refund.amount.filter(|_| refund.currency == Some(currency))?;
        sum.checked_add(amount)
    })?;
    Money::from_minor(minor, currency).ok()
}

/// The payments of these facts that were refunded, or may have been.
fn refunded_intents(known: &KnownFacts) -> BTreeSet<&str> {
    let of_refunds = known.facts.iter().filter(|fact| fact.kind != FactKind::Dispute);
    of_refunds.map(|fact| fact.payment_intent.as_str()).collect()
}

/// What an entry tells of a refund of this payment.
fn detail(link: &Model, intent: &str, minor: Option<i64>, currency: Currency) -> Option<String> {
    let amount = minor.and_then(|minor| stored_money(minor, currency).ok()).map(Money::to_people);
    let of_another = link.stripe_payment_intent.as_ref().is_some_and(|paid| paid != intent);
    match amount.filter(|_| link.purged_at.is_none()) {
        Some(amount) if of_another => Some(format!("{amount} of {intent}")),
        amount => amount,
    }
}

/// Corrects entries that told of a refund too early: a charge's sum holds a refund from the moment at which it is made,
/// and is told before the refund itself, which may only be under way.
pub(super) async fn correct_early(
    tx: &Transaction,
    link: &Model,
    (before, after): (&KnownFacts, &KnownFacts),
) -> Result<(), DbErr> {
    for intent in refunded_intents(after) {
        let is = of_payment(link, after, intent);
        if is >= of_payment(link, before, intent) || !has_begun(before, after, intent) {
            continue;
        }
        let told = timeline(tx, link.id).await?;
        timeline::correct(tx, told_too_early(link, intent, is, &told)).await?;
    }
    Ok(())
}

/// Whether a refund of this payment is newly known to be under way.
fn has_begun(before: &KnownFacts, after: &KnownFacts, intent: &str) -> bool {
    let is_new = |fact: &PaymentFact| before.facts.iter().all(|known| known.kind != fact.kind || known.id != fact.id);
    let mut pending = after.facts.iter().filter(|fact| {
        fact.kind == FactKind::Refund && fact.payment_intent == intent && status_of(fact) == RefundStatus::Pending
    });
    pending.any(is_new)
}

/// The entries that tell of more than `is`, as far back as no refund failed: one of them tells of that instead, if none
/// does, and the others go.
fn told_too_early(
    link: &Model,
    intent: &str,
    is: i64,
    timeline: &[TimelineEntry],
) -> Vec<(LinkEventId, Option<String>)> {
    let of_it = |of: Option<&str>| of.or(link.stripe_payment_intent.as_deref()).is_none_or(|of| of == intent);
    let told = timeline.iter().rev().filter_map(|entry| {
        let (money, of) = entry.refund()?;
        (of_it(of) && money.currency() == link.currency).then_some((entry, money.minor()))
    });
    let since: Vec<(&TimelineEntry, i64)> =
        told.take_while(|(entry, _)| entry.event() != Some(TimelineEvent::RefundFailed)).collect();
    let totals = since.iter().filter(|(entry, _)| entry.event() == Some(TimelineEvent::Refunded));
    let mut is_untold = is > 0 && totals.clone().all(|(_, total)| *total != is);
    let wrong = totals.filter(|(_, total)| *total > is);
    wrong
        .map(|(entry, _)| {
            let instead = std::mem::take(&mut is_untold).then(|| detail(link, intent, Some(is), link.currency));
            (entry.id, instead.flatten())
        })
        .collect()
}

/// The reason for which a person looks at a payment whose refund failed.
const REFUND_FAILED: &str = "refund_failed";

/// Has a person look at a refund that failed, until another one is made.
pub(super) async fn follow(
    tx: &Transaction,
    link: &Model,
    (before, after): (&KnownFacts, &KnownFacts),
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let is_failed =
        |known: &KnownFacts| unfinished_of(&refunds(known)).is_some_and(|refund| refund.status == RefundStatus::Failed);
    let failed =
        |known: &KnownFacts| refunds(known).iter().filter(|fact| status_of(fact) == RefundStatus::Failed).count();
    if is_failed(after) && failed(after) > failed(before) {
        let matter = Matter::of_link(link, AttentionKind::Review, Some(REFUND_FAILED.to_owned()));
        attention::open(tx, vec![matter], now).await
    } else if is_failed(before) && !is_failed(after) {
        attention::resolve_reason(tx, link, (AttentionKind::Review, REFUND_FAILED), now).await
    } else {
        Ok(())
    }
}

fn refunds(known: &KnownFacts) -> Vec<&PaymentFact> {
    known.facts.iter().filter(|fact| fact.kind == FactKind::Refund).collect()
}

/// Timeline entries for what is new.
pub(super) fn entries(link: &Model, before: &KnownFacts, after: &KnownFacts) -> Vec<NewEntry> {
    let mut entries = Vec::new();
    for intent in refunded_intents(after) {
        let entry = |event: TimelineEvent, minor: Option<i64>, currency| {
            NewEntry::new(link.id, event, detail(link, intent, minor, currency))
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
        let sum_of = |known: &KnownFacts| known.facts.iter().find(|fact| is_sum_of(fact, intent)).cloned();
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

#[cfg(test)]
mod tests {
    use super::{
        super::facts::testing::{after, fact},
        *,
    };

    fn told(facts: &[PaymentFact]) -> Option<(RefundStatus, String)> {
        let known = after(facts);
        let refund = unfinished_of(&known.iter().collect::<Vec<_>>())?;
        Some((refund.status, refund.money.map(Money::to_people).unwrap_or_default()))
    }

    #[test]
    fn a_refund_is_unfinished_while_it_is_under_way_or_when_it_failed_and_none_was_made_since() {
        use RefundStatus::{Failed, Pending};
        let refund = |id: &str, status: &str, made: i64, failed: Option<i64>| PaymentFact {
            failed_at: failed.map(super::super::facts::testing::at),
            ..fact(FactKind::Refund, id, status, made, failed.unwrap_or(made))
        };
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[refund("re_1", "succeeded", 1, None)]), None);
        let both = [refund("re_1", "pending", 1, None), refund("re_2", "requires_action", 2, None)];
        assert_eq!(told(&both), Some((Pending, "20.00 USD".to_owned())));
        let failed_late = [refund("re_1", "failed", 1, Some(9)), refund("re_2", "succeeded", 2, None)];
        assert_eq!(told(&failed_late), Some((Failed, "10.00 USD".to_owned())));
        let made_again = [refund("re_1", "canceled", 1, Some(2)), refund("re_2", "succeeded", 3, None)];
        assert_eq!(told(&made_again), None);
        let under_way_again = [refund("re_1", "failed", 1, Some(2)), refund("re_2", "pending", 3, None)];
        assert_eq!(told(&under_way_again), Some((Pending, "10.00 USD".to_owned())));
        let other = PaymentFact { currency: "eur".parse().ok(), ..refund("re_2", "pending", 2, None) };
        assert_eq!(told(&[refund("re_1", "pending", 1, None), other]), Some((Pending, String::new())));
    }
}
