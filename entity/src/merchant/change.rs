//! Changes to a merchant's settings.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, Condition, ExprTrait, entity::prelude::*};

use super::{ActiveModel, Column, Entity, Merchant, get};
use domain::{Colour, Currency, MerchantId, PaymentMethods, Region, Reminding, sms::Rates};

/// What is to change of a merchant; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct MerchantChanges {
    /// The name that buyers see.
    pub name: Option<String>,
    /// How buyers reach it, or that they cannot.
    pub contact: Option<Option<String>>,
    /// Where it is, as its invoices say, or that they do not.
    pub address: Option<Option<String>>,
    /// Its number with the tax office, as its invoices say, or that they do not.
    pub tax_number: Option<Option<String>>,
    /// The region of phone numbers that are written without a country code.
    pub region: Option<Region>,
    /// The IANA time zone in which its people read times.
    pub time_zone: Option<String>,
    /// The currency that new orders are in if they do not say, or that they must say.
    pub currency: Option<Option<Currency>>,
    /// The colour of its pages, or ours.
    pub colour: Option<Option<Colour>>,
    /// How buyers may pay.
    pub payment_methods: Option<PaymentMethods>,
    /// Whether buyers are told that what they paid has come.
    pub receipts: Option<bool>,
    /// Credits per segment: the operator's to say.
    pub sms_rate: Option<i64>,
    /// Credits per segment by the prefix of the number, or that there are none: the operator's to say.
    pub sms_rates: Option<Option<Rates>>,
    /// The language of texts to buyers of whom none is known, or that there is none.
    pub language: Option<Option<String>>,
}

/// Changes a merchant.
///
/// # Errors
/// When it does not exist, or the database refuses or does not answer.
pub async fn change(db: &impl ConnectionTrait, id: MerchantId, changes: MerchantChanges) -> Result<Merchant, DbErr> {
    let mut row = ActiveModel { id: Set(id), ..Default::default() };
    set(&mut row.name, changes.name);
    set(&mut row.contact, changes.contact);
    set(&mut row.address, changes.address);
    set(&mut row.tax_number, changes.tax_number);
    set(&mut row.region, changes.region);
    set(&mut row.time_zone, changes.time_zone);
    set(&mut row.currency, changes.currency);
    set(&mut row.colour, changes.colour);
    set(&mut row.payment_methods, changes.payment_methods.map(Some));
    set(&mut row.receipts, changes.receipts);
    set(&mut row.sms_rate, changes.sms_rate);
    set(&mut row.sms_rates, changes.sms_rates);
    set(&mut row.language, changes.language);
    if row.is_changed() { row.update(db).await } else { get(db, id).await }
}

fn set<T: Into<sea_orm::Value>>(column: &mut sea_orm::ActiveValue<T>, value: Option<T>) {
    if let Some(value) = value {
        *column = Set(value);
    }
}

/// Changes the template of the merchant's requests, or takes it away.
///
/// # Errors
/// When the database does not answer.
pub async fn set_template(db: &impl ConnectionTrait, id: MerchantId, body: Option<&str>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::MessageTemplate, Expr::value(body.map(ToOwned::to_owned)))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(|_| ())
}

/// Changes whether typography in messages is made plain where that makes them cheaper.
///
/// # Errors
/// When the database does not answer.
pub async fn set_plain_typography(db: &impl ConnectionTrait, id: MerchantId, plain: bool) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::PlainTypography, Expr::value(plain))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(|_| ())
}

/// Changes how buyers are reminded, which was checked before ([`Reminding::check`]).
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn set_reminding(db: &impl ConnectionTrait, id: MerchantId, reminding: Reminding) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Reminders, Expr::value(reminding.on))
        .col_expr(Column::ReminderAfterDays, Expr::value(reminding.after_days))
        .col_expr(Column::RemindersAtMost, Expr::value(reminding.at_most))
        .col_expr(Column::LastReminderDays, Expr::value(reminding.last_days))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(|_| ())
}

/// Changes below how many credits the merchant is warned (0: never); a warning that was given is forgotten.
///
/// # Errors
/// When the number is negative or the database does not answer.
pub async fn set_low_credit_threshold(db: &impl ConnectionTrait, id: MerchantId, credits: i64) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::LowCreditThreshold, Expr::value(credits))
        .col_expr(Column::LowCreditSince, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(|_| ())
}

/// A merchant is told once a day at most, however often credits become low and not low again.
const TOLD_AGAIN: TimeDelta = TimeDelta::days(1);

/// Who was not told that credits are low since they are, nor of late.
pub(super) fn untold(now: DateTime<Utc>) -> Condition {
    let told = Expr::col(Column::LowCreditToldAt);
    let long_ago =
        Condition::all().add(told.clone().lt(Expr::col(Column::LowCreditSince))).add(told.lt(now - TOLD_AGAIN));
    Condition::any().add(Column::LowCreditToldAt.is_null()).add(long_ago)
}

/// Notes that the merchant is about to be told that credits are low; `false` if they were told since they are, or they are not any more.
///
/// # Errors
/// When the database does not answer.
pub async fn note_low_credit_told(
    db: &impl ConnectionTrait,
    id: MerchantId,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let noted = Entity::update_many()
        .col_expr(Column::LowCreditToldAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::LowCreditSince.is_not_null())
        .filter(untold(now))
        .exec(db)
        .await?;
    Ok(noted.rows_affected == 1)
}

/// Notes since when the merchant has fewer credits than they want to be warned of, or that they have enough.
pub(crate) async fn set_low_credit_since(
    db: &impl ConnectionTrait,
    id: MerchantId,
    since: Option<DateTime<Utc>>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::LowCreditSince, Expr::value(since))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(|_| ())
}
