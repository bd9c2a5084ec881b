//! Reading what a gateway tells us.

use serde_json::Value;

use super::{Gateway, IncomingTexts, Reports, text_at};
use crate::{
    MessageId,
    sms_event::{Progress, SmsEvent},
};

impl Gateway {
    /// What a webhook of this gateway says, if it is described; `message` is ours that its URL names.
    #[must_use]
    pub fn event(&self, told: &Value, message: Option<MessageId>) -> Option<SmsEvent> {
        let report = self.reports.as_ref().and_then(|reports| reports.read(told, message));
        report.or_else(|| self.incoming.as_ref()?.read(told))
    }
}

impl Reports {
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
        // Many gateways leave the plus out.
        let from = if from.starts_with(|first: char| first.is_ascii_digit()) { format!("+{from}") } else { from };
        Some(SmsEvent::Text { carrier_id, from, body })
    }
}

/// As much of a reason as a merchant reads.
fn short(reason: &str) -> String {
    reason.chars().filter(|character| !character.is_control()).take(80).collect()
}
