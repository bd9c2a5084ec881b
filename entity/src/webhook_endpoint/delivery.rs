//! Deliveries: which change goes to which endpoint, and with what result.

mod insert;

use chrono::{DateTime, Utc};
use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*};
use uuid::Uuid;

use insert::{Draft, insert_all};
pub use insert::{write_of, write_test};

use crate::{
    Transaction,
    change::{self, NumberedChange},
    webhook_endpoint::WebhookEndpoint,
};
use domain::{MerchantId, WebhookDeliveryId, WebhookEndpointId, words};

/// The kind of a test delivery, which reports no change.
const TEST: &str = "endpoint.test";

/// The most rows in one statement.
const A_STATEMENT: usize = 1_000;

words! {
    /// The state of a delivery.
    pub enum DeliveryState {
        /// To be tried, or retried.
        Pending = "pending",
        /// Accepted by the endpoint.
        Delivered = "delivered",
        /// All tries failed, or the endpoint is disabled.
        Failed = "failed",
    }
}

/// A webhook delivery.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_delivery")]
pub struct Model {
    /// The id of the delivery, the same for each attempt.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookDeliveryId,
    /// The endpoint it goes to.
    pub endpoint_id: WebhookEndpointId,
    /// The endpoint's merchant.
    pub merchant_id: MerchantId,
    /// The number of the change; `None` for a test.
    pub seq: Option<i64>,
    /// The number of the endpoint's change before it.
    pub previous_seq: Option<i64>,
    /// The kind of the change.
    pub kind: String,
    /// The id of what changed.
    pub subject_id: Uuid,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The state of the delivery.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: i64,
    /// When it is next tried, if it is.
    pub due_at: DateTime<Utc>,
    /// When it was last tried.
    pub attempted_at: Option<DateTime<Utc>>,
    /// The HTTP status of the last answer.
    pub answered_status: Option<i64>,
    /// How long the last answer took.
    pub answered_in_ms: Option<i64>,
    /// Why the last attempt failed, for the merchant.
    pub error: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as WebhookDelivery;

impl Model {
    /// The change it reports; `None` for a test.
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

/// How far back to look for a smaller number. The order of numbers differs from the order in which changes began by at
/// most the number of concurrent writes.
const LOOKED_BACK: usize = 32;

/// The next delivery of an endpoint, if one is due: in the order in which they became due, and untried ones in the
/// order of their numbers.
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

/// The first delivery of an endpoint, due now or later.
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

/// A page of an endpoint's deliveries, newest first. Optionally of one state.
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
pub async fn find(
    db: &impl ConnectionTrait,
    endpoint: WebhookEndpointId,
    id: WebhookDeliveryId,
) -> Result<Option<WebhookDelivery>, DbErr> {
    Entity::find_by_id(id).filter(Column::EndpointId.eq(endpoint)).one(db).await
}

/// Schedules a delivery to be tried at once, with a fresh retry schedule, whatever its state.
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

/// Delivers everything that a locked endpoint missed since a time: failed deliveries, and changes from while it was
/// disabled, as far as the feed still has them. Returns how many.
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
            // Nothing was missed before the endpoint was created, or after the latest change counted for it.
            let is_missed = change.at >= since.max(endpoint.created_at) && Some(change.seq) <= endpoint.last_seq;
            if is_missed {
                drafts.push(Draft { endpoint: endpoint.id, previous, change });
            }
            previous = Some(change.seq);
        }
        recovered += insert_all(tx, &drafts).await?;
    }
}

/// Removes deliveries of changes older than `cutoff`, except pending ones. Returns how many.
pub async fn forget_before(db: &impl ConnectionTrait, cutoff: DateTime<Utc>) -> Result<u64, DbErr> {
    let (mut forgotten, mut after) = (0, None);
    loop {
        // Ids are in order of time, so old rows come first in their index.
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
