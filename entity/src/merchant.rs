//! Merchants: the tenants.

mod change;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*, sea_query::LockType};

use crate::contains;
use domain::{
    Colour, Currency, MerchantId, PaymentMethods, PhoneNumber, Region, Reminding, Zone,
    sms::{Rates, Typography},
};

pub(crate) use change::set_low_credit_since;
pub use change::{
    MerchantChanges, change, note_low_credit_told, set_low_credit_threshold, set_plain_typography, set_reminding,
    set_template,
};

/// A merchant.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "merchant")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MerchantId,
    /// The name that buyers see.
    pub name: String,
    /// How buyers reach it.
    pub contact: Option<String>,
    /// The region of phone numbers that are written without a country code.
    pub region: Region,
    /// The IANA time zone in which its people read times.
    pub time_zone: String,
    /// The currency that new orders are in if they do not say.
    pub currency: Option<Currency>,
    /// The colour of its pages; absent: ours.
    pub colour: Option<Colour>,
    /// The template of its messages; absent: the default.
    pub message_template: Option<String>,
    /// Credits per segment, where `sms_rates` says nothing else.
    pub sms_rate: i64,
    /// Credits per segment by the prefix of the number that it goes to.
    pub sms_rates: Option<Rates>,
    /// Credits that can be spent.
    pub available: i64,
    /// Credits set aside for messages under way.
    pub held: i64,
    /// Whether buyers are reminded of unpaid links.
    pub reminders: bool,
    /// How many days after the last text about a link its buyer is reminded.
    pub reminder_after_days: i64,
    /// How often, at most, a buyer is reminded of one link.
    pub reminders_at_most: i64,
    /// With fewer credits available than this, the merchant is warned; 0: never.
    pub low_credit_threshold: i64,
    /// Since when there are fewer, if there are and the warning was given.
    pub low_credit_since: Option<DateTime<Utc>>,
    /// When they were told so by a text, if they were.
    pub low_credit_told_at: Option<DateTime<Utc>>,
    /// How many entries their ledger has.
    pub ledger_entries: i64,
    /// Whether typography is made plain where that makes a text cheaper.
    pub plain_typography: bool,
    /// Whether buyers are told that what they paid has come.
    pub receipts: bool,
    /// The language of texts to buyers of whom none is known, as BCP 47 names it.
    pub language: Option<String>,
    /// How many days before a link expires its buyer is reminded once more; 0: not.
    pub last_reminder_days: i64,
    /// Since when the operator has it suspended: no texts, no new links, no signing in. Buyers still pay what is open.
    pub suspended_at: Option<DateTime<Utc>>,
    /// Why, if it is.
    pub suspended_reason: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Where it is, as its invoices say.
    pub address: Option<String>,
    /// Its number with the tax office, as its invoices say.
    pub tax_number: Option<String>,
    /// How buyers may pay; absent: by card.
    pub payment_methods: Option<PaymentMethods>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Merchant;

impl Model {
    /// The time zone in which its people read times; UTC if the stored name is none.
    #[must_use]
    pub fn zone(&self) -> Zone {
        Zone::parse(&self.time_zone).unwrap_or(Zone::UTC)
    }

    /// Whether, when and how often buyers are reminded of unpaid links.
    #[must_use]
    pub const fn reminding(&self) -> Reminding {
        Reminding {
            on: self.reminders,
            after_days: self.reminder_after_days,
            at_most: self.reminders_at_most,
            last_days: self.last_reminder_days,
        }
    }

    /// What becomes of the typography of their texts.
    #[must_use]
    pub const fn typography(&self) -> Typography {
        if self.plain_typography { Typography::Plain } else { Typography::AsWritten }
    }

    /// What so many segments cost, in credits, to this number; to none in particular without one.
    #[must_use]
    pub fn cost(&self, segments: u32, to: Option<&PhoneNumber>) -> i64 {
        let by_prefix = to.and_then(|number| self.sms_rates.as_ref()?.of(number));
        i64::from(segments) * by_prefix.unwrap_or(self.sms_rate)
    }

    /// Whether the operator has it suspended.
    #[must_use]
    pub const fn is_suspended(&self) -> bool {
        self.suspended_at.is_some()
    }

    /// Whether there are fewer credits than the merchant wants to be warned of.
    #[must_use]
    pub const fn is_low_on_credit(&self) -> bool {
        self.available < self.low_credit_threshold
    }

