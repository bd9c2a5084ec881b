//! A link's timeline: what happened, in order, for people to read.

use chrono::{DateTime, Utc};
use sea_orm::{
    ExprTrait, Iterable, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{Alias, Expr, Order, Query},
};

use crate::{
    Rows, Transaction,
    change::{Change, ChangeKind},
    link,
};
use domain::{LinkEventId, LinkId, MerchantId};

/// How many entries of a timeline are shown. An ordinary link has a dozen; but whoever signs webhooks can have noted of an own link what
/// they like, and how often they like.
const MOST: i32 = 200;

/// One entry of a link's timeline.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "link_event")]
pub struct Model {
    /// Its id; ids sort by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LinkEventId,
    /// Whose timeline.
    pub link_id: LinkId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What: a state's name, or a word such as `sent`, `refunded`.
    pub event: String,
    /// More of it; erased by the purge.
    pub detail: Option<String>,
    /// Who did it, as the audit log says it, if it was somebody with a key.
    pub actor: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The entry that a purge leaves.
const PURGED: &str = "purged";

impl Model {
    /// Who did it: somebody with a key, as the audit log says it, or `buyer`, `stripe`, `carrier` or `system`.
    #[must_use]
    pub fn actor(&self) -> &str {
        self.actor.as_deref().unwrap_or(match self.event.as_str() {
            "viewed" | "unrecognised" | "recognised" | "payment_expected" | "new_link_wanted" => "buyer",
            "sent" => "carrier",
            "unpaid" | "processing" | "paid" | "paid_again" | "payment_failed" | "refunded" | "refund_pending"
            | "refund_failed" | "disputed" | "dispute_closed" | "voided" | "expired" | "closed_at_stripe"
            | "renewed" | "void_refused" | "close_failed" => "stripe",
            _ => "system",
        })
    }

    /// How the dispute ended that this entry tells the end of, in Stripe's word; nothing once the purge has erased it.
    #[must_use]
    pub fn dispute_end(&self) -> Option<&str> {
        let detail = self.detail.as_deref().filter(|_| self.event == "dispute_closed")?;
        detail.split(',').next()
    }
}

pub use Model as TimelineEntry;

/// An entry that is to be added.
#[derive(Debug)]
pub(super) struct NewEntry {
    /// Whose timeline.
    pub(super) link: LinkId,
    /// What happened.
    pub(super) event: &'static str,
    /// More of it.
    pub(super) detail: Option<String>,
    /// Who did it, if it was somebody with a key.
    pub(super) actor: Option<String>,
}

impl NewEntry {
    /// An entry of something that nobody with a key did.
    pub(super) const fn new(link: LinkId, event: &'static str, detail: Option<String>) -> Self {
        Self { link, event, detail, actor: None }
    }
}

/// Adds an entry, and tells whoever follows the link.
///
/// # Errors
/// When the database does not answer.
pub async fn note(
    tx: &Transaction,
    link: &link::Model,
    at: DateTime<Utc>,
    event: &'static str,
    detail: Option<String>,
) -> Result<(), DbErr> {
    tx.changed(Change::link(ChangeKind::LinkUpdated, link, at));
    insert_all(tx, &[NewEntry::new(link.id, event, detail)], at).await
}

/// Adds an entry about a message that carries the link.
pub(crate) async fn note_message(
    tx: &Transaction,
    (merchant, link): (MerchantId, LinkId),
    at: DateTime<Utc>,
    event: &'static str,
) -> Result<(), DbErr> {
    tx.changed(Change::timeline(merchant, link, at));
    insert_all(tx, &[NewEntry::new(link, event, None)], at).await
}

/// Adds entries, by one statement.
pub(super) async fn insert_all(
    db: &impl ConnectionTrait,
    entries: &[NewEntry],
    at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut rows =
        Rows::new([("id", "uuid"), ("link", "uuid"), ("event", "text"), ("detail", "text?"), ("actor", "text?")]);
    for NewEntry { link, event, detail, actor } in entries {
        let (detail, actor) = (detail.clone().into(), actor.clone().into());
        rows.push([LinkEventId::new(at).into(), (*link).into(), (*event).into(), detail, actor]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO link_event (id, link_id, at, event, detail, actor) \
        SELECT id, link, {0}, event, detail, actor FROM v";
    db.execute_raw(rows.statement(db.get_database_backend(), insert, vec![at.into()])).await.map(|_| ())
}

/// The timeline, oldest first: see [`of_links`].
///
/// # Errors
/// When the database does not answer.
pub async fn timeline(db: &impl ConnectionTrait, link: LinkId) -> Result<Vec<TimelineEntry>, DbErr> {
    of_links(db, [link]).await
}

/// The timelines of several links, oldest entry first; of each the newest ones, if there are very many.
///
/// # Errors
/// When the database does not answer.
pub async fn of_links(
    db: &impl ConnectionTrait,
    links: impl IntoIterator<Item = LinkId>,
) -> Result<Vec<TimelineEntry>, DbErr> {
    // Raw SQL: the newest few of each link by one statement, whose rows are entities all the same.
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

/// Leaves of a timeline one entry, `purged`, which has what happened before, when and by whom in its detail: a line for each, with the
/// milliseconds since the line before, the word, and the actor if there was one. What the details said, amounts or numbers among it, is
/// gone.
pub(super) async fn fold(tx: &Transaction, link: &link::Model, at: DateTime<Utc>) -> Result<(), DbErr> {
    let (mut lines, mut before) = (Vec::new(), 0);
    for entry in timeline(tx, link.id).await? {
        let when = entry.at.timestamp_millis();
        let actor = entry.actor.map(|actor| format!(" {actor}")).unwrap_or_default();
        lines.push(format!("{} {}{actor}", when - before, entry.event));
        before = when;
    }
    Entity::delete_many().filter(Column::LinkId.eq(link.id)).exec(tx).await?;
    note(tx, link, at, PURGED, (!lines.is_empty()).then(|| lines.join("\n"))).await
}

/// What an entry stands for: itself, or all that was folded into it and then itself.
fn unfold(entry: Model) -> Vec<Model> {
    let Some(text) = entry.detail.as_deref().filter(|_| entry.event == PURGED) else { return vec![entry] };
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
