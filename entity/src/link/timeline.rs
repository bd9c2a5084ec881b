//! The history of a link, for people to read.

use chrono::{DateTime, Utc};
use sea_orm::{
    ExprTrait, Iterable, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{Alias, Expr, Order, Query},
};

use super::timeline_event::{EntrySource, TimelineEvent};
use crate::{
    Rows, Transaction,
    change::{Change, ChangeKind},
    link,
};
use domain::{
    LinkEventId, LinkId, MerchantId,
    link::{DisputeDetail, RefundDetail},
};

/// The most entries shown of a timeline. An ordinary link has a dozen, but a holder of the webhook secret can add as
/// many as they like to their own links.
const MOST: i32 = 200;

/// An entry of a link's timeline.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "link_event")]
pub struct Model {
    /// Its id; ids sort by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LinkEventId,
    /// The link.
    pub link_id: LinkId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened: the name of a [`TimelineEvent`].
    pub event: String,
    /// Detail; erased by the purge.
    pub detail: Option<String>,
    /// The holder of the key that caused it, as in the audit log.
    pub actor: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Who caused it: the holder of a key, as in the audit log, or `buyer`, `stripe`, `carrier` or `system`.
    #[must_use]
    pub fn actor(&self) -> &str {
        let source = || self.event().map_or(EntrySource::System, TimelineEvent::source);
        self.actor.as_deref().unwrap_or_else(|| source().as_str())
    }

    /// What happened; `None` if this version does not know the event.
    #[must_use]
    pub fn event(&self) -> Option<TimelineEvent> {
        self.event.parse().ok()
    }

    /// How the dispute ended, in Stripe's word, if this entry reports its end; `None` after the purge.
    #[must_use]
    pub fn dispute_end(&self) -> Option<&str> {
        let detail = self.detail.as_deref().filter(|_| self.event() == Some(TimelineEvent::DisputeClosed))?;
        DisputeDetail::parse(detail).term
    }

    /// The refund that this entry tells of. What was refunded is told as the sum so far. `None` after the purge.
    #[must_use]
    pub fn refund(&self) -> Option<RefundDetail<'_>> {
        use TimelineEvent::{RefundFailed, RefundPending, Refunded};
        let detail = self.detail.as_deref()?;
        self.event().filter(|event| [Refunded, RefundPending, RefundFailed].contains(event))?;
        RefundDetail::parse(detail)
    }
}

pub use Model as TimelineEntry;

#[derive(Debug)]
pub(super) struct NewEntry {
    pub(super) link: LinkId,
    /// What happened.
    pub(super) event: TimelineEvent,
    pub(super) detail: Option<String>,
    /// The holder of the key that caused it, if any.
    pub(super) actor: Option<String>,
}

impl NewEntry {
    /// An entry that was not caused by the holder of a key.
    pub(super) const fn new(link: LinkId, event: TimelineEvent, detail: Option<String>) -> Self {
        Self { link, event, detail, actor: None }
    }
}

/// Adds an entry and notifies subscribers to the link.
pub async fn note(
    tx: &Transaction,
    link: &link::Model,
    at: DateTime<Utc>,
    event: TimelineEvent,
    detail: Option<String>,
) -> Result<(), DbErr> {
    tx.changed(Change::link(ChangeKind::LinkUpdated, link, at));
    insert_all(tx, &[NewEntry::new(link.id, event, detail)], at).await
}

/// Adds an entry about a message that contains the link.
pub(crate) async fn note_message(
    tx: &Transaction,
    (merchant, link): (MerchantId, LinkId),
    at: DateTime<Utc>,
    event: TimelineEvent,
) -> Result<(), DbErr> {
    tx.changed(Change::timeline(merchant, link, at));
    insert_all(tx, &[NewEntry::new(link, event, None)], at).await
}

