//! Webhook events, parsed leniently: only the few fields that are needed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::value::RawValue;

use super::Session;

/// A Stripe event.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// When it happened, in seconds since 1970; a thin event has a string.
    created: Option<IgnoredOr<i64>>,
    /// Absent in a thin event (`v2.core.event`).
    data: Option<Data>,
}

/// A value of this type, or any other, which is ignored.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum IgnoredOr<T> {
    Value(T),
    Ignored(IgnoredAny),
}

/// An object has dozens of fields of which we need a few, so it stays unparsed until its type is known.
#[derive(Debug, Deserialize)]
struct Data {
    object: Box<RawValue>,
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
    pub(crate) payment_intent: Option<String>,
    pub(crate) amount_refunded: i64,
    pub(crate) currency: String,
    /// Whether it was refunded in full.
    pub(crate) refunded: Option<bool>,
    pub(crate) metadata: Option<HashMap<String, String>>,
}

/// A refund.
#[derive(Debug, Deserialize)]
pub(crate) struct StripeRefund {
    pub(crate) id: String,
    pub(crate) payment_intent: Option<String>,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) status: Option<String>,
    /// When it was created, in seconds since 1970.
    pub(crate) created: Option<i64>,
}

/// A dispute.
#[derive(Debug, Deserialize)]
pub(crate) struct StripeDispute {
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

impl StripeDispute {
    /// Until when it can be answered, in seconds since 1970. Stripe says 0 where it cannot.
    pub(crate) fn due_by(&self) -> Option<i64> {
        let Some(IgnoredOr::Value(details)) = &self.evidence_details else { return None };
        details.due_by.filter(|due| *due > 0)
    }
}

impl Event {
    /// When it happened, according to Stripe.
    pub(crate) fn created(&self) -> Option<DateTime<Utc>> {
        match self.created {
            Some(IgnoredOr::Value(seconds)) => DateTime::from_timestamp(seconds, 0),
            Some(IgnoredOr::Ignored(_)) | None => None,
        }
    }

    /// Parses the object.
    ///
    /// # Errors
    /// Returns an error if the object does not fit the event's type.
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
