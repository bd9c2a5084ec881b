//! The row that holds what a transaction changed for one merchant.

#![expect(unreachable_pub, reason = "what sea-orm derives is public")]

use std::fmt::Write;

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, entity::prelude::*};
use uuid::Uuid;

use super::{Change, numbered::NumberedChange};
use crate::{Rows, audit};
use domain::{ConversationId, LinkId, MerchantId, OrderId};

/// The most changes in a row, so that a reader of a few need not load many.
pub(super) const MOST: usize = 1_000;

/// Stands for a missing id.
const NONE: &str = "-";

/// What one transaction changed for one merchant. If `last_seq` is set, its changes have the numbers up to it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "change_set")]
pub struct Model {
    /// Ids are in causal order, with gaps.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The merchant it belongs to.
    pub merchant_id: MerchantId,
    /// The number of its last change, once it is numbered.
    pub last_seq: Option<i64>,
    /// The number of changes.
    pub count: i64,
    /// When the changes happened.
    pub at: DateTime<Utc>,
    /// A line for each change: its kind, its subject, and its order, conversation and link.
    pub changes: String,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The changes of a numbered row.
    ///
    /// # Errors
    /// Returns an error if a line is invalid.
    pub(super) fn numbered(&self) -> Result<Vec<NumberedChange>, DbErr> {
        let first = self.last_seq.unwrap_or_default() - self.count + 1;
        (first..).zip(self.changes.lines()).map(|(seq, line)| self.change(seq, line)).collect()
    }

    fn change(&self, seq: i64, line: &str) -> Result<NumberedChange, DbErr> {
        let wrong = || DbErr::Custom(format!("the changes of set {} have a line that cannot be read", self.id));
        let mut words = line.split(' ');
        let kind = words.next().and_then(|kind| kind.parse().ok()).ok_or_else(wrong)?;
        let mut id = || match words.next() {
            None | Some(NONE) => Ok(None),
            Some(id) => Uuid::try_parse(id).map(Some).map_err(|_| wrong()),
        };
        Ok(NumberedChange {
            merchant_id: self.merchant_id,
            seq,
            at: self.at,
            kind,
            subject_id: id()?.ok_or_else(wrong)?,
            order_id: id()?.map(OrderId::from_uuid),
            conversation_id: id()?.map(ConversationId::from_uuid),
            link_id: id()?.map(LinkId::from_uuid),
        })
    }
}

impl Change {
    /// Appends the line of this change.
    fn line(&self, into: &mut String) {
        if !into.is_empty() {
            into.push('\n');
        }
        // Writing to a string cannot fail.
        let _ = write!(into, "{} {}", self.kind, self.subject.simple());
        let others = [self.order, self.conversation, self.link];
        let known = others.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        for id in &others[..known] {
            let _ = match id {
                Some(id) => write!(into, " {}", id.simple()),
                None => write!(into, " {NONE}"),
            };
        }
    }
}

/// Writes the changes of a transaction, in order: one row for each merchant and time. On `PostgreSQL` the same
/// statement also writes the audit entries.
pub(crate) async fn insert_all(
    db: &impl ConnectionTrait,
    changes: &[Change],
    done: Vec<audit::Model>,
) -> Result<(), DbErr> {
    let backend = db.get_database_backend();
    let mut done = (!done.is_empty()).then(|| audit::insertion(done, backend));
    if (changes.is_empty() || backend != DbBackend::Postgres)
        && let Some(entries) = done.take()
    {
        db.execute_raw(entries).await?;
    }
    if changes.is_empty() {
        return Ok(());
    }
    let mut in_sets: Vec<&Change> = changes.iter().collect();
    // A stable sort, so the order of each merchant's changes stays.
    in_sets.sort_by_key(|change| change.merchant);
    let mut rows = Rows::new([
        ("place", "bigint"),
        ("merchant", "uuid"),
        ("how_many", "bigint"),
        ("at", "timestamptz"),
        ("changes", "text"),
    ]);
    let of_one_set = |one: &&Change, other: &&Change| (one.merchant, one.at) == (other.merchant, other.at);
    for set in in_sets.chunk_by(of_one_set).flat_map(|set| set.chunks(MOST)) {
        let mut lines = String::new();
        for change in set {
            change.line(&mut lines);
        }
        let (place, count) = (as_number(rows.len()), as_number(set.len()));
        rows.push([place.into(), set[0].merchant.into(), count.into(), set[0].at.into(), lines.into()]);
    }
    let insert = "INSERT INTO change_set (merchant_id, count, at, changes) \
        SELECT merchant, how_many, at, changes FROM v ORDER BY place";
    let statement = match done {
        Some(entries) => rows.statement_after(("done", entries), insert, Vec::new()),
        None => rows.statement(backend, insert, Vec::new()),
    };
    db.execute_raw(statement).await.map(|_| ())
}

fn as_number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{super::ChangeKind, *};

    #[test]
    fn what_is_written_is_read() {
        let now = Utc::now();
        let merchant = MerchantId::new(now);
        let [link, order, message, conversation] = [(); 4].map(|()| LinkId::new(now).uuid());
        let paid = Change { order: Some(order), ..Change::new(merchant, ChangeKind::LinkPaid, link, now) };
        let text = Change::new(merchant, ChangeKind::MessageSent, message, now);
        let sent = Change { conversation: Some(conversation), link: Some(link), ..text };
        let mut changes = String::new();
        for change in [paid, sent, Change::credits(ChangeKind::CreditsLow, merchant, now)] {
            change.line(&mut changes);
        }
        let set = Model { id: 1, merchant_id: merchant, last_seq: Some(12), count: 3, at: now, changes };
        let read = set.numbered().unwrap();
        assert_eq!(read.iter().map(|change| change.seq).collect::<Vec<_>>(), [10, 11, 12]);
        assert_eq!((read[0].kind, read[0].link()), (ChangeKind::LinkPaid, Some(LinkId::from_uuid(link))));
        assert_eq!(read[0].order_id, Some(OrderId::from_uuid(order)));
        assert_eq!(read[1].conversation_id, Some(ConversationId::from_uuid(conversation)));
        assert_eq!((read[1].order_id, read[1].link_id), (None, Some(LinkId::from_uuid(link))));
        assert_eq!((read[2].subject_id, read[2].order_id, read[2].link_id), (merchant.uuid(), None, None));
        for line in ["", "link.paid", "link.paid -", "link.paid x", "no.kind 01900000000070008000000000000000"] {
            assert!(Model { changes: format!("{line}\n"), count: 1, ..set.clone() }.numbered().is_err(), "{line}");
        }
    }
}
