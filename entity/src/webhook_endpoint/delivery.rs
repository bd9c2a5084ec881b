//! Deliveries: which change goes to which endpoint, and with what result.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*, sea_query::LockType};
use uuid::Uuid;

use crate::{
    Rows, Transaction,
    change::{self, NumberedChange},
    webhook_endpoint::{self as endpoint, WebhookEndpoint},
};
use domain::{MerchantId, WebhookDeliveryId, WebhookEndpointId, words};

/// What a delivery that tells of no change is called.
const TEST: &str = "endpoint.test";

/// How many rows one statement writes.
const A_STATEMENT: usize = 1_000;

words! {
    /// How a delivery stands.
    pub enum DeliveryState {
        /// It is to be tried, or tried again.
        Pending = "pending",
        /// The endpoint has it.
        Delivered = "delivered",
        /// It was tried as often as is tried, or the endpoint is disabled.
        Failed = "failed",
    }
}

/// A delivery.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_delivery")]
pub struct Model {
    /// Its id: the same for each attempt.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookDeliveryId,
    /// Where it goes to.
    pub endpoint_id: WebhookEndpointId,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// The number of the change; absent: it is a test.
    pub seq: Option<i64>,
    /// The number of the change before it that this endpoint was to be told of.
    pub previous_seq: Option<i64>,
    /// What has happened.
    pub kind: String,
    /// What it is about.
    pub subject_id: Uuid,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// How it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: i64,
    /// When it is to be tried next, if it is.
    pub due_at: DateTime<Utc>,
    /// When it was tried last.
    pub attempted_at: Option<DateTime<Utc>>,
    /// What was answered then.
    pub answered_status: Option<i64>,
    /// How long that took.
    pub answered_in_ms: Option<i64>,
    /// Why it was not taken, in words for the merchant.
    pub error: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as WebhookDelivery;

impl Model {
    /// The change that it tells of; none of a test.
    #[must_use]
    pub fn change(&self) -> Option<NumberedChange> {
        Some(NumberedChange {
            merchant_id: self.merchant_id,
            seq: self.seq?,
            at: self.at,
            kind: self.kind.parse().ok()?,
            subject_id: self.subject_id,
            order_id: None,
            conversation_id: None,
            link_id: None,
        })
    }
}

/// Writes what is to be delivered of changes that were just numbered, in the same transaction; answers the endpoints to which there is
/// something new to deliver, held. What a disabled endpoint misses is counted all the same, so that its next webhook shows a gap.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn write_of(tx: &Transaction, changes: &[NumberedChange]) -> Result<Vec<WebhookEndpoint>, DbErr> {
    let merchants: BTreeSet<MerchantId> = changes.iter().map(|change| change.merchant_id).collect();
    if merchants.is_empty() {
        return Ok(Vec::new());
    }
    let endpoints = endpoint::Entity::find()
        .filter(endpoint::Column::MerchantId.is_in(merchants))
        .order_by_asc(endpoint::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(tx)
        .await?;
    let (mut drafts, mut moved, mut fresh) = (Vec::new(), Vec::new(), Vec::new());
    for endpoint in endpoints {
        let events = endpoint.subscription()?;
        let mut last = endpoint.last_seq;
        let told =
            changes.iter().filter(|change| change.merchant_id == endpoint.merchant_id && events.include(change.kind));
        for change in told {
            if endpoint.disabled_at.is_none() {
                drafts.push(Draft { endpoint: endpoint.id, previous: last, change });
            }
            last = Some(change.seq);
        }
        if let Some(last) = last.filter(|_| last != endpoint.last_seq) {
            moved.push((endpoint.id, last));
            if endpoint.disabled_at.is_none() {
                fresh.push(endpoint);
            }
        }
    }
    insert_all(tx, &drafts).await?;
    move_all(tx, &moved).await?;
    Ok(fresh)
}

/// Notes the last change that each of these endpoints would have been told of.
async fn move_all(tx: &Transaction, moved: &[(WebhookEndpointId, i64)]) -> Result<(), DbErr> {
    for moved in moved.chunks(A_STATEMENT) {
        let mut rows = Rows::new([("endpoint", "uuid"), ("reached", "bigint")]);
        for (id, last) in moved {
            rows.push([(*id).into(), (*last).into()]);
        }
        let update = "UPDATE webhook_endpoint SET last_seq = v.reached FROM v WHERE id = v.endpoint";
        tx.execute_raw(rows.statement(tx.get_database_backend(), update, Vec::new())).await?;
    }
    Ok(())
}

struct Draft<'a> {
    endpoint: WebhookEndpointId,
    previous: Option<i64>,
    change: &'a NumberedChange,
}

