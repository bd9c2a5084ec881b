//! Webhook events, read leniently: few fields, and nothing that is not needed.

use std::collections::HashMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::Session;

/// One of Stripe's events.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    data: Data,
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
    /// `charge.dispute.created`, `.closed`
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
    #[serde(default)]
    pub(crate) metadata: HashMap<String, String>,
}

/// A dispute.
#[derive(Debug, Deserialize)]
pub(crate) struct Dispute {
    pub(crate) payment_intent: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) status: Option<String>,
    /// When it was opened, in seconds since 1970.
    pub(crate) created: Option<i64>,
}

impl Event {
    /// What it is about.
    ///
    /// # Errors
    /// When the object is not what its type calls for.
    pub(crate) fn object(&self) -> Result<Object, serde_json::Error> {
        Ok(match self.kind.as_str() {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
                Object::SessionCompleted(self.read()?)
            }
            "checkout.session.async_payment_failed" => Object::SessionFailed(self.read()?),
            "charge.refunded" => Object::Refunded(self.read()?),
            "charge.dispute.created" | "charge.dispute.closed" => Object::Disputed(self.read()?),
            _ => Object::Other,
        })
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.data.object.get())
    }
}
