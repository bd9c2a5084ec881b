//! `recover_stripe_links`: after a backup was restored, finds payment links at Stripe that were created after it and
//! are therefore unknown. Each is imported as a failed link and closed; if it was paid, it becomes `paid` and a person
//! is asked to look at it. So no payment is lost, and no forgotten link stays open.

use chrono::{DateTime, Utc};
use domain::{Currency, LinkId, Money};
use entity::{
    Transaction, link,
    order::{self, LostOrder},
};
use queue::{
    CloseReason, CloseStripeLink, Done, EnqueueOptions, JobError, JobHandler, Lease, RecoverStripeLinks, enqueue,
};
use sea_orm::DbErr;

use super::nothing_to_do;
use crate::{
    JobContext,
    stripe::{LineItem, PaymentLink, Stripe, StripeError},
};

/// How many pages of 100 links one job reads before another continues, so that a failure repeats little, and an account
/// of any size is read to its end.
const AT_ONCE: usize = 5;

/// The prefix of a line item's name, before the invoice number.
const LINE: &str = "Invoice ";

/// The failure shown for such a link.
const LOST: &str = "This link was made after the time to which the installation was restored; it was found at Stripe and is closed there.";

impl JobHandler<JobContext> for RecoverStripeLinks {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let Some(integration) = context.stripe_integration(self.merchant).await? else {
            return nothing_to_do(context, lease).await;
        };
        let stripe = context.stripe_of(&integration)?;
        let mut after = self.after.clone();
        for _ in 0..AT_ONCE {
            let page = stripe.payment_links_since(self.merchant, self.made_since, after.as_deref()).await;
            let page = page.map_err(StripeError::into_job_error)?;
            for (id, found) in page.ours {
                if link::find(context.db.pool(), self.merchant, id).await?.is_none() {
                    take_in(self, context, &stripe, id, &found).await?;
                }
            }
            after = page.next;
            if after.is_none() {
                return nothing_to_do(context, lease).await;
            }
        }
        go_on(self, context, lease, after).await
    }

    /// An operator sees the dead job, and retries it when Stripe is available.
    async fn dead_letter(&self, _: &JobContext, _: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        Ok(())
    }
}

/// Enqueues a job for the pages after this link. Until the last one is done, batches wait.
async fn go_on(
    job: &RecoverStripeLinks,
    context: &JobContext,
    lease: &Lease,
    after: Option<String>,
) -> Result<Done, JobError> {
    let at = after.as_deref().unwrap_or_default();
    let once = EnqueueOptions::for_merchant(job.merchant)
        .unique(format!("recover:{}:{}:{at}", job.merchant, job.made_since))
        .in_background();
    let now = context.now();
    let tx = context.db.begin().await?;
    let next = RecoverStripeLinks { after, ..job.clone() };
    let enqueued_job = enqueue(&tx, &next, once, now).await?;
    let done = lease.finish(tx, now).await?;
    context.queue.notify(enqueued_job);
    Ok(done)
}

/// Imports a link, and has it closed.
async fn take_in(
    job: &RecoverStripeLinks,
    context: &JobContext,
    stripe: &Stripe,
    id: LinkId,
    found: &PaymentLink,
) -> Result<(), JobError> {
    let item = stripe.line_item(&found.id).await.map_err(StripeError::into_job_error)?;
    let item = item.ok_or_else(|| JobError::fail("Stripe knows no line of the link"))?;
    let (number, money) = (invoice_number(&item), money(&item)?);
    let now = context.now();
    let tx = context.db.begin().await?;
    let order = match order::find_by_number(&tx, job.merchant, &number).await? {
        Some(order) => order,
        None => {
            order::insert_lost(&tx, LostOrder { merchant_id: job.merchant, number: number.clone(), money }, now).await?
        }
    };
    let lost = link::LostLink {
        id,
        merchant_id: job.merchant,
        order_id: order.id,
        token: context.vault.link_token(id),
        invoice_number: number,
        money,
        livemode: found.livemode,
        failure: LOST.to_owned(),
    };
    link::insert_lost(&tx, lost, now).await?;
    let close = CloseStripeLink { merchant: job.merchant, link: id, reason: CloseReason::Failure };
    let once = EnqueueOptions::for_merchant(job.merchant).unique(format!("failed:{id}")).in_background();
    let enqueued_job = enqueue(&tx, &close, once, now).await?;
    tx.commit().await?;
    context.queue.notify(enqueued_job);
    tracing::warn!(link.id = %id, stripe.link = found.id, "a link that was made after the restored time was found at Stripe");
    Ok(())
}

/// The invoice number from the line item, which the merchant may have changed at Stripe.
fn invoice_number(item: &LineItem) -> String {
    let description = item.description.as_deref().unwrap_or_default();
    let number = description.strip_prefix(LINE).unwrap_or(description).trim();
    if number.is_empty() { "unknown".to_owned() } else { number.chars().take(64).collect() }
}

fn money(item: &LineItem) -> Result<Money, JobError> {
    let currency: Currency = item.currency.parse().map_err(JobError::fail)?;
    Money::from_stripe_amount(item.amount_total, currency).map_err(JobError::fail)
}
