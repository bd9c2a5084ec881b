//! `/v1/batches`: many orders at once.

mod check;
mod input;

use chrono::{DateTime, Utc};
use domain::{BatchId, LinkId, MessageId, OrderId};
use entity::{
    AuditAction, Batch, Db, Transaction,
    batch::{self, BatchRow, BatchState, Counts, RowState},
    merchant,
};
use poem::{http::StatusCode, web::Data};
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use queue::{EnqueueOptions, EnqueuedJob, RunBatch, enqueue};

use self::input::Sent;
use super::{Group, links::ready_owner};
use crate::{
    Api, Problem,
    auth::{Principal, Reader, Writer, audit::act_of_key},
    http::{
        listing::{self, AT_A_TIME, Listing, is_csv_wanted},
        paging::{Asked, Page, id},
        typed::{Limit, Text, TextOf},
    },
    v1::command::{Accepted, Answered, fingerprint},
};

pub(super) struct Batches;

/// What a details page takes up in the store, about.
const BYTES_OF_A_PAGE: u64 = 40 * 1024;

/// Many orders at once.
#[derive(Debug, Object)]
#[oai(rename = "Batch", skip_serializing_if_is_none)]
pub(super) struct BatchView {
    id: Text<BatchId>,
    status: Text<BatchState>,
    /// Whether each link is sent to its buyer.
    send: bool,
    /// How many rows it has.
    rows: i64,
    /// How many can be done and are not yet.
    ready: i64,
    /// How many cannot be done; each says why.
    refused: i64,
    /// How many are done: there are an order and a link.
    done: i64,
    /// How many were begun and could not be done; each says why.
    failed: i64,
    /// How many were not done when it was cancelled.
    cancelled: i64,
    /// What its texts cost: of rows that can be done, and of those that are.
    credits: i64,
    /// The key that began it.
    actor: String,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    /// When it was done or cancelled.
    ended_at: Option<DateTime<Utc>>,
}

impl BatchView {
    fn of(batch: Batch, counts: Counts) -> Self {
        Self {
            id: Text(batch.id),
            status: Text(batch.state),
            send: batch.send,
            rows: counts.rows,
            ready: counts.ready,
            refused: counts.refused,
            done: counts.done,
            failed: counts.failed,
            cancelled: counts.cancelled,
            credits: counts.credits,
            actor: batch.actor,
            created_at: batch.created_at,
            started_at: batch.started_at,
            ended_at: batch.ended_at,
        }
    }
}

/// A row of a batch.
#[derive(Debug, Object)]
#[oai(rename = "BatchRow", skip_serializing_if_is_none)]
struct RowView {
    /// Which row, from 1.
    number: i64,
    key: String,
    status: Text<RowState>,
    /// What its text costs.
    credits: i64,
    /// What is wrong with it, or worth to know: a problem's code, `duplicate_key`, `duplicate_number`, `order_exists`, `done_before`,
    /// or, of a row that is done without a text, why there is none, such as `opted_out`.
    problem: Option<String>,
    /// The same for people.
    detail: Option<String>,
    /// The order that it became, in this batch or in one before.
    order_id: Option<Text<OrderId>>,
    link_id: Option<Text<LinkId>>,
    message_id: Option<Text<MessageId>>,
}

impl From<BatchRow> for RowView {
    fn from(row: BatchRow) -> Self {
        Self {
            number: row.number,
            key: row.key,
            status: Text(row.state),
            credits: row.credits,
            problem: row.problem,
            detail: row.detail,
            order_id: row.order_id.map(Text),
            link_id: row.link_id.map(Text),
            message_id: row.message_id.map(Text),
        }
    }
}

/// The columns of the results.
const COLUMNS: [&str; 8] = ["number", "key", "status", "problem", "detail", "order_id", "link_id", "message_id"];

/// What became of a batch, as CSV.
fn results(db: Db, batch: BatchId) -> poem::Body {
    listing::csv(&COLUMNS, move |after: Option<i64>| {
        let db = db.clone();
        async move {
            let rows = batch::page(db.pool(), batch, after.unwrap_or_default(), AT_A_TIME).await;
            let rows = rows.map_err(std::io::Error::other)?;
            let last = rows.last().map(|row| row.number).filter(|_| rows.len() as u64 == AT_A_TIME);
            Ok((rows.into_iter().map(cells).collect(), last))
        }
    })
}

fn cells(row: BatchRow) -> Vec<String> {
    vec![
        row.number.to_string(),
        row.key,
        row.state.to_string(),
        row.problem.unwrap_or_default(),
        row.detail.unwrap_or_default(),
        row.order_id.map(|order| order.to_string()).unwrap_or_default(),
        row.link_id.map(|link| link.to_string()).unwrap_or_default(),
        row.message_id.map(|message| message.to_string()).unwrap_or_default(),
    ]
}

