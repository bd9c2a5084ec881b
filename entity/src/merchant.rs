//! Merchants: the tenants.

mod calendar;
mod change;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*, sea_query::LockType};

use crate::contains;
use domain::{
    Colour, Currency, MerchantId, PaymentMethods, PhoneNumber, Region, Reminding,
    phone::{TextHours, TextTimes},
    sms::{Rates, Typography},
};

pub use calendar::parse_zone;
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
    /// How buyers can contact it.
    pub contact: Option<String>,
    /// The region of phone numbers without a country code.
    pub region: Region,
    /// The IANA time zone of its people.
    pub time_zone: String,
    /// The default currency of new orders.
    pub currency: Option<Currency>,
    /// The colour of its pages; absent for the default.
    pub colour: Option<Colour>,
    /// The template of its messages; absent for the default.
    pub message_template: Option<String>,
    /// Credits per segment, unless `sms_rates` has a prefix of the number.
    pub sms_rate: i64,
    /// Credits per segment, by prefix of the recipient's number.
    pub sms_rates: Option<Rates>,
    /// Credits that can be spent.
    pub available: i64,
    /// Credits held for messages in progress.
    pub held: i64,
    /// Whether buyers are reminded of unpaid links.
    pub reminders: bool,
    /// Days between the last text about a link and a reminder.
    pub reminder_after_days: i64,
    /// The most reminders of one link.
    pub reminders_at_most: i64,
    /// The merchant is warned when fewer credits than this are available; 0 for never.
    pub low_credit_threshold: i64,
    /// Since when fewer are available, if the warning was given.
    pub low_credit_since: Option<DateTime<Utc>>,
    /// When the warning was sent as a text, if it was.
    pub low_credit_told_at: Option<DateTime<Utc>>,
    /// The number of its ledger's entries.
    pub ledger_entries: i64,
    /// Whether typography is simplified where that makes a text cheaper.
    pub plain_typography: bool,
    /// Whether buyers get a receipt by text.
    pub receipts: bool,
    /// The language of texts to buyers whose language is unknown, as a BCP 47 tag.
    pub language: Option<String>,
    /// Days before expiry at which a last reminder is sent; 0 for none.
    pub last_reminder_days: i64,
    /// When the operator suspended it, if it is suspended: no texts, no new links, no sign-in. Buyers can still pay
    /// open links.
    pub suspended_at: Option<DateTime<Utc>>,
    /// Why it is suspended.
    pub suspended_reason: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Its address, for its invoices.
    pub address: Option<String>,
    /// Its tax number, for its invoices.
    pub tax_number: Option<String>,
    /// How buyers may pay; absent for by card.
    pub payment_methods: Option<PaymentMethods>,
    /// The first hour of its automatic texts; absent for the usual one.
    pub texts_from: Option<i64>,
    /// The hour before which they end.
    pub texts_until: Option<i64>,
    /// Whether they are also sent on Sundays.
    pub texts_on_sundays: Option<bool>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Merchant;

impl Model {
    /// Its reminder settings.
    #[must_use]
    pub const fn reminding(&self) -> Reminding {
        Reminding {
            on: self.reminders,
            after_days: self.reminder_after_days,
            at_most: self.reminders_at_most,
            last_days: self.last_reminder_days,
        }
    }

    /// When its automatic texts may be sent.
    #[must_use]
    pub fn text_hours(&self) -> TextHours {
        let usual = TextHours::default();
        let hour = |stored: Option<i64>| stored.and_then(|hour| u32::try_from(hour).ok());
        TextHours {
            from: hour(self.texts_from).unwrap_or(usual.from),
            until: hour(self.texts_until).unwrap_or(usual.until),
            on_sundays: self.texts_on_sundays.unwrap_or(usual.on_sundays),
        }
    }

    /// The same with its zone.
    #[must_use]
    pub fn text_times(&self) -> TextTimes {
        TextTimes { hours: self.text_hours(), zone: self.zone() }
    }

    /// How the typography of its texts is treated.
    #[must_use]
    pub const fn typography(&self) -> Typography {
        if self.plain_typography { Typography::Plain } else { Typography::AsWritten }
    }

    /// The cost in credits of this many segments to a number, or at the base rate without one.
    #[must_use]
    pub fn cost(&self, segments: u32, to: Option<&PhoneNumber>) -> i64 {
        let by_prefix = to.and_then(|number| self.sms_rates.as_ref()?.of(number));
        i64::from(segments) * by_prefix.unwrap_or(self.sms_rate)
    }

    /// Whether the operator has suspended it.
    #[must_use]
    pub const fn is_suspended(&self) -> bool {
        self.suspended_at.is_some()
    }

    /// Whether fewer credits are available than the warning threshold.
    #[must_use]
    pub const fn is_low_on_credit(&self) -> bool {
        self.available < self.low_credit_threshold
    }
}

/// The data of a new merchant.
#[derive(Debug, Clone)]
pub struct NewMerchant {
    /// The name that buyers see.
    pub name: String,
    /// How buyers can contact it.
    pub contact: Option<String>,
    /// The region of phone numbers without a country code.
    pub region: Region,
    /// The IANA time zone of its people.
    pub time_zone: String,
}

/// Inserts a new merchant, without credits and at one credit per segment.
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
        texts_from: Set(None),
        texts_until: Set(None),
        texts_on_sundays: Set(None),
    };
    merchant.insert(db).await
}

/// The merchant, if it exists.
pub async fn find(db: &impl ConnectionTrait, id: MerchantId) -> Result<Option<Merchant>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// A merchant that must exist, because something it owns was just found.
///
/// # Errors
/// Returns an error if it does not exist or the database query fails.
pub async fn get(db: &impl ConnectionTrait, id: MerchantId) -> Result<Merchant, DbErr> {
    find(db, id).await?.ok_or_else(|| DbErr::RecordNotFound(id.to_string()))
}

/// The ids of all merchants.
pub async fn ids(db: &impl ConnectionTrait) -> Result<Vec<MerchantId>, DbErr> {
    Entity::find().select_only().column(Column::Id).into_tuple().all(db).await
}

/// A page of merchants, by id after `after`, whose credits are low and who were not warned by text since.
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

/// Locks the merchant's row until the transaction ends, so that decisions about its keys are made one at a time.
///
/// # Errors
/// Returns an error if it does not exist or the database query fails.
pub async fn hold(tx: &impl ConnectionTrait, id: MerchantId) -> Result<Merchant, DbErr> {
    let held = Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(tx).await?;
    held.ok_or_else(|| DbErr::RecordNotFound(id.to_string()))
}

/// A page of all merchants, newest first, optionally only those whose name contains `text`. For operators only.
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
