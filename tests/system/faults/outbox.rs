//! The carrier's side of the audit: which texts it has, and whether they are the ones that were accepted and paid for.
//!
//! A text may only end as `unknown` in one way: it is marked as leaving in a transaction of its own, and its worker
//! dies before the request is made, or never learns that the mark was committed because the database connection broke.
//! This cannot be told from a request whose answer was lost, so the text is held, and looked up until a person resolves
//! it. If the carrier had it, it would be found there, or reported on: so every text that was sent becomes `sent`.

use std::collections::BTreeMap;

use domain::{MessageId, message::MessageStatus};
use entity::{
    credits::{self, EntryKind},
    job::Job,
    message::{self, Message},
};
use queue::{Kind, SendSms};
use serde_json::Value;

use super::{
    accepted::AcceptedText,
    auditor::{Books, jobs_in_any_state},
};
use crate::support::Sandbox;

/// More entries than a ledger of these tests has.
const WHOLE_LEDGER: u64 = 1_000_000;

/// The texts that the carrier has.
pub(super) struct Outbox(Vec<Value>);

impl Outbox {
    pub(super) async fn of(world: &Sandbox) -> Self {
        Self(world.knows("sms/outbox").await["items"].as_array().unwrap().clone())
    }

    /// Each message was sent once, or nobody knows and it never left, and the carrier has no texts beside those. What
    /// was sent is paid for; what nobody knows of is held.
    pub(super) async fn is_as_accepted(&self, books: &Books<'_>, texts: &[AcceptedText]) {
        let settled = settled(books).await;
        let jobs = jobs_in_any_state(&books.db, Kind::SendSms).await;
        let mut sent = 0;
        for text in texts {
            let id: MessageId = text.id.parse().unwrap();
            let row = message::find(books.db.pool(), books.merchant, id).await.unwrap();
            let row = row.unwrap_or_else(|| panic!("{text:?} was accepted and is not there"));
            let (there, ledger) = (self.count(&text.phone, &row), &settled[&id]);
            let what = format!("{text:?} is {}, the carrier has {there}, and its credits are {ledger:?}", row.status);
            if text.cancelled {
                // Its words are those of another text of the link, which is counted there.
                assert_eq!(row.status, MessageStatus::Cancelled, "{what}");
                assert_eq!(*ledger, [EntryKind::Hold, EntryKind::Release], "{what}");
                continue;
            }
            match row.status {
                MessageStatus::Sent | MessageStatus::Delivered => {
                    assert!(there == 1 && *ledger == [EntryKind::Hold, EntryKind::Capture], "{what}");
                    sent += 1;
                }
                MessageStatus::Unknown => {
                    assert!(there == 0 && *ledger == [EntryKind::Hold], "{what}");
                    let crashes: i64 = jobs.iter().filter(|job| is_about(job, id)).map(|job| job.crashes).sum();
                    assert!(crashes > 0 || books.commits_were_lost, "{what}, and nobody died over it");
                }
                MessageStatus::Received
                | MessageStatus::Queued
                | MessageStatus::Sending
                | MessageStatus::Undelivered
                | MessageStatus::Scheduled
                | MessageStatus::Cancelled
                | MessageStatus::Failed => panic!("{what}"),
            }
        }
        assert_eq!(self.0.len(), sent, "the carrier has texts that nobody accepted");
    }

    /// Whether this job looks for a text that the carrier does not have. It keeps looking.
    pub(super) async fn can_say_nothing_of(&self, books: &Books<'_>, job: &Job) -> bool {
        let SendSms { merchant, message } = serde_json::from_str(&job.payload).unwrap();
        let row = message::find(books.db.pool(), merchant, message).await.unwrap().unwrap();
        row.status == MessageStatus::Unknown && self.0.iter().all(|text| text["body"] != row.body.as_deref().unwrap())
    }

    /// How many texts there are of this message. It has a link in it that no other has.
    fn count(&self, phone: &str, message: &Message) -> usize {
        let is_it = |text: &&Value| text["to"] == phone && text["body"] == message.body.as_deref().unwrap();
        self.0.iter().filter(is_it).count()
    }
}

/// The credit entries of each message, in order.
async fn settled(books: &Books<'_>) -> BTreeMap<MessageId, Vec<EntryKind>> {
    let entries = credits::statement(books.db.pool(), books.merchant, 0, WHOLE_LEDGER).await.unwrap();
    let mut settled: BTreeMap<MessageId, Vec<EntryKind>> = BTreeMap::new();
    for entry in entries {
        if let Some(message) = entry.message_id {
            settled.entry(message).or_default().push(entry.kind);
        }
    }
    settled
}

fn is_about(job: &Job, id: MessageId) -> bool {
    serde_json::from_str::<SendSms>(&job.payload).is_ok_and(|payload| payload.message == id)
}
