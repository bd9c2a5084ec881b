//! One live update, and its position in the stream.

use std::{fmt, str::FromStr};

use entity::live::Change;
use serde_json::json;

/// The position of an update in its merchant's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    milliseconds: u64,
    number: u64,
}

impl Position {
    /// Before everything: whoever stands there may have missed something.
    pub const UNKNOWN: Self = Self { milliseconds: 0, number: 0 };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.milliseconds, self.number)
    }
}

/// A text that is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no position among the live")]
pub struct PositionError;

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        let (milliseconds, number) = text.split_once('-').ok_or(PositionError)?;
        let read = |digits: &str| digits.parse().map_err(|_| PositionError);
        Ok(Self { milliseconds: read(milliseconds)?, number: read(number)? })
    }
}

/// One live update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its position in the stream.
    pub position: Position,
    /// What has changed: `link.updated`, `message.updated`, `order.updated`, `credits.updated`; or `resync`: a lot.
    pub event: String,
    /// The ids, as JSON.
    pub data: String,
}

/// The event that is published instead when there are too many changes to publish each.
pub(super) const A_LOT: &str = "resync";

impl Entry {
    /// An entry as the stream has it; `None` if it is none of ours: the mark at the stream's beginning.
    pub(super) fn read(id: &str, event: &str, data: &str) -> Option<Self> {
        let known = ["link.updated", "message.updated", "order.updated", "credits.updated", A_LOT].contains(&event);
        let position = id.parse().ok().filter(|_| known)?;
        Some(Self { position, event: event.to_owned(), data: data.to_owned() })
    }

    /// An entry as it is published.
    pub(super) fn heard(text: &str) -> Option<Self> {
        let (id, rest) = text.split_once(' ')?;
        let (event, data) = rest.split_once(' ')?;
        Self::read(id, event, data)
    }
}

/// The event and the data that a change is published as.
pub(super) fn words(change: &Change) -> (&'static str, String) {
    match change {
        Change::Link { link, order, .. } => ("link.updated", json!({"id": link, "order_id": order}).to_string()),
        Change::Message { message, conversation, link: Some(link), .. } => {
            ("message.updated", json!({"id": message, "conversation_id": conversation, "link_id": link}).to_string())
        }
        Change::Message { message, conversation, link: None, .. } => {
            ("message.updated", json!({"id": message, "conversation_id": conversation}).to_string())
        }
        Change::Order { order, .. } => ("order.updated", json!({"id": order}).to_string()),
        Change::Credits { .. } => ("credits.updated", "{}".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_prints_and_reads_back_and_sorts_by_time() {
        let position: Position = "1764000000123-7".parse().unwrap();
        assert_eq!(position.to_string(), "1764000000123-7");
        assert!(position < "1764000000123-10".parse().unwrap());
        for text in ["", "1", "1-", "-1", "1-x", "+", "1-2-3"] {
            assert_eq!(text.parse::<Position>(), Err(PositionError), "{text}");
        }
    }

    #[test]
    fn what_was_published_is_read_as_it_was_told() {
        let entry = Entry::heard(r#"1-0 order.updated {"id":"ord_1"}"#).unwrap();
        assert_eq!((entry.event.as_str(), entry.data.as_str()), ("order.updated", r#"{"id":"ord_1"}"#));
        assert_eq!(Entry::read("1-0", "opened", ""), None);
    }
}
