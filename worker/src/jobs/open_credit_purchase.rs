//! `open_credit_purchase`: creates a checkout page in the operator's Stripe account on which a merchant pays for
//! credits.

use chrono::{DateTime, Utc};
use entity::{
    Transaction,
    credits::purchase::{self, PurchaseState},
};
use queue::{Done, JobError, JobHandler, Lease, OpenCreditPurchase};
use sea_orm::DbErr;

use super::nothing_to_do;
use crate::{
    JobContext,
    missing_row::MissingRow,
    stripe::{Advice, NewPurchase},
};

/// The merchant's message when the purchase fails for a reason that only the operator can fix.
const NOT_NOW: &str = "Credits cannot be bought at the moment. Ask whoever runs Paylink for you.";

impl JobHandler<JobContext> for OpenCreditPurchase {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let found = purchase::find(context.db.pool(), self.merchant, self.purchase).await?;
        let bought = found.ok_or_else(|| JobError::fail(MissingRow(self.purchase.to_string())))?;
        if bought.state != PurchaseState::Creating {
            return nothing_to_do(context, lease).await;
        }
        let Some(stripe) = context.operator_stripe() else {
            return fail(self, context, lease, "the operator's Stripe key is not set").await;
        };
        let new = NewPurchase {
            purchase: bought.id,
            merchant: bought.merchant_id,
            price: bought.price()?,
            name: &format!("{} SMS credits", bought.credits),
            return_url: &format!("{}/console#/credits", context.public_url),
        };
        // A new key for each attempt: Stripe stores its own failures under a key too, and would repeat them for a day.
        // A page whose URL is lost cannot be paid.
        let key = format!("{}:{}", bought.id, lease.job().claims);
        let made = match stripe.create_purchase_session(&new, &key).await {
            Ok(made) => made.body,
            Err(error) if error.advice() == Advice::Tell => return fail(self, context, lease, &error).await,
            Err(error) => return Err(error.into_retry()),
        };
        let Some(url) = &made.url else {
            return fail(self, context, lease, "Stripe gave a page without an address").await;
        };
        let tx = context.db.begin().await?;
        purchase::opened(&tx, bought.id, &made.id, url).await?;
        lease.finish(tx, context.now()).await
    }

    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        purchase::not_opened(tx, self.purchase, NOT_NOW).await
    }
}

async fn fail(
    job: &OpenCreditPurchase,
    context: &JobContext,
    lease: &Lease,
    why: impl std::fmt::Display,
) -> Result<Done, JobError> {
    tracing::error!(merchant.id = %job.merchant, purchase.id = %job.purchase, %why, "credits could not be sold");
    let tx = context.db.begin().await?;
    purchase::not_opened(&tx, job.purchase, NOT_NOW).await?;
    lease.finish(tx, context.now()).await
}