#[OpenApi(tag = "Group::Batches")]
impl Batches {
    /// Check many orders
    ///
    /// Up to 1,000 rows, as JSON or as CSV with a line of names (`key`, `number`, `customer_name`, `customer_phone`,
    /// `customer_language`, `amount`, `currency`, `notes`). Each is looked at by the rules of a single order, and nothing is done yet:
    /// the batch is `ready`, and says what it would cost and which rows cannot be done. A row's key is yours, and makes it happen
    /// once, in whatever batch.
    #[oai(path = "/batches", method = "post")]
    async fn create(
        &self,
        api: Data<&Api>,
        key: Writer,
        /// Of a CSV, whether each link is sent to its buyer.
        send: Query<Option<bool>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        sent: Sent,
    ) -> Result<Answered<BatchView>, Problem> {
        let (rows, send) = (sent.rows, sent.send || send.0.unwrap_or_default());
        let size = sent.bytes.len() as u64;
        let fingerprint = fingerprint(&format!("POST /v1/batches {send}"), &sent.bytes);
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, rows) = (*api, &key.0, &rows);
            async move {
                let tx = api.db.begin().await?;
                let owner = merchant::get(&tx, key.merchant).await?;
                let checked = check::Checker { api, owner: &owner, send, now }.check(&tx, rows).await?;
                let id = BatchId::new(now);
                let batch = batch::insert(&tx, id, owner.id, send, key.key.to_string(), now).await?;
                batch::insert_all(&tx, &batch, checked).await?;
                act_of_key(&tx, key, AuditAction::BatchCreate, id, None, now);
                api.quotas.count_order_bytes(&tx, owner.id, size, now).await?;
                let view = BatchView::of(batch, batch::count(&tx, id).await?);
                Ok(accepted(tx, id, view, None))
            }
        })
        .await
    }

    /// List batches
    #[oai(path = "/batches", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Reader,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<BatchId>>>,
    ) -> Result<Json<Page<BatchView>>, Problem> {
        let asked = Asked::<BatchId>::new(limit.0, cursor.0);
        let pool = api.db.pool();
        let mut found = Vec::new();
        for batch in batch::list(pool, key.0.merchant, asked.before, asked.fetch()).await? {
            let counts = batch::count(pool, batch.id).await?;
            found.push((batch, counts));
        }
        let view = |(batch, counts)| Ok::<_, Problem>(BatchView::of(batch, counts));
        Ok(Json(asked.page(found, |(batch, _)| batch.id, view)?))
    }

    /// See a batch
    #[oai(path = "/batches/:id", method = "get")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] batch_id: Path<TextOf<BatchId>>,
    ) -> Result<Json<BatchView>, Problem> {
        let batch = find(&api, &key.0, &batch_id).await?;
        let counts = batch::count(api.db.pool(), batch.id).await?;
        Ok(Json(BatchView::of(batch, counts)))
    }

    /// See a batch's rows
    ///
    /// A page in their order, or with `Accept: text/csv` all of them as CSV.
    #[oai(path = "/batches/:id/rows", method = "get")]
    async fn rows(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] batch_id: Path<TextOf<BatchId>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<i64>>>,
        accept: Header<Option<String>>,
    ) -> Result<Listing<RowView>, Problem> {
        let batch = find(&api, &key.0, &batch_id).await?;
        if is_csv_wanted(accept.0.as_deref()) {
            return Ok(Listing::Csv(results(api.db.clone(), batch.id), "batch"));
        }
        let asked = Asked::<i64>::new(limit.0, cursor.0);
        let rows = batch::page(api.db.pool(), batch.id, asked.before.unwrap_or_default(), asked.fetch()).await?;
        Ok(Listing::Page(asked.page(rows, |row| row.number, |row| Ok::<_, Problem>(row.into()))?))
    }

    /// Start a batch
    ///
    /// Makes the order and the link of each row that can be done, and sends them if that was asked for.
    #[oai(path = "/batches/:id/start", method = "post")]
    async fn start(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] batch_id: Path<TextOf<BatchId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
    ) -> Result<Answered<BatchView>, Problem> {
        let fingerprint = fingerprint(&format!("POST start {}", batch_id.0), &[]);
        api.backlogs.check(&api.db, key.0.merchant, &api.quotas).await?;
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, batch_id) = (*api, &key.0, &*batch_id.0);
            async move { accept_start(api, key, batch_id, now).await }
        })
        .await
    }

    /// Pause a batch
    ///
    /// No further row is begun until it is resumed; what was done stays.
    #[oai(path = "/batches/:id/pause", method = "post")]
    async fn pause(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] batch_id: Path<TextOf<BatchId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
    ) -> Result<Answered<BatchView>, Problem> {
        let fingerprint = fingerprint(&format!("POST pause {}", batch_id.0), &[]);
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, batch_id) = (*api, &key.0, &*batch_id.0);
            async move {
                let tx = api.db.begin().await?;
                let batch = find_in(&tx, key, batch_id).await?;
                if batch::pause(&tx, &batch).await? {
                    act_of_key(&tx, key, AuditAction::BatchPause, batch.id, None, now);
                } else if batch.state != BatchState::Paused {
                    return Err(Problem::conflict("batch_not_running", "The batch is not under way."));
                }
                answer(tx, key, batch_id, None).await
            }
        })
        .await
    }

    /// Resume a batch
    ///
    /// It goes on where it was paused.
    #[oai(path = "/batches/:id/resume", method = "post")]
    async fn resume(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] batch_id: Path<TextOf<BatchId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
    ) -> Result<Answered<BatchView>, Problem> {
        let fingerprint = fingerprint(&format!("POST resume {}", batch_id.0), &[]);
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, batch_id) = (*api, &key.0, &*batch_id.0);
            async move {
                let tx = api.db.begin().await?;
                let batch = find_in(&tx, key, batch_id).await?;
                if batch::resume(&tx, &batch).await? {
                    act_of_key(&tx, key, AuditAction::BatchResume, batch.id, None, now);
                    let job = RunBatch { merchant: batch.merchant_id, batch: batch.id };
                    let options = EnqueueOptions::for_merchant(batch.merchant_id);
                    let enqueued_job = enqueue(&tx, &job, options, now).await?;
                    return answer(tx, key, batch_id, enqueued_job).await;
                }
                if batch.state != BatchState::Running {
                    return Err(Problem::conflict("batch_not_paused", "The batch is not paused."));
                }
                answer(tx, key, batch_id, None).await
            }
        })
        .await
    }

    /// Cancel a batch
    ///
    /// What was not done of it will not be; what was done stays.
    #[oai(path = "/batches/:id/cancel", method = "post")]
    async fn cancel(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] batch_id: Path<TextOf<BatchId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
    ) -> Result<Answered<BatchView>, Problem> {
        let fingerprint = fingerprint(&format!("POST cancel {}", batch_id.0), &[]);
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, batch_id) = (*api, &key.0, &*batch_id.0);
            async move {
                let tx = api.db.begin().await?;
                let batch = find_in(&tx, key, batch_id).await?;
                if batch::end(&tx, &batch, BatchState::Cancelled, now).await? {
                    act_of_key(&tx, key, AuditAction::BatchCancel, batch.id, None, now);
                } else if batch.state != BatchState::Cancelled {
                    return Err(Problem::conflict("batch_done", "The batch is done already."));
                }
                answer(tx, key, batch_id, None).await
            }
        })
        .await
    }
}

