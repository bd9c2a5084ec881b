//! Payments that are written many in one statement: the plain ones, which nearly all are.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Value, entity::prelude::*};

use super::{
    Column, Model, StripeFacts,
    advance::{changes, reviews},
    timeline,
};
use crate::{Rows, live::Change, order};
use domain::{LinkId, LinkState, MerchantId, OrderId, link::LinkEvent};

/// A payment that makes an unpaid link paid and does nothing else, just as [`advance`](super::advance) would.
#[derive(Debug, Clone)]
pub struct PlainPayment {
    /// The link that is paid.
    pub link: LinkId,
    merchant: MerchantId,
    order: OrderId,
    session: Value,
    payment_intent: Value,
    detail: Option<String>,
}

impl PlainPayment {
    /// What `event` makes of a link, if it is no more than that.
    #[must_use]
    pub fn of(link: &Model, event: LinkEvent, facts: &StripeFacts, now: DateTime<Utc>) -> Option<Self> {
        let judged = link.payment_state().on(event, facts.session.as_deref()).ok()?;
        let pays = link.state == LinkState::Unpaid && judged.after.state == LinkState::Paid;
        if !pays
            || link.purged_at.is_some()
            || link.failed_sessions.is_some()
            || reviews(&judged, facts).next().is_some()
        {
            return None;
        }
        // Whatever else there may be to write is not written here.
        let changes: [(Column, Value); 4] = changes(link, &judged, facts, now).try_into().ok()?;
        let [
            (Column::State, _),
            (Column::PaidAt, _),
            (Column::StripeSessionId, session),
            (Column::StripePaymentIntent, payment_intent),
        ] = changes
        else {
            return None;
        };
        let detail = facts.detail.clone();
        let (merchant, order) = (link.merchant_id, link.order_id);
        Some(Self { link: link.id, merchant, order, session, payment_intent, detail })
    }

    /// What changes with it, to be noted where its event is handled: [`pay_all`] may run elsewhere.
    #[must_use]
    pub const fn changes(&self) -> [Change; 2] {
        let (merchant, order, link) = (self.merchant, self.order, self.link);
        [Change::Link { merchant, link, order }, Change::Order { merchant, order }]
    }
}

/// Writes payments of different links by compare-and-set, with their timelines and the orders' tags; answers which links were
/// paid by it. The others were moved by somebody else meanwhile, and nothing of their payments is written.
///
/// # Errors
/// When the database does not answer.
pub async fn pay_all(
    db: &impl ConnectionTrait,
    payments: &[PlainPayment],
    now: DateTime<Utc>,
) -> Result<HashSet<LinkId>, DbErr> {
    let paid = compare_and_set_all(db, payments, now).await?;
    let told = payments.iter().filter(|payment| paid.contains(&payment.link));
    let entries = told.clone().map(|payment| (payment.link, payment.detail.clone()));
    timeline::note_all(db, entries, now, LinkState::Paid.as_str()).await?;
    order::mark_paid(db, told.map(|payment| (payment.merchant, payment.order))).await?;
    Ok(paid)
}

async fn compare_and_set_all(
    db: &impl ConnectionTrait,
    payments: &[PlainPayment],
    now: DateTime<Utc>,
) -> Result<HashSet<LinkId>, DbErr> {
    let mut rows = Rows::new([("link", "uuid"), ("session", "text"), ("intent", "text"), ("was", "text")]);
    // In the same order in every group, so that two that tell of the same links do not wait for each other for ever.
    let in_order: BTreeMap<LinkId, &PlainPayment> = payments.iter().map(|payment| (payment.link, payment)).collect();
    for payment in in_order.into_values() {
        let was = LinkState::Unpaid.into();
        rows.push([payment.link.into(), payment.session.clone(), payment.payment_intent.clone(), was]);
    }
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let update = "UPDATE payment_link SET state = {0}, paid_at = {1}, stripe_session_id = v.session, \
        stripe_payment_intent = v.intent FROM v \
        WHERE id = v.link AND state = v.was AND failed_sessions IS NULL AND purged_at IS NULL RETURNING id";
    let more = vec![LinkState::Paid.into(), now.into()];
    let paid = db.query_all_raw(rows.statement(db.get_database_backend(), update, more)).await?;
    paid.iter().map(|row| row.try_get("", "id")).collect()
}

/// The merchants' links that Stripe calls by these names, as far as there are any.
///
/// # Errors
/// When the database does not answer.
pub async fn find_all_by_stripe_id(
    db: &impl ConnectionTrait,
    names: &[(MerchantId, &str)],
) -> Result<Vec<Model>, DbErr> {
    let mut rows = Rows::new([("merchant", "uuid"), ("name", "text")]);
    for (merchant, name) in names {
        rows.push([(*merchant).into(), (*name).into()]);
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let select = "SELECT payment_link.* FROM v JOIN payment_link \
        ON stripe_link_id = v.name AND merchant_id = v.merchant";
    let found = db.query_all_raw(rows.statement(db.get_database_backend(), select, Vec::new())).await?;
    found.iter().map(|row| Model::from_query_result(row, "")).collect()
}
