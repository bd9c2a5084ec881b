//! What Stripe reports of a payment after it was made: refunds, sums of refunds, disputes. Shown here, made and
//! answered at Stripe.
//!
//! Facts arrive several times and in any order, so the latest report of each is kept, and the link shows the result of
//! all of them. A fact may arrive before its payment: it has no link until the payment arrives. A fact that never gets
//! a link was about a payment of the merchant's other software.

mod early;
mod report;
#[cfg(test)]
pub(super) mod testing;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::{Set, Unchanged},
    IntoActiveModel, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::LockType,
};

use early::note_early;
pub use early::{adopt_early, forget_early};
pub use report::FactReport;

use super::{disputes, further_payment, refunds, timeline};
use crate::{
    Rows, Transaction,
    change::{Change, ChangeKind},
    link,
};
use domain::{Currency, LinkId, MerchantId, words};

/// The most facts of a link, and of a payment without one. An ordinary payment has a few, but a holder of the webhook
/// secret can tell of as many as they like, and each is read with all others.
const MOST: usize = 200;

words! {
    /// The subject of a fact.
    pub enum FactKind {
        /// A refund.
        Refund = "refund",
        /// The sum of all refunds of a payment so far.
        RefundSum = "refund_sum",
        /// A dispute.
        Dispute = "dispute",
    }
}

/// A fact about a payment, as reported by Stripe.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment_fact")]
pub struct Model {
    /// The merchant whose Stripe account reported it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// Its subject.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: FactKind,
    /// Its id at Stripe; for a sum, the payment's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// `pi_…`: the payment.
    pub payment_intent: String,
    /// The payment's link, once known.
    pub link_id: Option<LinkId>,
    /// The amount, in people's smallest unit of `currency`; erased by the purge.
    pub amount: Option<i64>,
    /// The currency, if supported.
    pub currency: Option<Currency>,
    /// Stripe's status; for a sum, `full` or `partial`.
    pub status: String,
    /// Stripe's reason.
    pub reason: Option<String>,
    /// Until when a dispute can be answered.
    pub respond_by: Option<DateTime<Utc>>,
    /// When it was created at Stripe.
    pub made_at: DateTime<Utc>,
    /// When Stripe reported this status.
    pub told_at: DateTime<Utc>,
    /// When a refund failed.
    pub failed_at: Option<DateTime<Utc>>,
    /// When it was first received.
    pub heard_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as PaymentFact;

/// Keeps a report and shows it on the payment's link, if that is known. A repeated report changes nothing; neither does
/// one about something new, where more is known than anybody can want to know.
pub async fn note_fact(
    tx: &Transaction,
    merchant: MerchantId,
    link: Option<LinkId>,
    report: FactReport,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let Some(link) = link else {
        return note_early(tx, report.into_fact(merchant, None, now), now).await;
    };
    let Some(link) = hold(tx, link).await? else { return Ok(()) };
    let before = KnownFacts::of(tx, &link).await?;
    let is_known = |fact: &PaymentFact| fact.kind == report.kind && fact.id == report.id;
    if before.facts.len() >= MOST && !before.facts.iter().any(is_known) {
        return Ok(());
    }
    keep(tx, report.into_fact(merchant, Some(&link), now)).await?;
    show(tx, &link, &before, now).await
}

/// Locks the link until the transaction ends, so that the second of two reports about it sees what the first has
/// written.
async fn hold(db: &impl ConnectionTrait, link: LinkId) -> Result<Option<link::Model>, DbErr> {
    link::Entity::find_by_id(link).lock(LockType::NoKeyUpdate).one(db).await
}

/// Writes a reported fact. Returns the earlier report that it replaces, if it differs.
async fn keep(db: &impl ConnectionTrait, told: PaymentFact) -> Result<Option<PaymentFact>, DbErr> {
    if told.kind == FactKind::Dispute {
        name_placeholder(db, &told).await?;
    }
    let key = (told.merchant_id, told.kind, told.id.clone());
    let new =
        Entity::insert(told.clone().into_active_model()).on_conflict_do_nothing().exec_without_returning(db).await?;
    if matches!(new, sea_orm::TryInsertResult::Inserted(rows) if rows > 0) {
        return Ok(None);
    }
    let Some(known) = Entity::find_by_id(key).lock(LockType::NoKeyUpdate).one(db).await? else { return Ok(None) };
    let after = known.and(&told);
    if after == known {
        return Ok(None);
    }
    ActiveModel {
        merchant_id: Unchanged(after.merchant_id),
        kind: Unchanged(after.kind),
        id: Unchanged(after.id),
        link_id: Set(after.link_id),
        amount: Set(after.amount),
        status: Set(after.status),
        reason: Set(after.reason),
        respond_by: Set(after.respond_by),
        told_at: Set(after.told_at),
        failed_at: Set(after.failed_at),
        ..Default::default()
    }
    .update(db)
    .await
    .map(|_| Some(known))
}

/// An earlier version kept no ids of disputes. They are matched by the payment and the time at which they were opened.
async fn name_placeholder(db: &impl ConnectionTrait, told: &PaymentFact) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Id, Expr::value(told.id.clone()))
        .filter(Column::MerchantId.eq(told.merchant_id))
        .filter(Column::Kind.eq(FactKind::Dispute))
        .filter(Column::Id.eq(told.payment_intent.clone()))
        .filter(Column::MadeAt.eq(told.made_at))
        .exec(db)
        .await
        .map(|_| ())
}

