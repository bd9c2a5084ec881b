//! Ids: `UUIDv7` with a prefix at the edge (`link_0193…`), each of its own type, so that they cannot be mixed up.

use std::{
    fmt,
    sync::atomic::{AtomicU16, Ordering},
};

use chrono::{DateTime, Utc};
use uuid::{NoContext, Timestamp, Uuid};

/// The text is not an id of the expected type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id that starts with {prefix}_")]
pub struct IdError {
    prefix: &'static str,
}

/// Counts the ids of this process: the twelve bits that follow an id's milliseconds.
static MADE: AtomicU16 = AtomicU16::new(0);

/// A `UUIDv7` with `at` as its time, so that ids sort by creation and can serve as cursors. Those of one moment sort as
/// they were made, unless the counter began anew between them.
fn uuid_at(at: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(at.timestamp()).unwrap_or_default();
    let mut bytes = Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, at.timestamp_subsec_nanos())).into_bytes();
    let [high, low] = MADE.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    (bytes[6], bytes[7]) = (0x70 | (high & 0x0f), low);
    Uuid::from_bytes(bytes)
}

fn time_of(uuid: Uuid) -> Option<DateTime<Utc>> {
    let (seconds, nanoseconds) = uuid.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
}

fn parse(prefix: &'static str, text: &str) -> Result<Uuid, IdError> {
    text.strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .filter(|rest| rest.len() == 32)
        .and_then(|rest| Uuid::try_parse(rest).ok())
        .ok_or(IdError { prefix })
}

macro_rules! ids {
    ($( $(#[$meta:meta])* $name:ident = $prefix:literal ),+ $(,)?) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id. Later ids sort after earlier ones.
            #[must_use]
            pub fn new(at: DateTime<Utc>) -> Self {
                Self(uuid_at(at))
            }

            /// The creation time, if the id contains one.
            #[must_use]
            pub fn created_at(self) -> Option<DateTime<Utc>> {
                time_of(self.0)
            }

            /// The bare `UUID`, where a prefix does not fit.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// Wraps a bare `UUID`.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse($prefix, text).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        crate::stored_as!($name, Uuid, |id| id.0, |uuid| Ok($name(uuid)));
    )+ };
}

ids! {
    /// A merchant: the tenant to whom every other row belongs.
    MerchantId = "mer",
    /// An API key.
    ApiKeyId = "key",
    /// An order.
    OrderId = "ord",
    /// A payment link.
    LinkId = "link",
    /// An entry of a link's timeline.
    LinkEventId = "lev",
    /// A message to or from a buyer.
    MessageId = "msg",
    /// The conversation with one buyer.
    ConversationId = "conv",
    /// An entry of the credit ledger.
    CreditEntryId = "cred",
    /// A purchase of credits from the operator.
    CreditPurchaseId = "cpu",
    /// A job.
    JobId = "job",
    /// An incoming webhook event.
    WebhookEventId = "evt",
    /// An endpoint that our webhooks go to.
    WebhookEndpointId = "whe",
    /// The delivery of one of our webhooks to an endpoint.
    WebhookDeliveryId = "whd",
    /// An entry of the audit log.
    AuditEntryId = "aud",
    /// A matter that needs a person's attention.
    AttentionId = "att",
    /// A batch of orders.
    BatchId = "bat",
    /// A console session.
    SessionId = "ses",
    /// A process that holds the idempotency keys of the commands that it runs.
    KeyHolderId = "khd",
    /// A request, as named in its response and in log lines.
    RequestId = "req",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_prints_with_its_prefix_and_parses_back() {
        let id = LinkId::new(Utc::now());
        assert!(id.to_string().starts_with("link_"));
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn ids_of_one_moment_sort_as_they_were_made() {
        let now = Utc::now();
        let in_order = || {
            let made: Vec<LinkEventId> = (0..8).map(|_| LinkEventId::new(now)).collect();
            made.is_sorted()
        };
        // The counter begins anew after 4,096 ids, and not twice within a few.
        assert!(in_order() || in_order());
    }

    #[test]
    fn thousands_of_ids_of_one_moment_sort_but_where_the_counter_begins_anew() {
        let now = Utc::now();
        let made: Vec<LinkEventId> = (0..5_000).map(|_| LinkEventId::new(now)).collect();
        let breaks = made.windows(2).filter(|pair| pair[0] > pair[1]).count();
        assert!(breaks <= 2, "{breaks}");
        assert!(made.iter().all(|id| id.uuid().get_version_num() == 7));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = OrderId::new(Utc::now()).to_string();
        assert!(id.parse::<LinkId>().is_err());
        assert!("link_".parse::<LinkId>().is_err());
        assert!("link_0".parse::<LinkId>().is_err());
    }

    #[test]
    fn an_id_tells_when_it_was_made_to_the_millisecond() {
        let at: DateTime<Utc> = "2026-12-01T08:00:00.123Z".parse().unwrap();
        assert_eq!(OrderId::new(at).created_at(), Some(at));
        assert_ne!(OrderId::new(at), OrderId::new(at));
        assert_eq!(OrderId::from_uuid(Uuid::nil()).created_at(), None);
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let at = Utc::now();
        assert!(JobId::new(at) < JobId::new(at + chrono::Duration::milliseconds(2)));
    }
}
