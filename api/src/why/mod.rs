//! What became of a text, a link, an order or a buyer, and why: for operators who are asked by a merchant. `paylink why`
//! prints it, `/v1/admin/why` tells it.

mod looking;
mod sentences;
mod waits;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{MerchantId, Vault, words};
use entity::{Db, job::Job, link::TimelineEntry};
use sea_orm::DbErr;

/// The most items of each kind that are explained, newest first.
const MOST: u64 = 20;

words! {
    /// What is explained.
    pub enum Subject {
        /// A conversation with a buyer.
        Conversation = "conversation",
        /// An order.
        Order = "order",
        /// A link.
        Link = "link",
        /// A text.
        Message = "message",
    }
}

/// What became of one thing. It has no message text and no phone number.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// What it is.
    pub subject: Subject,
    /// Its id.
    pub id: String,
    /// The merchant that owns it.
    pub merchant: MerchantId,
    /// Its state; a conversation has none.
    pub state: Option<&'static str>,
    /// Since when it is there.
    pub since: DateTime<Utc>,
    /// How deep it lies in what was asked about, whose depth is 0: a text is a part of the link before it.
    pub depth: usize,
    /// Why it is as it is, in plain sentences.
    pub sentences: Vec<String>,
    /// What happened to it, for a link.
    pub timeline: Vec<TimelineEntry>,
    /// The jobs about it, newest first.
    pub jobs: Vec<ExplainedJob>,
}

/// What is known of what was asked about.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Each thing with its parts after it.
    pub items: Vec<Explanation>,
    /// What was left out of them, in plain sentences.
    pub left_out: Vec<String>,
}

/// A job, and what it waits for.
#[derive(Debug, Clone)]
pub struct ExplainedJob {
    /// The job.
    pub job: Job,
    /// What it waits for; `None` if it is finished.
    pub waits: Option<String>,
}

/// Explains what is known about a phone number, an order (its id or its number), a link or a message (their ids), of any
/// merchant. Empty if nothing is known.
pub async fn explain(db: &Db, vault: &Vault, about: &str, now: DateTime<Utc>) -> Result<Answer, DbErr> {
    looking::Looking::new(db, vault, now).at(about.trim()).await
}

/// A time in a sentence, which a program can find in it.
fn when(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
