//! Webhook events, parsed leniently: only the few fields that are needed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};

use super::{Session, stored};

#[derive(Debug)]
pub(crate) struct Event {
    /// When it happened, according to Stripe.
    pub(crate) created: Option<DateTime<Utc>>,
    /// What it is about.
    pub(crate) object: Object,
}

/// An event whose type is known. An object has dozens of fields of which we need a few.
#[derive(Debug, Deserialize)]
struct EventOf<T> {
    /// In seconds since 1970; a thin event has a string.
    created: Option<IgnoredOr<i64>>,
    /// Absent in a thin event (`v2.core.event`).
    data: Option<Data<T>>,
}

/// A value of this type, or any other, which is ignored.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum IgnoredOr<T> {
    Value(T),
    Ignored(IgnoredAny),
}

#[derive(Debug, Deserialize)]
struct Data<T> {
    object: T,
}

/// The object of an event, as far as it is relevant.
#[derive(Debug)]
pub(crate) enum Object {
    /// `checkout.session.completed`, `.async_payment_succeeded`
    SessionCompleted(Session),
    /// `checkout.session.async_payment_failed`
    SessionFailed(Session),
    /// `charge.refunded`
    Refunded(StripeCharge),
    /// `refund.created`, `.updated`, `.failed`, and the former `charge.refund.updated`
    Refund(StripeRefund),
    /// `charge.dispute.created`, `.updated`, `.closed`; the status tells more than the type.
    Disputed(StripeDispute),
    /// `checkout.session.expired`, `payment_link.updated` and all others.
    Other,
}

/// A charge with a refund.
#[derive(Debug, Deserialize)]
pub(crate) struct StripeCharge {
    #[serde(default, deserialize_with = "stored::word_if_any")]
    pub(crate) payment_intent: Option<String>,
    pub(crate) amount_refunded: i64,
    pub(crate) currency: String,
    /// Whether it was refunded in full.
    pub(crate) refunded: Option<bool>,
    pub(crate) metadata: Option<HashMap<String, String>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StripeRefund {
    #[serde(deserialize_with = "stored::word")]
    pub(crate) id: String,
    #[serde(default, deserialize_with = "stored::word_if_any")]
    pub(crate) payment_intent: Option<String>,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    #[serde(default, deserialize_with = "stored::word_if_any")]
    pub(crate) status: Option<String>,
    /// When it was created, in seconds since 1970.
    pub(crate) created: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StripeDispute {
    #[serde(default, deserialize_with = "stored::word_if_any")]
    pub(crate) id: Option<String>,
    #[serde(default, deserialize_with = "stored::word_if_any")]
    pub(crate) payment_intent: Option<String>,
    #[serde(default, deserialize_with = "stored::word_if_any")]
    pub(crate) reason: Option<String>,
    #[serde(default, deserialize_with = "stored::word_if_any")]
    pub(crate) status: Option<String>,
    /// When it was opened, in seconds since 1970.
    pub(crate) created: Option<i64>,
    evidence_details: Option<IgnoredOr<EvidenceDetails>>,
}

/// What Stripe says of the evidence for a dispute.
#[derive(Debug, Deserialize)]
struct EvidenceDetails {
    due_by: Option<i64>,
}

impl StripeDispute {
    /// Until when it can be answered, in seconds since 1970. Stripe says 0 where it cannot.
    pub(crate) fn due_by(&self) -> Option<i64> {
        let Some(IgnoredOr::Value(details)) = &self.evidence_details else { return None };
        details.due_by.filter(|due| *due > 0)
    }
}

impl Event {
    /// Parses the payload of an event of this type.
    ///
    /// # Errors
    /// Returns an error if the object does not fit the event's type.
    pub(crate) fn read(kind: &str, payload: &str) -> Result<Self, serde_json::Error> {
        match kind {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
                Self::about(payload, Object::SessionCompleted)
            }
            "checkout.session.async_payment_failed" => Self::about(payload, Object::SessionFailed),
            "charge.refunded" => Self::about(payload, Object::Refunded),
            "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
                Self::about(payload, Object::Refund)
            }
            "charge.dispute.created" | "charge.dispute.updated" | "charge.dispute.closed" => {
                Self::about(payload, Object::Disputed)
            }
            _ => Ok(Self { created: None, object: Object::Other }),
        }
    }

    fn about<T: DeserializeOwned>(payload: &str, object: impl FnOnce(T) -> Object) -> Result<Self, serde_json::Error> {
        let EventOf { created, data } = serde_json::from_str(payload)?;
        let created = match created {
            Some(IgnoredOr::Value(seconds)) => stored::time(seconds),
            Some(IgnoredOr::Ignored(_)) | None => None,
        };
        Ok(Self { created, object: data.map_or(Object::Other, |data: Data<T>| object(data.object)) })
    }
}