/// All facts about a link's payments, besides the payment itself.
#[derive(Debug, Default)]
pub(super) struct KnownFacts {
    pub(super) facts: Vec<PaymentFact>,
    pub(super) further: Vec<further_payment::FurtherPayment>,
}

impl KnownFacts {
    pub(super) async fn of(db: &impl ConnectionTrait, link: &link::Model) -> Result<Self, DbErr> {
        let facts = Entity::find()
            .filter(Column::LinkId.eq(link.id))
            .order_by_asc(Column::MadeAt)
            .order_by_asc(Column::Id)
            .all(db)
            .await?;
        Ok(Self { facts, further: further_payment::of_link(db, link.id).await? })
    }
}

/// Links' payments, by their ids at Stripe.
pub(super) struct PaidBy<'a> {
    pub(super) link: &'a link::Model,
    pub(super) payment_intent: &'a str,
}

/// Assigns facts that arrived before their payment to its link, and shows them there. Also updates the `others`.
pub(super) async fn adopt(
    tx: &Transaction,
    paid: &[PaidBy<'_>],
    others: impl IntoIterator<Item = (LinkId, KnownFacts)>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut rows = Rows::new([("the_link", "uuid"), ("the_merchant", "uuid"), ("the_intent", "text")]);
    for PaidBy { link, payment_intent } in paid {
        rows.push([link.id.into(), link.merchant_id.into(), (*payment_intent).into()]);
    }
    let mut changed: BTreeSet<LinkId> = BTreeSet::new();
    if !rows.is_empty() {
        let update = "UPDATE payment_fact SET link_id = the_link FROM v \
            WHERE merchant_id = the_merchant AND payment_intent = the_intent AND link_id IS NULL RETURNING link_id";
        let adopted = tx.query_all_raw(rows.statement(tx.get_database_backend(), update, Vec::new())).await?;
        for row in adopted {
            changed.insert(row.try_get("", "link_id")?);
        }
    }
    let mut others: BTreeMap<LinkId, KnownFacts> = others.into_iter().collect();
    changed.extend(others.keys());
    for id in changed {
        let Some(link) = hold(tx, id).await? else { continue };
        // Its facts are new to it, so none of them is shown yet.
        let before = others.remove(&id).unwrap_or_default();
        show(tx, &link, &before, now).await?;
    }
    Ok(())
}

/// What is known of these links' payments now.
pub(super) async fn known(db: &impl ConnectionTrait, link: LinkId) -> Result<KnownFacts, DbErr> {
    match hold(db, link).await? {
        Some(link) => KnownFacts::of(db, &link).await,
        None => Ok(KnownFacts::default()),
    }
}

/// Updates the link to what is known, and adds to its timeline what is new since `before`.
async fn show(tx: &Transaction, link: &link::Model, before: &KnownFacts, now: DateTime<Utc>) -> Result<(), DbErr> {
    let after = KnownFacts::of(tx, link).await?;
    let (refunded, refund_status) = refunds::shown(link, &after);
    let (disputed, disputed_before) = (disputes::ShownDispute::of(&after.facts), disputes::ShownDispute::on(link));
    let is_refunded = (refunded, refund_status) != (link.refunded, link.refund_status);
    if is_refunded || disputed != disputed_before {
        link::Entity::update_many()
            .col_expr(link::Column::Refunded, Expr::value(refunded))
            .col_expr(link::Column::RefundStatus, Expr::value(refund_status))
            .col_expr(link::Column::Dispute, Expr::value(disputed.stands))
            .col_expr(link::Column::DisputedAt, Expr::value(disputed.opened_at))
            .col_expr(link::Column::DisputeStatus, Expr::value(disputed.word.clone()))
            .col_expr(link::Column::RespondBy, Expr::value(disputed.respond_by))
            .filter(link::Column::Id.eq(link.id))
            .exec(tx)
            .await?;
    }
    refunds::correct_early(tx, link, (before, &after)).await?;
    let entries: Vec<timeline::NewEntry> =
        refunds::entries(link, before, &after).into_iter().chain(disputes::entries(link, before, &after)).collect();
    if is_refunded {
        tx.changed(Change::link(ChangeKind::LinkRefunded, link, now));
    }
    if !disputed.is_as(&disputed_before) || disputes::needs_answer(before, &after) {
        tx.changed(Change::link(ChangeKind::LinkDisputed, link, now));
    }
    if !entries.is_empty() || disputed != disputed_before {
        tx.changed(Change::link(ChangeKind::LinkUpdated, link, now));
    }
    timeline::insert_all(tx, &entries, now).await?;
    refunds::follow(tx, link, (before, &after), now).await?;
    disputes::follow(tx, link, (before, &after), now).await
}

/// Erases the amounts. That money was refunded, and when, is kept.
pub(super) async fn erase_amounts(db: &impl ConnectionTrait, link: LinkId) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Amount, Expr::value(Option::<i64>::None))
        .filter(Column::LinkId.eq(link))
        .exec(db)
        .await?;
    further_payment::erase_amounts(db, link).await
}
