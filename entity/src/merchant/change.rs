//! Changes of merchants.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, Condition, ExprTrait, entity::prelude::*};

use super::{ActiveModel, Column, Entity, Merchant, get};
use domain::{Colour, Currency, MerchantId, PaymentMethods, Region, Reminding, phone::TextHours, sms::Rates};

/// Changes of a merchant; absent fields stay as they are.
#[derive(Debug, Clone, Default)]
pub struct MerchantChanges {
    /// The name that buyers see.
    pub name: Option<String>,
    /// How buyers can contact it; `Some(None)` removes it.
    pub contact: Option<Option<String>>,
    /// Its address, for its invoices; `Some(None)` removes it.
    pub address: Option<Option<String>>,
    /// Its tax number, for its invoices; `Some(None)` removes it.
    pub tax_number: Option<Option<String>>,
    /// The region of phone numbers without a country code.
    pub region: Option<Region>,
    /// The IANA time zone of its people.
    pub time_zone: Option<String>,
    /// The default currency of new orders; `Some(None)` removes it.
    pub currency: Option<Option<Currency>>,
    /// The colour of its pages; `Some(None)` for the default.
    pub colour: Option<Option<Colour>>,
    /// How buyers may pay.
    pub payment_methods: Option<PaymentMethods>,
    /// Whether buyers get a receipt by text.
    pub receipts: Option<bool>,
    /// When its automatic texts may be sent. They must have been checked ([`TextHours::check`]).
    pub text_hours: Option<TextHours>,
    /// Credits per segment. Set by the operator.
    pub sms_rate: Option<i64>,
    /// Credits per segment, by prefix of the number; `Some(None)` removes them. Set by the operator.
    pub sms_rates: Option<Option<Rates>>,
    /// The language of texts to buyers whose language is unknown; `Some(None)` removes it.
    pub language: Option<Option<String>>,
}

/// Changes a merchant.
///
/// # Errors
/// Returns an error if it does not exist or the database query fails.
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
    if let Some(hours) = changes.text_hours {
        row.texts_from = Set(Some(i64::from(hours.from)));
        row.texts_until = Set(Some(i64::from(hours.until)));
        row.texts_on_sundays = Set(Some(hours.on_sundays));
    }
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

/// Sets or removes the template of the merchant's requests.
pub async fn set_template(db: &impl ConnectionTrait, id: MerchantId, body: Option<&str>) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::MessageTemplate, Expr::value(body.map(ToOwned::to_owned)))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(|_| ())
}

/// Sets whether typography is simplified where that makes a text cheaper.
pub async fn set_plain_typography(db: &impl ConnectionTrait, id: MerchantId, plain: bool) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::PlainTypography, Expr::value(plain))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(|_| ())
}

/// Sets the reminder settings. They must have been checked ([`Reminding::check`]).
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

/// Sets the warning threshold in credits (0 for never), and resets the warning.
///
/// # Errors
/// Returns an error if the number is negative or the database query fails.
pub async fn set_low_credit_threshold(db: &impl ConnectionTrait, id: MerchantId, credits: i64) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::LowCreditThreshold, Expr::value(credits))
        .col_expr(Column::LowCreditSince, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(|_| ())
}

/// The least time between two texts about low credits, however often they become low.
const TOLD_AGAIN: TimeDelta = TimeDelta::days(1);

/// Merchants who have not been told that their credits are low, nor recently.
pub(super) fn untold(now: DateTime<Utc>) -> Condition {
    let told = Expr::col(Column::LowCreditToldAt);
    let long_ago =
        Condition::all().add(told.clone().lt(Expr::col(Column::LowCreditSince))).add(told.lt(now - TOLD_AGAIN));
    Condition::any().add(Column::LowCreditToldAt.is_null()).add(long_ago)
}

/// Records that the merchant is about to be told of low credits. Returns `false` if they have been told already, or the
/// credits are no longer low.
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

/// Records since when the merchant's credits are low, or that they no longer are.
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
