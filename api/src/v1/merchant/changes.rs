//! Changes to the merchant: reading and writing them.

use chrono::{DateTime, Utc};
use domain::{Reminding, phone::TextHours};
use entity::{
    Merchant, Transaction, attention,
    change::{Change, ChangeKind},
    merchant::{self, MerchantChanges},
};
use poem_openapi::{Object, types::MaybeUndefined};
use sea_orm::DbErr;
use serde::Deserialize;

use super::super::link_reminders;
use crate::{
    Problem,
    http::{
        fields::Fields,
        typed::{
            Clearable, ColourCode, CountryCode, CurrencyCode, Language, Line, PaymentMethodsText, Prose, ZoneName,
        },
    },
};

/// The most lines of an address, and their length.
const MOST_LINES: usize = 6;
const LONGEST_LINE: usize = 120;

/// Changes to the merchant. Absent fields stay as they are; `null` removes a value.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "ProfileChanges")]
pub(super) struct ProfileChangesInput {
    name: Option<Line<120>>,
    #[serde(default)]
    contact: Clearable<Line<200>>,
    /// At most 6 lines.
    #[serde(default)]
    address: Clearable<Prose<500>>,
    #[serde(default)]
    tax_number: Clearable<Line<64>>,
    region: Option<CountryCode>,
    #[serde(default)]
    currency: Clearable<CurrencyCode>,
    time_zone: Option<ZoneName>,
    /// `#rrggbb`, dark enough for white text.
    #[serde(default)]
    colour: Clearable<ColourCode>,
    /// The accepted payment methods of links without their own. With some, a payment takes days, and the link is
    /// `processing` meanwhile.
    payment_methods: Option<PaymentMethodsText>,
    /// Whether buyers are reminded of unpaid links.
    reminders: Option<bool>,
    /// Days after the last text about a link.
    #[oai(validator(minimum(value = "1"), maximum(value = "60")))]
    reminder_after_days: Option<i64>,
    /// The most reminders for one link.
    #[oai(validator(minimum(value = "1"), maximum(value = "10")))]
    reminders_at_most: Option<i64>,
    /// The number of credits below which the merchant is warned; 0 for never.
    #[oai(validator(minimum(value = "0"), maximum(value = "1000000000")))]
    low_credit_threshold: Option<i64>,
    /// Days before a link expires at which its buyer is reminded once more, regardless of `reminders_at_most`; 0 for
    /// never.
    #[oai(validator(minimum(value = "0"), maximum(value = "30")))]
    last_reminder_days: Option<i64>,
    /// Whether buyers get a text when they have paid, with the template `receipt`, which costs credits like any other.
    receipts: Option<bool>,
    /// The first hour of automatic texts (reminders, receipts), by the buyer's clock: 9, unless it is changed.
    #[oai(validator(minimum(value = "8"), maximum(value = "20")))]
    texts_from: Option<u32>,
    /// The hour before which they end: 20, unless it is changed.
    #[oai(validator(minimum(value = "9"), maximum(value = "21")))]
    texts_until: Option<u32>,
    /// Whether they are also sent on Sundays.
    texts_on_sundays: Option<bool>,
    /// The language of texts to buyers whose language is unknown.
    #[serde(default)]
    language: Clearable<Language>,
}

/// The validated changes.
pub(super) struct Checked {
    changes: MerchantChanges,
    reminding: Reminding,
    low_credit_threshold: Option<i64>,
}

impl ProfileChangesInput {
    pub(super) fn check(self, owner: &Merchant) -> Result<Checked, Problem> {
        let mut fields = Fields::default();
        let reminding = self.reminding(owner, &mut fields);
        let text_hours = self.text_hours(owner, &mut fields);
        let changes = MerchantChanges {
            name: self.name.map(|name| name.trimmed()),
            contact: clearable(self.contact, |contact| Some(contact.trimmed())),
            address: clearable(self.address, |address| address_of(&address, &mut fields)),
            tax_number: clearable(self.tax_number, |number| Some(number.trimmed())),
            region: self.region.and_then(|region| fields.take("region", region.value())),
            currency: clearable(self.currency, |code| fields.take("currency", code.value())),
            time_zone: self.time_zone.and_then(|zone| fields.take("time_zone", merchant::parse_zone(&zone))),
            receipts: self.receipts,
            text_hours,
            language: clearable(self.language, |language| Some(language.to_string())),
            colour: clearable(self.colour, |colour| fields.take("colour", colour.value())),
            payment_methods: self.payment_methods.and_then(|methods| fields.take("payment_methods", methods.value())),
            ..MerchantChanges::default()
        };
        fields.none_wrong()?;
        Ok(Checked { changes, reminding, low_credit_threshold: self.low_credit_threshold })
    }

    /// The hours of automatic texts after the change, if they change.
    fn text_hours(&self, owner: &Merchant, fields: &mut Fields) -> Option<TextHours> {
        let now = owner.text_hours();
        let wanted = TextHours {
            from: self.texts_from.unwrap_or(now.from),
            until: self.texts_until.unwrap_or(now.until),
            on_sundays: self.texts_on_sundays.unwrap_or(now.on_sundays),
        };
        fields.take("texts_until", wanted.check()).filter(|wanted| *wanted != now)
    }

    /// The reminder settings after the change.
    fn reminding(&self, owner: &Merchant, fields: &mut Fields) -> Reminding {
        let now = owner.reminding();
        let wanted = Reminding {
            on: self.reminders.unwrap_or(now.on),
            after_days: self.reminder_after_days.unwrap_or(now.after_days),
            at_most: self.reminders_at_most.unwrap_or(now.at_most),
            last_days: self.last_reminder_days.unwrap_or(now.last_days),
        };
        wanted.check().unwrap_or_else(|error| {
            let (field, reason) = link_reminders::wrong(error);
            fields.refuse(field, reason);
            now
        })
    }
}

impl Checked {
    /// Writes what changes.
    pub(super) async fn write(self, tx: &Transaction, owner: Merchant, now: DateTime<Utc>) -> Result<Merchant, DbErr> {
        if self.reminding != owner.reminding() {
            merchant::set_reminding(tx, owner.id, self.reminding).await?;
        }
        if let Some(credits) = self.low_credit_threshold.filter(|credits| *credits != owner.low_credit_threshold) {
            merchant::set_low_credit_threshold(tx, owner.id, credits).await?;
            tx.changed(Change::credits(ChangeKind::CreditsUpdated, owner.id, now));
            attention::forget_low_credit(tx, owner.id, now).await?;
        }
        merchant::change(tx, owner.id, self.changes).await
    }
}

/// `None` keeps the value; `Some(None)` removes it. `read` collects the errors.
#[expect(clippy::option_option, reason = "to stay and to go are two things")]
fn clearable<S, T>(sent: Clearable<S>, read: impl FnOnce(S) -> Option<T>) -> Option<Option<T>> {
    match sent.0 {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(text) => read(text).map(Some),
    }
}

/// The lines of an address, without empty ones.
fn address_of(text: &str, fields: &mut Fields) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.len() > MOST_LINES {
        fields.refuse("address", format!("must not have more than {MOST_LINES} lines"));
        return None;
    }
    let lines: Option<Vec<String>> = match lines.as_slice() {
        [] => fields.text("address", "", LONGEST_LINE).map(|line| vec![line]),
        lines => lines.iter().map(|line| fields.text("address", line, LONGEST_LINE)).collect(),
    };
    lines.map(|lines| lines.join("\n"))
}
