//! Parsing a gateway's webhooks.

use serde_json::Value;

use super::{Gateway, IncomingTexts, Marker, Reports, text_at};
use crate::{
    MessageId,
    sms_event::{Progress, SmsEvent},
};

impl Gateway {
    /// The events in a webhook of this gateway, as far as it is described. `message` is our message named in the
    /// callback URL; it applies only to a single event.
    #[must_use]
    pub fn events(&self, told: &Value, message: Option<MessageId>) -> Vec<SmsEvent> {
        let batch = self.batch.as_deref().and_then(|pointer| told.pointer(pointer)).unwrap_or(told);
        match batch {
            Value::Array(items) => {
                let message = message.filter(|_| items.len() == 1);
                items.iter().filter_map(|item| self.event(item, message)).collect()
            }
            one => self.event(one, message).into_iter().collect(),
        }
    }

    /// Parses one event. A text may have all fields of a report, and a report may contain its text. The marker tells
    /// them apart for certain; next come our message in the URL and a described status, which only reports have.
    fn event(&self, told: &Value, message: Option<MessageId>) -> Option<SmsEvent> {
        let report = || self.reports.as_ref()?.read(told, message);
        let text = || self.incoming.as_ref()?.read(told);
        let is_report =
            self.reports.as_ref().is_some_and(|reports| message.is_some() || reports.name_the_status_of(told));
        match self.incoming.as_ref().and_then(|incoming| incoming.marker.as_ref()) {
            Some(marker) if marker.is_in(told) => text(),
            Some(_) => report(),
            None if is_report => report().or_else(text),
            None => text().or_else(report),
        }
    }
}

impl Marker {
    fn is_in(&self, told: &Value) -> bool {
        text_at(told, &self.at).is_some_and(|found| self.is.contains(&found))
    }
}

impl Reports {
    fn name_the_status_of(&self, told: &Value) -> bool {
        text_at(told, &self.status)
            .is_some_and(|status| self.delivered.contains(&status) || self.undelivered.contains(&status))
    }

    fn read(&self, told: &Value, message: Option<MessageId>) -> Option<SmsEvent> {
        let status = text_at(told, &self.status)?;
        let carrier_id = self.id.as_deref().and_then(|pointer| text_at(told, pointer));
        if carrier_id.is_none() && message.is_none() {
            return None;
        }
        let progress = if self.delivered.contains(&status) {
            Progress::Delivered
        } else if self.undelivered.contains(&status) {
            let reason = self.reason.as_deref().and_then(|pointer| text_at(told, pointer));
            let reason = reason.unwrap_or(status);
            Progress::Undelivered { why: format!("The carrier could not deliver the text ({}).", short(&reason)) }
        } else {
            Progress::UnderWay
        };
        Some(SmsEvent::Report { carrier_id, message, progress })
    }
}

impl IncomingTexts {
    fn read(&self, told: &Value) -> Option<SmsEvent> {
        let (carrier_id, from) = (text_at(told, &self.id)?, text_at(told, &self.from)?);
        let body = text_at(told, &self.text)?;
        Some(SmsEvent::Text { carrier_id, from: with_plus(from), body, keyword: None, pictures: Vec::new() })
    }
}

/// Adds a missing plus. Many gateways omit it or write `00`, and form encoding turns it into a space. A single zero
/// begins a national number, which is parsed later with the merchant's region.
fn with_plus(number: String) -> String {
    let digits = number.trim_start_matches(' ');
    match digits.strip_prefix("00") {
        Some(international) => format!("+{international}"),
        None if digits.starts_with(|first: char| ('1'..='9').contains(&first)) => format!("+{digits}"),
        None => number,
    }
}

/// Shortens a reason for display to the merchant.
fn short(reason: &str) -> String {
    reason.chars().filter(|character| !character.is_control()).take(80).collect()
}
