//! `purge_link`: closes a link that is still open, then erases its contents. Retried until it succeeds, because nothing
//! may remain.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::LinkState;
use entity::{Documents, Transaction, link, picture};
use queue::{Done, JobError, JobHandler, Lease, PurgeLink};
use sea_orm::DbErr;

use super::{find_link, nothing_to_do};
use crate::{JobContext, payments::close, stripe::NotDone};

/// When to check again whether a link that is to be closed was created.
const SOON: Duration = Duration::from_secs(1);

impl JobHandler<JobContext> for PurgeLink {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let link = find_link(context, self.merchant, self.link).await?;
        let is_asked_for = self.on_request && link.purged_at.is_none();
        if !is_asked_for && !link.is_due_for_purge(self.as_of) {
            return nothing_to_do(context, lease).await;
        }
        if is_asked_for && link.state == LinkState::Creating {
            return Err(JobError::retry_after(close::StillCreating, SOON));
        }
        let link = close(context, link).await?;
        let (merchant, id) = (link.merchant_id, link.id);
        let names =
            [Documents::staging_name(id), Documents::picture_name(merchant, id), Documents::invoice_name(merchant, id)];
        for name in names {
            context.documents.delete(&name).await.map_err(JobError::retry)?;
        }
        let tx = context.db.begin().await?;
        link::purge(&tx, &link, self.as_of).await?;
        let done = lease.finish(tx, context.now()).await?;
        if let Err(error) = picture::remove_erased(context.db.pool(), &context.documents).await {
            tracing::warn!(%error, "erased pictures stay in the store until the next tick");
        }
        context.db.truncate_log().await;
        Ok(done)
    }

    /// The job has no deadline, so it is dead-lettered only if it kills its workers. The next tick does not enqueue it
    /// again; an operator must retry it.
    async fn dead_letter(&self, _: &JobContext, _: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        Ok(())
    }
}

/// Closes the link at Stripe if possible, and returns it once it can no longer be paid.
async fn close(context: &JobContext, link: link::Model) -> Result<link::Model, JobError> {
    let Some(closing) = close::ready_to_close(context, link.clone()).await? else { return Ok(link) };
    if context.stripe_integration(closing.merchant_id).await?.is_none() {
        // The merchant removed the key, so the link cannot be closed. Its data is erased nevertheless.
        return Ok(closing);
    }
    let (event, facts) = match close::close_link(context, &closing).await {
        Ok(closed) => closed,
        // Only the merchant could fix this, and has not for 90 days. The data is erased nevertheless.
        Err(NotDone::Refused(refused)) => {
            tracing::warn!(link.id = %closing.id, error = %refused, "a link is erased that Stripe does not close");
            return Ok(closing);
        }
        Err(NotDone::NotYet(error)) => return Err(error),
    };
    let tx = context.db.begin().await?;
    link::advance(&tx, &closing, event, &facts, context.now()).await?;
    tx.commit().await?;
    find_link(context, closing.merchant_id, closing.id).await
}
