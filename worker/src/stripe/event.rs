//! Webhook events, parsed leniently: only the few fields that are needed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::value::RawValue;

use super::Session;

/// One of Stripe's events.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// When it happened, in seconds since 1970; a thin event says it in words.
    created: Option<IgnoredOr<i64>>,
    /// A thin event (`v2.core.event`) has none.
    data: Option<Data>,
}

/// A value of this type, or any other, which means nothing to us.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum IgnoredOr<T> {
    Value(T),
    Ignored(IgnoredAny),
}

/// An object has dozens of fields of which we read a few, so it is left as it was written until its type is known.
#[derive(Debug, Deserialize)]
struct Data {
    object: Box<RawValue>,
}

/// What an event is about, as far as it means something to us.
#[derive(Debug)]
pub(crate) enum Object {
    /// `checkout.session.completed`, `.async_payment_succeeded`
    SessionCompleted(Session),
    /// `checkout.session.async_payment_failed`
    SessionFailed(Session),
    /// `charge.refunded`
    Refunded(Charge),
    /// `refund.created`, `.updated`, `.failed`, and of old `charge.refund.updated`
    Refund(Refund),
    /// `charge.dispute.created`, `.updated`, `.closed`: which it is says less than the status.
    Disputed(Dispute),
    /// `checkout.session.expired`, `payment_link.updated` and all the others.
    Other,
}

/// A charge of which something was refunded.
#[derive(Debug, Deserialize)]
pub(crate) struct Charge {
    pub(crate) payment_intent: Option<String>,
    pub(crate) amount_refunded: i64,
    pub(crate) currency: String,
    /// Whether all of it was.
    pub(crate) refunded: Option<bool>,
    pub(crate) metadata: Option<HashMap<String, String>>,
}

/// A refund.
#[derive(Debug, Deserialize)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) payment_intent: Option<String>,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) status: Option<String>,
    /// When it was made, in seconds since 1970.
    pub(crate) created: Option<i64>,
}

/// A dispute.
#[derive(Debug, Deserialize)]
pub(crate) struct Dispute {
    pub(crate) id: Option<String>,
    pub(crate) payment_intent: Option<String>,
    pub(crate) reason: Option<String>,
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

impl Dispute {
    /// Until when it can be answered, in seconds since 1970. Stripe says 0 where it cannot.
    pub(crate) fn due_by(&self) -> Option<i64> {
        let Some(IgnoredOr::Value(details)) = &self.evidence_details else { return None };
        details.due_by.filter(|due| *due > 0)
    }
}

impl Event {
    /// When it happened, as Stripe says.
    pub(crate) fn created(&self) -> Option<DateTime<Utc>> {
        match self.created {
            Some(IgnoredOr::Value(seconds)) => DateTime::from_timestamp(seconds, 0),
            Some(IgnoredOr::Ignored(_)) | None => None,
        }
    }

    /// What it is about.
    ///
    /// # Errors
    /// When the object is not what its type calls for.
    pub(crate) fn object(&self) -> Result<Object, serde_json::Error> {
        let Some(data) = &self.data else { return Ok(Object::Other) };
        Ok(match self.kind.as_str() {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
                Object::SessionCompleted(data.read()?)
            }
            "checkout.session.async_payment_failed" => Object::SessionFailed(data.read()?),
            "charge.refunded" => Object::Refunded(data.read()?),
            "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
                Object::Refund(data.read()?)
            }
            "charge.dispute.created" | "charge.dispute.updated" | "charge.dispute.closed" => {
                Object::Disputed(data.read()?)
            }
            _ => Object::Other,
        })
    }
}

impl Data {
    fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.object.get())
    }
}
