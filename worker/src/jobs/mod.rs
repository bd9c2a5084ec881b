//! The job handlers, one file each.

mod check_sms_account;
mod check_stripe_key;
mod close_stripe_link;
mod create_stripe_link;
mod deliver_webhooks;
mod diagnose_stripe;
mod fetch_picture;
mod open_credit_purchase;
mod process_sms_event;
mod process_stripe_event;
mod purge_link;
mod reconcile_credit_purchase;
mod reconcile_link;
mod recover_stripe_links;
mod register_stripe_webhook;
mod remind;
mod run_batch;
mod send_sms;
mod store_invoice;
mod tell_buyer;
mod tell_low_credit;

use domain::{LinkId, MerchantId};
use entity::link;
use queue::{Done, JobError, Lease};

use crate::JobContext;

/// A row that a job was enqueued for and that is not there.
#[derive(Debug, thiserror::Error)]
#[error("{0} does not exist")]
pub(crate) struct Missing(pub(crate) String);

/// The link that a job is about.
async fn find_link(context: &JobContext, merchant: MerchantId, id: LinkId) -> Result<link::Model, JobError> {
    let link = link::find(context.db.pool(), merchant, id).await?;
    link.ok_or_else(|| JobError::fail(Missing(id.to_string())))
}

/// Finishes a job for which there is nothing left to do.
async fn nothing_to_do(context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
    lease.finish(context.db.begin().await?, context.now()).await
}

/// Whether a job that the scheduler writes again anyway has been tried often enough: Stripe's bad day is no matter for an operator.
fn has_tried_enough(lease: &Lease) -> bool {
    const TRIES: i64 = 3;
    lease.job().attempt >= TRIES
}
