//! A link's own reminder settings: the form's fields, and `PATCH /v1/payment-links/{id}`.

use std::str::FromStr;

use domain::{LinkId, OwnReminding, RemindingError};
use entity::{AuditAction, link};
use poem_openapi::Object;
use serde::Deserialize;

use super::link_view::LinkView;
use crate::{
    Api, Problem,
    auth::Principal,
    http::{fields::Fields, typed::Clearable},
};

/// Changes to a payment link. Absent fields stay as they are; `null` returns to the merchant's setting.
#[derive(Debug, Default, Deserialize, Object)]
#[oai(rename = "PaymentLinkChanges")]
pub(super) struct LinkChangesInput {
    /// Whether the buyer is reminded.
    #[serde(default)]
    reminders: Clearable<bool>,
    /// Days after the last text about it.
    #[serde(default)]
    #[oai(validator(minimum(value = "1"), maximum(value = "60")))]
    reminder_after_days: Clearable<i64>,
    /// The most reminders.
    #[serde(default)]
    #[oai(validator(minimum(value = "1"), maximum(value = "10")))]
    reminders_at_most: Clearable<i64>,
    /// Days before expiry at which the buyer is reminded once more, regardless of `reminders_at_most`; 0 for never.
    #[serde(default)]
    #[oai(validator(minimum(value = "0"), maximum(value = "30")))]
    last_reminder_days: Clearable<i64>,
}

impl LinkChangesInput {
    /// The link's own settings after the change.
    fn over(self, own: OwnReminding) -> OwnReminding {
        OwnReminding {
            on: self.reminders.wanted().unwrap_or(own.on),
            after_days: self.reminder_after_days.wanted().unwrap_or(own.after_days),
            at_most: self.reminders_at_most.wanted().unwrap_or(own.at_most),
            last_days: self.last_reminder_days.wanted().unwrap_or(own.last_days),
        }
    }
}

/// The reminder fields of a new link's form, as sent.
#[derive(Debug, Default)]
pub(super) struct SentReminders {
    /// `true` or `false`.
    pub(super) reminders: Option<String>,
    /// A number of days.
    pub(super) reminder_after_days: Option<String>,
    /// A number of reminders.
    pub(super) reminders_at_most: Option<String>,
    /// A number of days.
    pub(super) last_reminder_days: Option<String>,
}

impl SentReminders {
    /// A text that is equal for two forms if and only if they say the same; empty without any fields, as before these
    /// existed.
    pub(super) fn canonical(&self) -> String {
        let all = [&self.reminders, &self.reminder_after_days, &self.reminders_at_most, &self.last_reminder_days];
        if all.iter().all(|sent| sent.is_none()) { String::new() } else { format!(" {all:?}") }
    }

    /// The link's own settings.
    pub(super) fn check(&self, fields: &mut Fields) -> Option<OwnReminding> {
        self.read().map_err(|(field, reason)| fields.refuse(field, reason)).ok()
    }

    fn read(&self) -> Result<OwnReminding, Wrong> {
        let whole = "must be a whole number";
        let own = OwnReminding {
            on: said(self.reminders.as_deref(), "reminders", "must be `true` or `false`")?,
            after_days: said(self.reminder_after_days.as_deref(), "reminder_after_days", whole)?,
            at_most: said(self.reminders_at_most.as_deref(), "reminders_at_most", whole)?,
            last_days: said(self.last_reminder_days.as_deref(), "last_reminder_days", whole)?,
        };
        own.check().map_err(wrong)
    }
}

/// An invalid field and the reason.
pub(super) type Wrong = (&'static str, String);

fn said<T: FromStr>(sent: Option<&str>, field: &'static str, what: &str) -> Result<Option<T>, Wrong> {
    sent.map(|text| text.trim().parse().map_err(|_| (field, what.to_owned()))).transpose()
}

/// The field of an invalid reminder setting.
pub(super) fn wrong(error: RemindingError) -> Wrong {
    let field = match error {
        RemindingError::AfterDays => "reminder_after_days",
        RemindingError::AtMost => "reminders_at_most",
        RemindingError::LastDays => "last_reminder_days",
    };
    (field, error.to_string())
}

/// Changes a link's reminder settings.
pub(super) async fn change(
    api: &Api,
    key: &Principal,
    link: LinkId,
    input: LinkChangesInput,
) -> Result<LinkView, Problem> {
    let now = api.clock.now();
    let tx = api.db.begin().await?;
    let link = link::hold(&tx, key.merchant, link).await?.ok_or_else(Problem::not_found)?;
    let own = input.over(link.reminding.unwrap_or_default());
    let own = own.check().map_err(wrong).map_err(|(field, reason)| Problem::field(field, reason))?;
    let link = if own == link.reminding.unwrap_or_default() {
        link
    } else {
        if !link.state.is_open() {
            let detail = "The link is closed. Nobody is reminded of it any more.";
            return Err(Problem::conflict("link_not_open", detail));
        }
        tx.done(key.did(AuditAction::LinkChange, &link.id).because(detail_of(own)), now);
        link::set_reminding(&tx, &link, own, &key.key.to_string(), now).await?
    };
    let view = LinkView::read(api, &tx, link).await?;
    tx.commit().await?;
    Ok(view)
}

/// The settings as the audit log shows them.
fn detail_of(own: OwnReminding) -> String {
    if own.is_empty() { "reminders as the merchant says".to_owned() } else { own.to_string() }
}
