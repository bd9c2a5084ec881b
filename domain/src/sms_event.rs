//! Events from any carrier: parsed where they come in, applied by a job.

use serde::{Deserialize, Serialize};

use crate::{MessageId, sms::Keyword};

/// The type of an event that is a buyer's text, as webhooks are stored by.
pub const INCOMING: &str = "incoming";

/// The type of a report whose words are the carrier's own. One of a carrier with words of ours is of a longer type.
pub const REPORT: &str = "report";

/// An event from a carrier.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SmsEvent {
    /// A delivery report.
    Report {
        /// The carrier's id of the text, if the report has it.
        carrier_id: Option<String>,
        /// Our message, if the callback URL that we gave the carrier has it.
        message: Option<MessageId>,
        /// How far the text has come.
        progress: Progress,
    },
    /// A text from a buyer.
    Text {
        /// The carrier's id of the text.
        carrier_id: String,
        /// The sender's number, as the carrier writes it.
        from: String,
        /// The text; empty if there are only pictures.
        body: String,
        /// The keyword that the carrier recognised, in any language. The carrier has then replied to it itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keyword: Option<Keyword>,
        /// The attached pictures.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pictures: Vec<PictureAt>,
    },
}

/// The most pictures accepted with one text; carriers allow no more.
pub const MOST_PICTURES: usize = 10;

/// A picture attached to a text. It has no `Debug`, because the URL reveals whose it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureAt {
    /// Where it can be downloaded.
    pub url: String,
    /// The content type reported by the carrier, such as `image/jpeg`.
    pub content_type: String,
}

/// The progress of a text, as reported by the carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    /// The carrier has it.
    UnderWay,
    /// It reached the phone.
    Delivered,
    /// It could not be delivered.
    Undelivered {
        /// The reason, worded for the merchant.
        why: String,
    },
}

/// Whether a character has no place in a text: a control character other than a tab or a line break.
#[must_use]
pub fn is_unwanted(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\n' | '\r')
}

/// Replaces characters that databases refuse by spaces. A `STOP` followed by a NUL is still a `STOP`.
#[must_use]
pub fn without_unwanted(text: &str) -> String {
    text.replace(is_unwanted, " ")
}

impl SmsEvent {
    /// Removes unwanted characters from all texts of the event.
    #[must_use]
    pub fn plain(self) -> Self {
        let plain = |text: String| without_unwanted(&text);
        match self {
            Self::Report { carrier_id, message, progress } => {
                let progress = match progress {
                    Progress::Undelivered { why } => Progress::Undelivered { why: plain(why) },
                    Progress::UnderWay | Progress::Delivered => progress,
                };
                Self::Report { carrier_id: carrier_id.map(plain), message, progress }
            }
            Self::Text { carrier_id, from, body, keyword, pictures } => Self::Text {
                carrier_id: plain(carrier_id),
                from: plain(from).trim().to_owned(),
                body: plain(body),
                keyword,
                pictures: pictures
                    .into_iter()
                    .map(|it| PictureAt { url: plain(it.url), content_type: plain(it.content_type) })
                    .collect(),
            },
        }
    }
}

impl std::fmt::Debug for SmsEvent {
    /// Omits phone numbers and texts.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Report { carrier_id, message, progress } => f
                .debug_struct("Report")
                .field("carrier_id", carrier_id)
                .field("message", message)
                .field("progress", progress)
                .finish(),
            Self::Text { carrier_id, .. } => {
                f.debug_struct("Text").field("carrier_id", carrier_id).finish_non_exhaustive()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_databases_refuse_becomes_a_space_and_line_breaks_stay() {
        assert_eq!(without_unwanted("STOP\0"), "STOP ");
        assert_eq!(without_unwanted("one\ttwo\r\nthree\u{85}é"), "one\ttwo\r\nthree é");
    }

    #[test]
    fn an_event_is_plain_in_all_its_texts() {
        let report = |carrier_id: &str, why: &str| SmsEvent::Report {
            carrier_id: Some(carrier_id.to_owned()),
            message: None,
            progress: Progress::Undelivered { why: why.to_owned() },
        };
        assert_eq!(report("g\0-1", "no\u{1b}body").plain(), report("g -1", "no body"));
        let text = |sign: &str, from: &str| SmsEvent::Text {
            carrier_id: format!("t{sign}1"),
            from: from.to_owned(),
            body: format!("See{sign}this"),
            keyword: Some(Keyword::Stop),
            pictures: vec![PictureAt { url: format!("https://a{sign}"), content_type: format!("image{sign}") }],
        };
        assert_eq!(text("\0", "\0+12025550123\0").plain(), text(" ", "+12025550123"));
    }

    #[test]
    fn an_event_prints_without_numbers_and_texts() {
        let report =
            SmsEvent::Report { carrier_id: Some("g-1".to_owned()), message: None, progress: Progress::Delivered };
        assert!(format!("{report:?}").contains("g-1"));
        let text = SmsEvent::Text {
            carrier_id: "t-1".to_owned(),
            from: "+12025550123".to_owned(),
            body: "hello".to_owned(),
            keyword: None,
            pictures: Vec::new(),
        };
        let shown = format!("{text:?}");
        assert!(shown.contains("t-1") && !shown.contains("0123") && !shown.contains("hello"), "{shown}");
    }
}
