//! A live update and its position in the stream.

use std::{fmt, str::FromStr};

use entity::change::{ChangeSubject, NumberedChange};
use serde_json::{Map, Value};

/// The position of an update in its merchant's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    milliseconds: u64,
    number: u64,
}

impl Position {
    /// The position before everything; a subscriber there may have missed updates.
    pub const UNKNOWN: Self = Self { milliseconds: 0, number: 0 };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.milliseconds, self.number)
    }
}

/// The text is not a position.
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

/// A live update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its position in the stream.
    pub position: Position,
    /// What has changed: one of [`EVENTS`].
    pub event: String,
    /// The ids, the number and the kind of the change, as JSON.
    pub data: String,
}

/// The event published instead when there are too many changes to publish one by one.
pub(super) const A_LOT: &str = "resync";

/// Every event.
const EVENTS: [&str; 6] =
    ["link.updated", "message.updated", "order.updated", "credits.updated", "attention.updated", A_LOT];

impl Entry {
    /// Parses an entry of the stream. Returns `None` for other entries, such as the mark at the stream's start.
    pub(super) fn read(id: &str, event: &str, data: &str) -> Option<Self> {
        let known = EVENTS.contains(&event);
        let position = id.parse().ok().filter(|_| known)?;
        Some(Self { position, event: event.to_owned(), data: data.to_owned() })
    }

    /// Parses a published entry.
    pub(super) fn heard(text: &str) -> Option<Self> {
        let (id, rest) = text.split_once(' ')?;
        let (event, data) = rest.split_once(' ')?;
        Self::read(id, event, data)
    }
}

/// The event and data under which a change is published.
pub(super) fn words(change: &NumberedChange) -> (&'static str, String) {
    let mut data = Map::new();
    let mut tell = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            data.insert(name.to_owned(), value.into());
        }
    };
    let event = match change.kind.about() {
        ChangeSubject::Order => {
            tell("id", change.order().map(|id| id.to_string()));
            "order.updated"
        }
        ChangeSubject::Link => {
            tell("id", change.link().map(|id| id.to_string()));
            tell("order_id", change.order_id.map(|id| id.to_string()));
            "link.updated"
        }
        ChangeSubject::Message => {
            tell("id", change.message().map(|id| id.to_string()));
            tell("conversation_id", change.conversation_id.map(|id| id.to_string()));
            tell("link_id", change.link_id.map(|id| id.to_string()));
            "message.updated"
        }
        ChangeSubject::Credits => "credits.updated",
        ChangeSubject::Attention => "attention.updated",
    };
    tell("type", Some(change.kind.to_string()));
    data.insert("seq".to_owned(), change.seq.into());
    (event, Value::Object(data).to_string())
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