    /// The day it is for the merchant at that time.
    #[must_use]
    pub fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        self.zone().wall(at).date_naive()
    }

    /// The last moment of a day, as the merchant counts days.
    #[must_use]
    pub fn end_of(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let next_midnight = day.succ_opt()?.and_time(NaiveTime::MIN);
        // Where the clocks change at midnight, the day ends with the earlier of the two midnights, or an hour after none.
        let zone = self.zone();
        let end = zone.when(next_midnight).earliest();
        let end = end.or_else(|| zone.when(next_midnight + TimeDelta::hours(1)).earliest())?;
        Some(end - TimeDelta::milliseconds(1))
    }
}

/// The name of a time zone, if there is one of that name.
///
/// # Errors
/// A sentence for who typed it.
pub fn parse_zone(name: &str) -> Result<String, String> {
    Zone::parse(name)
        .map(|zone| zone.name().unwrap_or(name).to_owned())
        .map_err(|_| format!("there is no time zone {name:?}; one is written like Europe/Berlin"))
}

/// What it takes to make a merchant.
#[derive(Debug, Clone)]
pub struct NewMerchant {
    /// The name that buyers see.
    pub name: String,
    /// How buyers reach it.
    pub contact: Option<String>,
    /// The region of phone numbers that are written without a country code.
    pub region: Region,
    /// The IANA time zone in which its people read times.
    pub time_zone: String,
}

/// Writes a new merchant, with no credits and a rate of one credit a segment.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn insert(db: &impl ConnectionTrait, new: NewMerchant, now: DateTime<Utc>) -> Result<Merchant, DbErr> {
    let merchant = ActiveModel {
        id: Set(MerchantId::new(now)),
        name: Set(new.name),
        contact: Set(new.contact),
        address: Set(None),
        tax_number: Set(None),
        region: Set(new.region),
        time_zone: Set(new.time_zone),
        currency: Set(None),
        colour: Set(None),
        message_template: Set(None),
        sms_rate: Set(1),
        sms_rates: Set(None),
        available: Set(0),
        held: Set(0),
        reminders: Set(false),
        reminder_after_days: Set(3),
        reminders_at_most: Set(2),
        low_credit_threshold: Set(10),
        low_credit_since: Set(None),
        low_credit_told_at: Set(None),
        ledger_entries: Set(0),
        plain_typography: Set(true),
        receipts: Set(false),
        language: Set(None),
        last_reminder_days: Set(0),
        suspended_at: Set(None),
        suspended_reason: Set(None),
        created_at: Set(now),
        payment_methods: Set(None),
    };
    merchant.insert(db).await
}

/// The merchant, if there is one.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find(db: &impl ConnectionTrait, id: MerchantId) -> Result<Option<Merchant>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// A merchant that must exist, because something of its was just found.
///
/// # Errors
/// Returns an error if it does not exist or the database query fails.
pub async fn get(db: &impl ConnectionTrait, id: MerchantId) -> Result<Merchant, DbErr> {
    find(db, id).await?.ok_or_else(|| DbErr::RecordNotFound(id.to_string()))
}

/// All merchants' ids.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn ids(db: &impl ConnectionTrait) -> Result<Vec<MerchantId>, DbErr> {
    Entity::find().select_only().column(Column::Id).into_tuple().all(db).await
}

/// A page of merchants whose credits are low and who were not told so by a text since they are, in the order of their ids, after `after`.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn low_and_untold(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    after: Option<MerchantId>,
    limit: u64,
) -> Result<Vec<Merchant>, DbErr> {
    let mut query = Entity::find()
        .filter(Column::LowCreditSince.is_not_null())
        .filter(Column::Contact.is_not_null())
        .filter(Column::SuspendedAt.is_null())
        .filter(change::untold(now));
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    query.order_by_asc(Column::Id).limit(limit).all(db).await
}

/// Holds the merchant's row until the transaction ends, so that what is decided about its keys is decided one at a time.
///
/// # Errors
/// Returns an error if it does not exist or the database query fails.
pub async fn hold(tx: &impl ConnectionTrait, id: MerchantId) -> Result<Merchant, DbErr> {
    let held = Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(tx).await?;
    held.ok_or_else(|| DbErr::RecordNotFound(id.to_string()))
}

/// A page of all merchants, newest first; of those whose name contains `text`, if it is given. Operators only.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn search(
    db: &impl ConnectionTrait,
    text: Option<&str>,
    before: Option<MerchantId>,
    limit: u64,
) -> Result<Vec<Merchant>, DbErr> {
    let mut query = Entity::find();
    if let Some(text) = text {
        query = query.filter(contains(Column::Name, text));
    }
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(limit).all(db).await
}
