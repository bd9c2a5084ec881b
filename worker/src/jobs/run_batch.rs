//! `run_batch`: creates the orders and links of a batch row by row, each exactly once even across crashes: the order is
//! recorded on its row in the transaction that creates it, and the row is done in the transaction that creates the
//! link.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{LinkId, MessageId, OwnReminding, link::lifetime, sha256, template::Purpose};
use entity::{
    AuditAction, Batch, Documents, Merchant, Order, Transaction,
    audit::{self, Act},
    batch::{self, BatchRow, BatchState, RowContent, RowProblem},
    conversation::{self, Correspondent},
    link::{self, NewLink},
    link_text::text_of_link,
    merchant,
    message::{self, NewMessage, NotAccepted, Origin},
    message_template::{self, TemplateReadError},
    order,
};
use queue::{Done, EnqueueOptions, JobError, JobHandler, Kind, Lease, RunBatch, StoreInvoice, enqueue, recovery};
use sea_orm::{DbErr, SqlErr};

use super::nothing_to_do;
use crate::{
    JobContext,
    details_pdf::{DetailsError, DetailsRequest},
};

/// How many rows one job does before another continues, so that attempts stay short and other merchants get their turn.
const AT_ONCE: u64 = 25;

/// When to look again whether Stripe has been asked for what was lost.
const AFTER_RECOVERY: TimeDelta = TimeDelta::seconds(5);

/// After a restoration, rows that were done since are known by their orders once Stripe has told of their links.
#[derive(Debug, thiserror::Error)]
#[error("after the restoration, Stripe is asked first for links that were made since")]
struct RecoveryFirst;

impl JobHandler<JobContext> for RunBatch {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let found = batch::find(context.db.pool(), self.merchant, self.batch).await?;
        let Some(batch) = found.filter(|batch| batch.state == BatchState::Running) else {
            return nothing_to_do(context, lease).await;
        };
        if recovery::has_unfinished(context.db.pool(), Kind::RecoverStripeLinks, self.merchant).await? {
            return Err(JobError::postpone(RecoveryFirst, context.now() + AFTER_RECOVERY));
        }
        let rows = batch::due(context.db.pool(), batch.id, AT_ONCE).await?;
        for row in &rows {
            if !batch::is_running(context.db.pool(), batch.id).await? {
                // The batch was paused or cancelled; resuming it enqueues another job.
                return nothing_to_do(context, lease).await;
            }
            do_row(context, &batch, row).await?;
        }
        let now = context.now();
        let tx = context.db.begin().await?;
        if rows.is_empty() {
            batch::end(&tx, &batch, BatchState::Done, now).await?;
            return lease.finish(tx, now).await;
        }
        // Without a key: rows that another job had under way come again, and their numbers with them. What must not be
        // done twice is the lease, which ends with this job.
        let next = RunBatch { merchant: self.merchant, batch: self.batch };
        let enqueued_job = enqueue(&tx, &next, EnqueueOptions::for_merchant(self.merchant), now).await?;
        let done = lease.finish(tx, now).await?;
        context.queue.notify(enqueued_job);
        Ok(done)
    }

    /// Cancels the remaining rows. The merchant sees which, and can submit them again with the same keys.
    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        let Some(batch) = batch::find(tx, self.merchant, self.batch).await? else { return Ok(()) };
        batch::end(tx, &batch, BatchState::Cancelled, now).await.map(|_| ())
    }
}

async fn do_row(context: &JobContext, batch: &Batch, row: &BatchRow) -> Result<(), JobError> {
    let owner = merchant::get(context.db.pool(), batch.merchant_id).await?;
    if owner.is_suspended() {
        return Ok(batch::fail(
            context.db.pool(),
            row,
            RowProblem::MerchantSuspended,
            "The account is suspended.".to_owned(),
        )
        .await?);
    }
    let Some(order) = order_of(context, batch, row).await? else { return Ok(()) };
    // A row and its link are done together, so this link is of someone else, or of before a restoration.
    if row.order_id.is_some() && link::count_of_order(context.db.pool(), owner.id, order.id).await? > 0 {
        return has_a_link(context, row).await;
    }
    let link = LinkId::new(context.now());
    // Outside the transaction: this takes some milliseconds and may fail without harm.
    let expires_at = lifetime::usual_expiry(&owner.zone(), context.now());
    let page = DetailsRequest { order: order.clone(), owner: owner.clone(), due: expires_at, now: context.now() };
    let page = match context.details.render(page).await {
        Ok(page) => page,
        Err(DetailsError::Undrawable(why)) => {
            return Ok(batch::fail(context.db.pool(), row, RowProblem::CannotBeDrawn, why).await?);
        }
        Err(broken @ DetailsError::Broken(_)) => return Err(JobError::retry(broken)),
    };
    let (bytes, document_sha256) = (i64::try_from(page.len()).unwrap_or(i64::MAX), sha256(&page));
    context.documents.put(&Documents::staging_name(link), page).await.map_err(JobError::retry)?;
    let now = context.now();
    let tx = context.db.begin().await?;
    let new = NewLink {
        id: link,
        merchant_id: owner.id,
        order_id: order.id,
        token: context.vault.link_token(link),
        invoice_number: order.number.clone(),
        money: order.money()?,
        document: Documents::staging_name(link),
        document_bytes: bytes,
        document_sha256,
        expires_at,
        metadata: BTreeMap::new(),
        payment_methods: owner.payment_methods.clone().unwrap_or_default(),
        reminding: OwnReminding::default(),
        receipt: None,
        actor: Some(batch.actor.clone()),
    };
    let made = match link::insert(&tx, new, now).await {
        Ok(made) => made,
        // Meanwhile, someone created a link by hand for the order of an earlier attempt.
        Err(error) if link::is_second_open(&error) => {
            tx.rollback().await?;
            return has_a_link(context, row).await;
        }
        Err(error) => return Err(error.into()),
    };
    note(&tx, batch, AuditAction::LinkCreate, &link, now).await?;
    let (message, problem) = if batch.send && row.credits > 0 {
        match send(context, &tx, batch, (&owner, &order, &made), now).await {
            Ok(message) => (Some(message), None),
            Err(refused) => (None, Some(RowProblem::of(refused)?.to_string())),
        }
    } else {
        (None, row.problem.clone())
    };
    if !batch::conclude(&tx, row, link, message, problem).await? {
        // Another worker was faster, or the batch was cancelled: undo everything.
        return Ok(tx.rollback().await?);
    }
    let job = StoreInvoice { merchant: owner.id, link };
    // Whoever makes a link by hand meanwhile does not wait for all of a batch.
    let options = EnqueueOptions::for_merchant(owner.id).in_background();
    let enqueued_job = enqueue(&tx, &job, options, now).await?;
    tx.commit().await?;
    context.queue.notify(enqueued_job);
    Ok(())
}