/// Writes deliveries that are due at once, but for those that are there.
async fn insert_all(tx: &Transaction, drafts: &[Draft<'_>]) -> Result<u64, DbErr> {
    let mut written = 0;
    for drafts in drafts.chunks(A_STATEMENT) {
        let mut rows = Rows::new([
            ("delivery", "uuid"),
            ("endpoint", "uuid"),
            ("merchant", "uuid"),
            ("number", "bigint?"),
            ("previous", "bigint?"),
            ("word", "text"),
            ("subject", "uuid"),
            ("happened", "timestamptz"),
            ("is_state", "text"),
        ]);
        for Draft { endpoint, previous, change } in drafts {
            rows.push([
                WebhookDeliveryId::new(change.at).into(),
                (*endpoint).into(),
                change.merchant_id.into(),
                change.seq.into(),
                (*previous).into(),
                change.kind.as_str().into(),
                change.subject_id.into(),
                change.at.into(),
                DeliveryState::Pending.into(),
            ]);
        }
        let insert = "INSERT INTO webhook_delivery \
            (id, endpoint_id, merchant_id, seq, previous_seq, kind, subject_id, at, state, due_at) \
            SELECT delivery, endpoint, merchant, number, previous, word, subject, happened, is_state, happened FROM v \
            WHERE true ON CONFLICT DO NOTHING";
        written += tx.execute_raw(rows.statement(tx.get_database_backend(), insert, Vec::new())).await?.rows_affected();
    }
    Ok(written)
}

/// Writes a delivery that tells of nothing but that it works.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn write_test(
    tx: &Transaction,
    endpoint: &WebhookEndpoint,
    now: DateTime<Utc>,
) -> Result<WebhookDelivery, DbErr> {
    use sea_orm::ActiveValue::Set;
    let row = ActiveModel {
        id: Set(WebhookDeliveryId::new(now)),
        endpoint_id: Set(endpoint.id),
        merchant_id: Set(endpoint.merchant_id),
        kind: Set(TEST.to_owned()),
        subject_id: Set(endpoint.id.uuid()),
        at: Set(now),
        state: Set(DeliveryState::Pending),
        tries: Set(0),
        due_at: Set(now),
        ..Default::default()
    };
    row.insert(tx).await
}

/// How far back it is looked for what has the smaller number. Changes that are written at the same time are numbered in another order than
/// they began by no more than are written at once.
const LOOKED_BACK: usize = 32;

/// What is to be delivered to an endpoint next, if anything is due: in the order in which it became due, and what was not tried yet in the
/// order of its numbers.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn next_due(
    db: &impl ConnectionTrait,
    endpoint: WebhookEndpointId,
    now: DateTime<Utc>,
) -> Result<Option<WebhookDelivery>, DbErr> {
    let Some(mut next) = first_pending(db, endpoint).await?.filter(|delivery| delivery.due_at <= now) else {
        return Ok(None);
    };
    for _ in 0..LOOKED_BACK {
        let Some(previous) = next.previous_seq.filter(|_| next.tries == 0) else { break };
        let before = Entity::find()
            .filter(Column::EndpointId.eq(endpoint))
            .filter(Column::Seq.eq(previous))
            .filter(Column::State.eq(DeliveryState::Pending))
            .filter(Column::Tries.eq(0))
            .one(db)
            .await?;
        let Some(before) = before else { break };
        next = before;
    }
    Ok(Some(next))
}

/// What is to be delivered to an endpoint first, now or later.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn first_pending(
    db: &impl ConnectionTrait,
    endpoint: WebhookEndpointId,
) -> Result<Option<WebhookDelivery>, DbErr> {
    Entity::find()
        .filter(Column::EndpointId.eq(endpoint))
        .filter(Column::State.eq(DeliveryState::Pending))
        .order_by_asc(Column::DueAt)
        .order_by_asc(Column::Seq)
        .limit(1)
        .one(db)
        .await
}

