//! `store_invoice`: checks that an upload is a PDF that opens, moves it from staging to the store with a picture of its
//! first page, records its SHA-256 and page count, compares its text with the merchant's input, and enqueues the
//! creation of the link at Stripe.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::{LinkState, sha256};
use entity::{
    Documents, Transaction,
    documents::DocumentError,
    link::{self, StoredDocument},
};
use queue::{CreateStripeLink, Done, EnqueueOptions, JobError, JobHandler, Lease, StoreInvoice, enqueue};
use sea_orm::DbErr;

use super::{create_stripe_link::fail, find_link, nothing_to_do};
use crate::{
    JobContext,
    pdf::{self, Reading},
};

impl JobHandler<JobContext> for StoreInvoice {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let link = find_link(context, self.merchant, self.link).await?;
        if link.state != LinkState::Creating {
            return nothing_to_do(context, lease).await;
        }
        let staged = Documents::staging_name(self.link);
        let content = match upload(context, &link, &staged).await {
            Ok(content) => content,
            Err(DocumentError::Missing) => {
                return refuse(context, lease, &link, "The upload was lost. Please make the link again.").await;
            }
            Err(error) => return Err(JobError::retry(error)),
        };
        // The previous version did not record the hash of the upload.
        if link.document_sha256.as_ref().is_some_and(|uploaded| *uploaded != sha256(&content)) {
            return refuse(context, lease, &link, "The upload was damaged. Please make the link again.").await;
        }
        let done = match context.pdfs.read(&content).await? {
            Ok(reading) => store(context, lease, &link, content, reading).await?,
            Err(refused) => refuse(context, lease, &link, &refused.to_string()).await?,
        };
        // The row no longer refers to it. If it cannot be deleted now, the staging clean-up deletes it.
        if let Err(error) = context.documents.delete(&staged).await {
            tracing::debug!(link.id = %self.link, %error, "a staged upload was left for the clean-up");
        }
        Ok(done)
    }

    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        fail(tx, self.merchant, self.link, "The invoice could not be stored.", now).await
    }
}

/// The upload. After a restoration of the rows alone it may have been stored before.
async fn upload(context: &JobContext, link: &link::Model, staged: &str) -> Result<Bytes, DocumentError> {
    match context.documents.get(staged).await {
        Err(DocumentError::Missing) => context.documents.get(&Documents::invoice_name(link.merchant_id, link.id)).await,
        found => found,
    }
}

async fn store(
    context: &JobContext,
    lease: &Lease,
    link: &link::Model,
    content: Bytes,
    reading: Reading,
) -> Result<Done, JobError> {
    let warnings = pdf::warnings(&reading, link.invoice_number.as_deref(), link.money()?);
    let picture = Documents::picture_name(link.merchant_id, link.id);
    let has_picture = reading.first_page.is_some();
    let stored = StoredDocument {
        name: Documents::invoice_name(link.merchant_id, link.id),
        sha256: sha256(&content),
        pages: i64::from(reading.pages),
        picture: has_picture.then(|| picture.clone()),
        warnings,
    };
    if let Some(png) = reading.first_page {
        context.documents.put(&picture, png).await.map_err(JobError::retry)?;
    }
    context.documents.put_and_prove(&stored.name, content).await.map_err(JobError::retry)?;
    let now = context.now();
    let tx = context.db.begin().await?;
    link::set_document(&tx, link, stored, now).await?;
    let next = CreateStripeLink { merchant: link.merchant_id, link: link.id };
    let options = EnqueueOptions::for_merchant(link.merchant_id).in_lane_of(lease);
    let enqueued_job = enqueue(&tx, &next, options, now).await?;
    let done = lease.finish(tx, now).await?;
    context.queue.notify(enqueued_job);
    Ok(done)
}

async fn refuse(context: &JobContext, lease: &Lease, link: &link::Model, why: &str) -> Result<Done, JobError> {
    let now = context.now();
    let tx = context.db.begin().await?;
    fail(&tx, link.merchant_id, link.id, why, now).await?;
    lease.finish(tx, now).await
}