async fn find(api: &Api, key: &Principal, batch_id: &str) -> Result<Batch, Problem> {
    batch::find(api.db.pool(), key.merchant, id(batch_id)?).await?.ok_or_else(Problem::not_found)
}

async fn find_in(tx: &Transaction, key: &Principal, batch_id: &str) -> Result<Batch, Problem> {
    batch::find(tx, key.merchant, id(batch_id)?).await?.ok_or_else(Problem::not_found)
}

async fn accept_start(
    api: &Api,
    key: &Principal,
    batch_id: &str,
    now: DateTime<Utc>,
) -> Result<Accepted<BatchView>, Problem> {
    let tx = api.db.begin().await?;
    let batch = find_in(&tx, key, batch_id).await?;
    match batch.state {
        BatchState::Ready => {}
        BatchState::Running | BatchState::Paused | BatchState::Done => return answer(tx, key, batch_id, None).await,
        BatchState::Cancelled => return Err(Problem::conflict("batch_cancelled", "The batch was cancelled.")),
    }
    let owner = ready_owner(&tx, key.merchant).await?;
    let counts = batch::count(&tx, batch.id).await?;
    if counts.credits > owner.available {
        let detail = format!("The batch costs {} credits and {} are available.", counts.credits, owner.available);
        return Err(Problem::new(StatusCode::PAYMENT_REQUIRED, "insufficient_credits", detail));
    }
    let room = u64::try_from(counts.ready).unwrap_or_default() * BYTES_OF_A_PAGE;
    api.quotas.check_room(&tx, owner.id, room).await?;
    for _ in 0..counts.texts {
        api.quotas.count_text(&tx, owner.id, now).await?;
    }
    if !batch::start(&tx, &batch, now).await? {
        tx.rollback().await?;
        return Err(Problem::conflict("batch_started", "Somebody else has just started or cancelled the batch."));
    }
    act_of_key(&tx, key, AuditAction::BatchStart, batch.id, None, now);
    let job = RunBatch { merchant: owner.id, batch: batch.id };
    let enqueued_job = enqueue(&tx, &job, EnqueueOptions::for_merchant(owner.id), now).await?;
    answer(tx, key, batch_id, enqueued_job).await
}

/// The answer to a command about a batch: as it is now.
async fn answer(
    tx: Transaction,
    key: &Principal,
    batch_id: &str,
    enqueued_job: Option<EnqueuedJob>,
) -> Result<Accepted<BatchView>, Problem> {
    let batch = find_in(&tx, key, batch_id).await?;
    let (id, counts) = (batch.id, batch::count(&tx, batch.id).await?);
    Ok(accepted(tx, id, BatchView::of(batch, counts), enqueued_job))
}

fn accepted(tx: Transaction, id: BatchId, view: BatchView, enqueued_job: Option<EnqueuedJob>) -> Accepted<BatchView> {
    Accepted { tx, location: format!("/v1/batches/{id}"), view, enqueued: enqueued_job.into_iter().collect() }
}