/// A page of an endpoint's deliveries, newest first; only those in a state, if it is given.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn list(
    db: &impl ConnectionTrait,
    endpoint: WebhookEndpointId,
    state: Option<DeliveryState>,
    before: Option<WebhookDeliveryId>,
    limit: u64,
) -> Result<Vec<WebhookDelivery>, DbErr> {
    let mut query = Entity::find().filter(Column::EndpointId.eq(endpoint));
    if let Some(state) = state {
        query = query.filter(Column::State.eq(state));
    }
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(limit).all(db).await
}

/// A delivery of an endpoint.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find(
    db: &impl ConnectionTrait,
    endpoint: WebhookEndpointId,
    id: WebhookDeliveryId,
) -> Result<Option<WebhookDelivery>, DbErr> {
    Entity::find_by_id(id).filter(Column::EndpointId.eq(endpoint)).one(db).await
}

/// Has a delivery tried at once, and again from the beginning of the schedule, whatever became of it.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn redeliver(
    tx: &Transaction,
    delivery: WebhookDelivery,
    now: DateTime<Utc>,
) -> Result<WebhookDelivery, DbErr> {
    use sea_orm::ActiveValue::Set;
    let mut row: ActiveModel = delivery.into();
    row.state = Set(DeliveryState::Pending);
    row.tries = Set(0);
    row.due_at = Set(now);
    row.update(tx).await
}

/// Has everything tried again that an endpoint which is held was not told of since a time: what failed, and what happened while it was
/// disabled, as far as the feed has it. Answers how much.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn recover(
    tx: &Transaction,
    endpoint: &WebhookEndpoint,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let failed = Entity::update_many()
        .col_expr(Column::State, Expr::value(DeliveryState::Pending))
        .col_expr(Column::Tries, Expr::value(0_i64))
        .col_expr(Column::DueAt, Expr::value(now))
        .filter(Column::EndpointId.eq(endpoint.id))
        .filter(Column::State.eq(DeliveryState::Failed))
        .filter(Column::Seq.is_not_null())
        .filter(Column::At.gte(since))
        .exec(tx)
        .await?;
    let events = endpoint.subscription()?;
    let first = change::first_since(tx, endpoint.merchant_id, since.max(endpoint.created_at)).await?;
    let (mut recovered, mut after, mut previous) = (failed.rows_affected, first - 1, None);
    loop {
        let page = change::after(tx, endpoint.merchant_id, after, A_STATEMENT as u64).await?;
        let Some(last) = page.last().map(|change| change.seq) else { return Ok(recovered) };
        after = last;
        let mut drafts = Vec::new();
        for change in page.iter().filter(|change| events.include(change.kind)) {
            // Before it was made, or since the last that it was to be told of, there is nothing that it has missed.
            let is_missed = change.at >= since.max(endpoint.created_at) && Some(change.seq) <= endpoint.last_seq;
            if is_missed {
                drafts.push(Draft { endpoint: endpoint.id, previous, change });
            }
            previous = Some(change.seq);
        }
        recovered += insert_all(tx, &drafts).await?;
    }
}

/// Removes deliveries of changes that are older than `cutoff`, but for those that are under way; answers how many.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn forget_before(db: &impl ConnectionTrait, cutoff: DateTime<Utc>) -> Result<u64, DbErr> {
    let (mut forgotten, mut after) = (0, None);
    loop {
        // Ids come with time: what is old is at the beginning of their index.
        let mut query = Entity::find().select_only().columns([Column::Id, Column::At]).order_by_asc(Column::Id);
        if let Some(after) = after {
            query = query.filter(Column::Id.gt(after));
        }
        let page: Vec<(WebhookDeliveryId, DateTime<Utc>)> =
            query.limit(A_STATEMENT as u64).into_tuple().all(db).await?;
        let old: Vec<WebhookDeliveryId> =
            page.into_iter().take_while(|(_, at)| *at < cutoff).map(|(id, _)| id).collect();
        let Some(last) = old.last().copied() else { return Ok(forgotten) };
        after = Some(last);
        let over = Entity::delete_many().filter(Column::Id.is_in(old)).filter(Column::State.ne(DeliveryState::Pending));
        forgotten += over.exec(db).await?.rows_affected;
    }
}
