//! `/v1/batches`: many orders at once.

mod check;
mod input;
mod rows;
mod sheet;
mod steps;

use chrono::{DateTime, Utc};
use domain::BatchId;
use entity::{
    AuditAction, Batch,
    batch::{self, BatchState, Counts, NewBatch, RowState},
    merchant,
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use sea_orm::DbErr;

use self::{
    input::Sent,
    rows::RowView,
    steps::{Step, accept_start, accepted, take_step},
};
use super::Group;
use crate::{
    Api, Problem,
    auth::{Principal, Reader, Writer},
    http::{
        listing::{Listing, is_csv_wanted},
        paging::{Asked, Page, id},
        typed::{Amount, CurrencyCode, Limit, Line, Text, TextOf},
    },
    v1::command::{Answered, fingerprint},
};

pub(super) struct Batches;

/// Many orders at once.
#[derive(Debug, Object)]
#[oai(rename = "Batch", skip_serializing_if_is_none)]
pub(super) struct BatchView {
    id: Text<BatchId>,
    status: Text<BatchState>,
    /// Your name for it, such as a file name; erased after 90 days.
    name: Option<String>,
    /// Whether each link is texted to its buyer.
    send: bool,
    /// The number of rows.
    rows: i64,
    /// Valid rows still to be carried out.
    ready: i64,
    /// Invalid rows; each says why.
    refused: i64,
    /// Rows that are done: their order and link exist.
    done: i64,
    /// Rows that failed; each says why.
    failed: i64,
    /// Rows that were cancelled with the batch.
    cancelled: i64,
    /// The cost of the texts of all rows that are ready or done.
    credits: i64,
    /// The number of these texts: a buyer who wants none gets none.
    texts: i64,
    /// The totals of these rows, by currency.
    totals: Vec<BatchTotal>,
    /// The key that created it.
    actor: String,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    /// When it was done or cancelled.
    ended_at: Option<DateTime<Utc>>,
}

/// The total of a batch's rows in one currency.
#[derive(Debug, Object)]
struct BatchTotal {
    currency: CurrencyCode,
    amount: Amount,
}

impl BatchView {
    fn of(batch: Batch, counts: Counts) -> Result<Self, DbErr> {
        let total = |(currency, minor): (String, i64)| {
            let amount = rows::money(minor, &currency)?.to_decimal_string().into();
            Ok::<_, DbErr>(BatchTotal { currency: currency.into(), amount })
        };
        let totals = counts.totals.into_iter().map(total).collect::<Result<_, _>>()?;
        Ok(Self {
            id: Text(batch.id),
            status: Text(batch.state),
            name: batch.name,
            send: batch.send,
            rows: counts.rows,
            ready: counts.ready,
            refused: counts.refused,
            done: counts.done,
            failed: counts.failed,
            cancelled: counts.cancelled,
            credits: counts.credits,
            texts: counts.texts,
            totals,
            actor: batch.actor,
            created_at: batch.created_at,
            started_at: batch.started_at,
            ended_at: batch.ended_at,
        })
    }
}

#[OpenApi(tag = "Group::Batches")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl Batches {
    /// Check many orders
    ///
    /// Up to 1,000 rows, as JSON or as CSV with a header line (`key`, `number`, `customer_name`, `customer_phone`,
    /// `customer_language`, `amount`, `currency`, `notes`, `invoice_date`, `due_date`, and `metadata.` with a name of
    /// your own). Each row is checked by the rules of a single order, and none is carried out yet: the batch is
    /// `ready`, and says what it would cost and which rows are invalid. A row's key is your own. Of all rows with the
    /// same key, in any batch, one is carried out.
    ///
    /// A CSV may use commas, semicolons or tabs, UTF-8, UTF-16 or Windows-1252, amounts such as `1.129,50 EUR` or
    /// `$48.50`, if the sign is one of the row's currency, and dates such as `2026-12-31`, `31.12.2026` or, where the
    /// merchant's region writes the month first, `12/31/2026`.
    /// Without a `key`, a row's key is the order's number.
    #[oai(path = "/batches", method = "post")]
    async fn create(
        &self,
        api: Data<&Api>,
        key: Writer,
        /// For a CSV: whether each link is texted to its buyer.
        send: Query<Option<bool>>,
        /// For a CSV whose columns have other names: what each column means, in order, separated by commas. An empty
        /// name skips a column: `number,customer_name,customer_phone,,amount`.
        columns: Query<Option<Line<2000>>>,
        /// Your name for the batch, such as a file name.
        name: Query<Option<Line<200>>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        sent: Sent,
    ) -> Result<Answered<BatchView>, Problem> {
        let (rows, send) = (sent.rows, sent.send || send.0.unwrap_or_default());
        let size = sent.bytes.len() as u64;
        let columns = columns.0.map(|columns| format!(" {}", &*columns)).unwrap_or_default();
        let fingerprint = fingerprint(&format!("POST /v1/batches {send}{columns}"), &sent.bytes);
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, rows, name) = (*api, &key.0, &rows, name.0.as_ref().map(Line::trimmed));
            async move {
                let tx = api.db.begin().await?;
                let owner = merchant::get(&tx, key.merchant).await?;
                let checked = check::Checker { api, owner: &owner, send, now }.check(&tx, rows).await?;
                let id = BatchId::new(now);
                let new = NewBatch { id, merchant_id: owner.id, send, actor: key.key.to_string(), name };
                let batch = batch::insert(&tx, new, now).await?;
                batch::insert_all(&tx, &batch, checked).await?;
                tx.done(key.did(AuditAction::BatchCreate, &id), now);
                api.quotas.count_order_bytes(&tx, owner.id, size, now).await?;
                let view = BatchView::of(batch, batch::count(&tx, id).await?)?;
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
        let view = |(batch, counts)| BatchView::of(batch, counts);
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
        Ok(Json(BatchView::of(batch, counts)?))
    }

    /// See a batch's rows
    ///
    /// A page in order, or with `Accept: text/csv` all rows as CSV.
    #[oai(path = "/batches/:id/rows", method = "get")]
    async fn rows(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] batch_id: Path<TextOf<BatchId>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<i64>>>,
        /// Only rows in this state.
        status: Query<Option<Text<RowState>>>,
        accept: Header<Option<String>>,
    ) -> Result<Listing<RowView>, Problem> {
        let batch = find(&api, &key.0, &batch_id).await?;
        let state = status.0.map(Text::value);
        if is_csv_wanted(accept.0.as_deref()) {
            return Ok(Listing::Csv(rows::results(api.db.clone(), batch.merchant_id, batch.id, state), "batch"));
        }
        let asked = Asked::<i64>::new(limit.0, cursor.0);
        let (pool, after) = (api.db.pool(), asked.before.unwrap_or_default());
        let rows = batch::page(pool, batch.id, state, after, asked.fetch()).await?;
        let views = rows::views(pool, batch.merchant_id, rows).await?;
        Ok(Listing::Page(asked.page(views, RowView::number, Ok::<_, Problem>)?))
    }

    /// Start a batch
    ///
    /// Creates the order and the link of each valid row, and texts the links if that was requested.
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
    /// No further row is carried out until the batch is resumed; finished rows stay.
    #[oai(path = "/batches/:id/pause", method = "post")]
    async fn pause(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] batch_id: Path<TextOf<BatchId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
    ) -> Result<Answered<BatchView>, Problem> {
        take_step(&api, &key.0, &batch_id, idempotency_key.0, Step::Pause).await
    }

    /// Resume a batch
    ///
    /// The batch continues where it was paused.
    #[oai(path = "/batches/:id/resume", method = "post")]
    async fn resume(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] batch_id: Path<TextOf<BatchId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
    ) -> Result<Answered<BatchView>, Problem> {
        take_step(&api, &key.0, &batch_id, idempotency_key.0, Step::Resume).await
    }

    /// Cancel a batch
    ///
    /// The remaining rows are not carried out; finished ones stay.
    #[oai(path = "/batches/:id/cancel", method = "post")]
    async fn cancel(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] batch_id: Path<TextOf<BatchId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
    ) -> Result<Answered<BatchView>, Problem> {
        take_step(&api, &key.0, &batch_id, idempotency_key.0, Step::Cancel).await
    }
}

async fn find(api: &Api, key: &Principal, batch_id: &str) -> Result<Batch, Problem> {
    batch::find(api.db.pool(), key.merchant, id(batch_id)?).await?.ok_or_else(Problem::not_found)
}