async fn has_a_link(context: &JobContext, row: &BatchRow) -> Result<(), JobError> {
    let detail = "The order has got a payment link in another way.".to_owned();
    Ok(batch::fail(context.db.pool(), row, RowProblem::LinkOpen, detail).await?)
}

/// Writes the audit entries on behalf of the batch's creator.
async fn note(
    tx: &Transaction,
    batch: &Batch,
    action: AuditAction,
    subject: &impl ToString,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let act = Act::new(&batch.actor, action, subject).of_merchant(batch.merchant_id).because(batch.id.to_string());
    audit::record(tx, act.for_row_of(batch.id), now).await
}

/// The row's order, created unless an earlier attempt did. `None` if there is none to create.
async fn order_of(context: &JobContext, batch: &Batch, row: &BatchRow) -> Result<Option<Order>, JobError> {
    if let Some(id) = row.order_id {
        return Ok(order::find(context.db.pool(), batch.merchant_id, id).await?);
    }
    let Some(content) = &row.content else { return Ok(None) };
    let content: RowContent = serde_json::from_str(content).map_err(JobError::fail)?;
    let new = content.into_order(batch.merchant_id)?;
    let tx = context.db.begin().await?;
    let order = match order::insert(&tx, new, context.now()).await {
        Ok(order) => order,
        Err(error) if order::is_second_number(&error) => {
            tx.rollback().await?;
            if batch::has_order(context.db.pool(), row).await? {
                // Another worker was faster, for example after a short pause, and continues.
                return Ok(None);
            }
            let detail = "There is an order with this number by now.".to_owned();
            batch::fail(context.db.pool(), row, RowProblem::OrderExists, detail).await?;
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    match batch::set_order(&tx, row, order.id).await {
        Ok(true) => {
            note(&tx, batch, AuditAction::OrderCreate, &order.id, context.now()).await?;
            tx.commit().await?;
            Ok(Some(order))
        }
        Ok(false) => {
            tx.rollback().await?;
            Ok(None)
        }
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            tx.rollback().await?;
            let detail = "A row with this key has become an order in another batch.".to_owned();
            batch::fail(context.db.pool(), row, RowProblem::DoneBefore, detail).await?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Schedules the link's text for when the link can be paid. A refusal writes nothing.
async fn send(
    context: &JobContext,
    tx: &Transaction,
    batch: &Batch,
    (owner, order, link): (&Merchant, &Order, &link::Model),
    now: DateTime<Utc>,
) -> Result<MessageId, NotAccepted> {
    let phone = order.customer_phone.as_ref().ok_or(NotAccepted::NoNumber)?;
    let template = message_template::template(tx, owner, Purpose::Request, order.language.as_deref()).await;
    let template = template.map_err(TemplateReadError::into_not_accepted)?;
    let url = context.buyer_url(link.id);
    let body = text_of_link(owner, order, link, &url, &template).map_err(NotAccepted::no_text)?;
    let attempt = tx.savepoint().await?;
    let conversation =
        conversation::open(&attempt, &context.vault, owner.id, Correspondent::named(phone, &order.customer_name), now)
            .await?;
    let text = NewMessage {
        conversation: conversation.id,
        link: Some(link.id),
        body,
        origin: Origin::Merchant,
        once_key: Some(format!("batch:{}", link.id)),
        // As soon as the link exists at Stripe.
        send_at: Some(now),
        actor: Some(batch.actor.clone()),
    };
    match message::accept(&attempt, owner, text, now).await {
        Ok(message) => {
            attempt.commit().await?;
            Ok(message.id)
        }
        Err(refused) => {
            attempt.rollback().await?;
            Err(refused)
        }
    }
}
