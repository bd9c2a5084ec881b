//! Delivery reports and incoming texts in a form common to all carriers: parsed on arrival, applied by a job.

use serde::{Deserialize, Serialize};

use crate::{MessageId, sms::Keyword};

/// What a carrier tells us.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SmsEvent {
    /// What became of a text.
    Report {
        /// The carrier's id of the text, if the report says it.
        carrier_id: Option<String>,
        /// Our message, if the URL that we gave the carrier says it.
        message: Option<MessageId>,
        /// How far the text has come.
        progress: Progress,
    },
    /// A buyer's text.
    Text {
        /// The carrier's id of it.
        carrier_id: String,
        /// Whose number it came from, as the carrier writes it.
        from: String,
        /// What it says; nothing if it is only pictures.
        body: String,
        /// What the carrier says that it means, in whichever language: it has answered it then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keyword: Option<Keyword>,
        /// Pictures that came with it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pictures: Vec<PictureAt>,
    },
}

/// The most pictures of one text that are taken; carriers take no more.
pub const MOST_PICTURES: usize = 10;

/// A picture as the carrier tells of it. No `Debug`: where it is tells whose it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureAt {
    /// Where it can be fetched.
    pub url: String,
    /// What the carrier says that it is, such as `image/jpeg`.
    pub content_type: String,
}

/// How far a text has come, by the carrier's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    /// The carrier has it.
    UnderWay,
    /// It reached the phone.
    Delivered,
    /// It could not be delivered.
    Undelivered {
        /// Why, in words for the merchant.
        why: String,
    },
}

/// Whether this character belongs into no text: a control character that breaks no line.
#[must_use]
pub fn is_unwanted(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\n' | '\r')
}

/// The same without characters that no database takes: a space for each. A `STOP` with a NUL behind it is a `STOP`.
#[must_use]
pub fn without_unwanted(text: &str) -> String {
    text.replace(is_unwanted, " ")
}

impl SmsEvent {
    /// The same in plain characters.
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
    /// Neither a number nor a text.
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
