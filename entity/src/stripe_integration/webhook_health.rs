//! Whether webhooks arrive, and what was wrong with them.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    Condition, ExprTrait,
    entity::prelude::*,
    sea_query::{CaseStatement, Func},
};

use super::{Column, Entity};
use domain::{MerchantId, stripe_health::Health};

/// Records that a payment was found without a webhook.
pub async fn note_missed(db: &impl ConnectionTrait, merchant: MerchantId, now: DateTime<Utc>) -> Result<(), DbErr> {
    let never =
        CaseStatement::new().case(Column::LastEventAt.is_null(), Health::NeverReceived).finally(Health::EventsMissing);
    Entity::update_many()
        .col_expr(Column::Health, never.into())
        .col_expr(Column::HealthAt, Expr::value(now))
        .filter(Column::MerchantId.eq(merchant))
        .exec(db)
        .await
        .map(|_| ())
}

/// Records that a payment was found whose webhook may still arrive; see [`diagnose`](domain::stripe_health::Symptoms::diagnose).
pub async fn note_untold(db: &impl ConnectionTrait, merchant: MerchantId, now: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::UntoldAt, Expr::value(now))
        .filter(Column::MerchantId.eq(merchant))
        .exec(db)
        .await
        .map(|_| ())
}

/// The precision of the time of the last event. If it were exact, all events of a merchant would wait for each other to
/// write it.
const EVENT_GRAIN: TimeDelta = TimeDelta::seconds(10);

/// Records an event with a good signature, which ends earlier failures. Written at most once in ten seconds.
pub async fn note_event(db: &impl ConnectionTrait, merchant: MerchantId, now: DateTime<Utc>) -> Result<(), DbErr> {
    let is_news = Condition::any()
        .add(Column::LastEventAt.is_null())
        .add(Column::LastEventAt.lte(now - EVENT_GRAIN))
        .add(Column::SignatureFailingSince.is_not_null());
    Entity::update_many()
        .col_expr(Column::LastEventAt, Expr::value(now))
        .col_expr(Column::SignatureFailures, Expr::value(0_i64))
        .col_expr(Column::SignatureFailingSince, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(Column::MerchantId.eq(merchant))
        .filter(is_news)
        .exec(db)
        .await
        .map(|_| ())
}

/// The shortest time between two records of a wrong signature: anyone can send nonsense, and must not be able to cause
/// a write each time.
const FAILURE_GRAIN: TimeDelta = TimeDelta::seconds(10);

/// Records a webhook that none of our secrets has signed. Several within ten seconds count as one.
pub async fn note_signature_failure(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let since = Func::coalesce([Expr::col(Column::SignatureFailingSince), Expr::value(now)]);
    Entity::update_many()
        .col_expr(Column::SignatureFailures, Expr::col(Column::SignatureFailures).add(1))
        .col_expr(Column::SignatureFailingSince, since.into())
        .col_expr(Column::SignatureFailedAt, Expr::value(now))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::SignatureFailedAt.is_null().or(Column::SignatureFailedAt.lte(now - FAILURE_GRAIN)))
        .exec(db)
        .await
        .map(|_| ())
}

/// Records an event of a payment in the other mode: a test payment for a live link, or the reverse.
pub async fn note_other_mode(db: &impl ConnectionTrait, merchant: MerchantId, now: DateTime<Utc>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::OtherModeAt, Expr::value(now))
        .filter(Column::MerchantId.eq(merchant))
        .exec(db)
        .await
        .map(|_| ())
}
