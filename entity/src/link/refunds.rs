//! Refunds of payments. Shown here, made at Stripe.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use super::{
    Model,
    payment_fact::{self, FactKind, KnownFacts, PaymentFact},
    timeline::{self, NewEntry, TimelineEntry, timeline},
    timeline_event::TimelineEvent,
};
use crate::{
    Transaction,
    attention::{self, AttentionKind, Matter},
    money_column::stored_money,
};
use domain::{
    Currency, LinkEventId, LinkId, LinkState,
    link::{
        RefundDetail,
        money_back::{PaymentRefunds, Refund, RefundState, RefundStatus, RefundSum, UnfinishedRefund, refund_state},
    },
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
    let elsewhere = first_intent(link, known)
        .map_or(RefundState::None, |intent| refunds_of(known, &intent).state_in_others(link.currency));
    let state = refund_state(gone, link.amount.unwrap_or(i64::MAX)).and(elsewhere);
    ((gone > 0).then_some(gone), Some(state))
}

/// Amounts are erased by then; whether something was refunded is still known.
fn shown_after_purge(link: &Model, known: &KnownFacts) -> Option<RefundState> {
    let states = refunded_intents(known).into_iter().map(|intent| refunds_of(known, intent).state_without_amounts());
    match states.fold(RefundState::None, RefundState::and) {
        RefundState::None => link.refund_status,
        state => Some(state.and(link.refund_status.unwrap_or(RefundState::None))),
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
) -> impl Iterator<Item = &'a super::further_payment::FurtherPayment> {
    known.further.iter().filter(|payment| payment.currency == Some(link.currency) && payment.amount.is_some())
}

/// The payment that paid the link: the recorded one, or else the only one with facts.
fn first_intent(link: &Model, known: &KnownFacts) -> Option<String> {
    let refunded = || known.facts.iter().find(|fact| fact.kind != FactKind::Dispute);
    link.stripe_payment_intent.clone().or_else(|| refunded().map(|fact| fact.payment_intent.clone()))
}

/// How much of a payment was refunded, in the link's currency.
fn of_payment(link: &Model, known: &KnownFacts, intent: &str) -> i64 {
    refunds_of(known, intent).went_back(link.currency)
}

/// What is known of the refunds of a payment.
fn refunds_of(known: &KnownFacts, intent: &str) -> PaymentRefunds {
    let its =
        |kind: FactKind| known.facts.iter().filter(move |fact| fact.kind == kind && fact.payment_intent == intent);
    let sum = its(FactKind::RefundSum).next().map(|fact| RefundSum {
        amount: fact.amount,
        currency: fact.currency,
        is_full: fact.status == "full",
        told_at: fact.told_at,
    });
    PaymentRefunds { refunds: its(FactKind::Refund).map(refund).collect(), sum }
}

fn refund(fact: &PaymentFact) -> Refund {
    Refund {
        amount: fact.amount,
        currency: fact.currency,
        status: status_of(fact),
        made_at: fact.made_at,
        failed_at: fact.failed_at,
    }
}

fn status_of(fact: &PaymentFact) -> RefundStatus {
    RefundStatus::from_stripe(&fact.status)
}

/// The unfinished refunds of these links: what was paid and not refunded in full has one if a refund is under way, or
/// failed and none was made since.
pub async fn unfinished_refunds<'a>(
    db: &impl ConnectionTrait,
    links: impl IntoIterator<Item = &'a Model>,
) -> Result<HashMap<LinkId, UnfinishedRefund>, DbErr> {
    let paid = |link: &&Model| link.state == LinkState::Paid && link.refund_state() != RefundState::Full;
    let links: Vec<LinkId> = links.into_iter().filter(paid).map(|link| link.id).collect();
    if links.is_empty() {
        return Ok(HashMap::new());
    }
    let refunds = payment_fact::Entity::find()
        .filter(payment_fact::Column::LinkId.is_in(links))
        .filter(payment_fact::Column::Kind.eq(FactKind::Refund))
        .all(db)
        .await?;
    let mut by_link: HashMap<LinkId, Vec<Refund>> = HashMap::new();
    for fact in &refunds {
        if let Some(link) = fact.link_id {
            by_link.entry(link).or_default().push(refund(fact));
        }
    }
    Ok(by_link.into_iter().filter_map(|(link, refunds)| Some((link, UnfinishedRefund::of(&refunds)?))).collect())
}

/// The payments of these facts that were refunded, or may have been.
fn refunded_intents(known: &KnownFacts) -> BTreeSet<&str> {
    let of_refunds = known.facts.iter().filter(|fact| fact.kind != FactKind::Dispute);
    of_refunds.map(|fact| fact.payment_intent.as_str()).collect()
}

/// What an entry tells of a refund of this payment.
fn detail(link: &Model, intent: &str, minor: Option<i64>, currency: Currency) -> Option<String> {
    let money = stored_money(minor?, currency).ok().filter(|_| link.purged_at.is_none())?;
    let of_another = link.stripe_payment_intent.as_ref().is_some_and(|paid| paid != intent);
    Some(RefundDetail { money, payment: of_another.then_some(intent) }.to_string())
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
        let RefundDetail { money, payment } = entry.refund()?;
        (of_it(payment) && money.currency() == link.currency).then_some((entry, money.minor()))
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
    let is_failed = |known: &KnownFacts| {
        UnfinishedRefund::of(&refunds(known)).is_some_and(|refund| refund.status == RefundStatus::Failed)
    };
    let failed =
        |known: &KnownFacts| refunds(known).iter().filter(|refund| refund.status == RefundStatus::Failed).count();
    if is_failed(after) && failed(after) > failed(before) {
        let matter = Matter::of_link(link, AttentionKind::Review, Some(REFUND_FAILED.to_owned()));
        attention::open(tx, vec![matter], now).await
    } else if is_failed(before) && !is_failed(after) {
        attention::resolve_reason(tx, link, (AttentionKind::Review, REFUND_FAILED), now).await
    } else {
        Ok(())
    }
}

/// The refunds of all payments.
fn refunds(known: &KnownFacts) -> Vec<Refund> {
    known.facts.iter().filter(|fact| fact.kind == FactKind::Refund).map(refund).collect()
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