/// Adds entries with one statement.
pub(super) async fn insert_all(
    db: &impl ConnectionTrait,
    entries: &[NewEntry],
    at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut rows =
        Rows::new([("id", "uuid"), ("link", "uuid"), ("event", "text"), ("detail", "text?"), ("actor", "text?")]);
    for NewEntry { link, event, detail, actor } in entries {
        let (detail, actor) = (detail.clone().into(), actor.clone().into());
        rows.push([LinkEventId::new(at).into(), (*link).into(), event.as_str().into(), detail, actor]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO link_event (id, link_id, at, event, detail, actor) \
        SELECT id, link, {0}, event, detail, actor FROM v";
    db.execute_raw(rows.statement(db.get_database_backend(), insert, vec![at.into()])).await.map(|_| ())
}

/// Changes what entries that were wrong tell; without a detail, an entry is deleted.
pub(super) async fn correct(
    db: &impl ConnectionTrait,
    wrong: impl IntoIterator<Item = (LinkEventId, Option<String>)>,
) -> Result<(), DbErr> {
    for (entry, detail) in wrong {
        match detail {
            Some(detail) => {
                let update = Entity::update_many().col_expr(Column::Detail, Expr::value(detail));
                update.filter(Column::Id.eq(entry)).exec(db).await?;
            }
            None => {
                Entity::delete_by_id(entry).exec(db).await?;
            }
        }
    }
    Ok(())
}

/// The timeline, oldest entry first: see [`of_links`].
pub async fn timeline(db: &impl ConnectionTrait, link: LinkId) -> Result<Vec<TimelineEntry>, DbErr> {
    of_links(db, [link]).await
}

/// The timelines of several links, oldest entry first. Of a very long timeline, only the newest entries are returned.
pub async fn of_links(
    db: &impl ConnectionTrait,
    links: impl IntoIterator<Item = LinkId>,
) -> Result<Vec<TimelineEntry>, DbErr> {
    // Raw SQL: reads the newest entries of each link with one statement and still returns entities.
    let place = Expr::cust("row_number() OVER (PARTITION BY link_id ORDER BY id DESC)");
    let entries = Entity::find().filter(Column::LinkId.is_in(links)).expr_as(place, "place").into_query();
    let newest = Query::select()
        .columns(Column::iter())
        .from_subquery(entries, Alias::new("entries"))
        .and_where(Expr::col(Alias::new("place")).lte(MOST))
        .order_by(Column::At, Order::Asc)
        .order_by(Column::Id, Order::Asc)
        .to_owned();
    let found = Entity::find().from_raw_sql(db.get_database_backend().build(&newest)).all(db).await?;
    Ok(found.into_iter().flat_map(unfold).collect())
}

/// Folds a timeline into one `purged` entry. Its detail has one line per entry: milliseconds since the entry before,
/// event, and actor if any. Details, which may contain amounts or numbers, are erased.
pub(super) async fn fold(tx: &Transaction, link: &link::Model, at: DateTime<Utc>) -> Result<(), DbErr> {
    let (mut lines, mut before) = (Vec::new(), 0);
    for entry in timeline(tx, link.id).await? {
        let when = entry.at.timestamp_millis();
        let actor = entry.actor.map(|actor| format!(" {actor}")).unwrap_or_default();
        lines.push(format!("{} {}{actor}", when - before, entry.event));
        before = when;
    }
    Entity::delete_many().filter(Column::LinkId.eq(link.id)).exec(tx).await?;
    note(tx, link, at, TimelineEvent::Purged, (!lines.is_empty()).then(|| lines.join("\n"))).await
}

/// The entries folded into this one, followed by itself.
fn unfold(entry: Model) -> Vec<Model> {
    let Some(text) = entry.detail.as_deref().filter(|_| entry.event() == Some(TimelineEvent::Purged)) else {
        return vec![entry];
    };
    let mut millis = 0_i64;
    let mut all: Vec<Model> = text
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, ' ');
            millis = millis.checked_add(fields.next()?.parse().ok()?)?;
            let (at, event) = (DateTime::from_timestamp_millis(millis)?, fields.next()?.to_owned());
            let actor = fields.next().map(ToOwned::to_owned);
            Some(Model { id: LinkEventId::new(at), link_id: entry.link_id, at, event, detail: None, actor })
        })
        .collect();
    all.push(Model { detail: None, ..entry });
    all
}
