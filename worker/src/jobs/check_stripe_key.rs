//! `check_stripe_key`: asks Stripe whether it accepts a merchant's key and which account it belongs to, and if not,
//! tells the merchant what to change.

use chrono::{DateTime, Utc};
use entity::{
    Transaction,
    stripe_integration::{self, KeyCheck, StripeStatus},
};
use queue::{CheckStripeKey, Done, JobError, JobHandler, Lease};
use sea_orm::DbErr;

use super::nothing_to_do;
use crate::{
    JobContext,
    stripe::{Advice, Stripe, StripeError},
};

impl JobHandler<JobContext> for CheckStripeKey {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let Some(integration) = context.stripe_integration(self.merchant).await? else {
            return nothing_to_do(context, lease).await;
        };
        let found = match check(&context.stripe_of(&integration)?).await {
            Ok(account) => KeyCheck { status: StripeStatus::Connected, reason: None, account },
            Err(error) if error.advice() == Advice::Tell => {
                error.log_refusal(self.merchant, "a merchant's key");
                KeyCheck::failed(error.for_merchant())
            }
            Err(error) => return Err(error.into_retry()),
        };
        let now = context.now();
        let tx = context.db.begin().await?;
        stripe_integration::set_status(&tx, &integration, found, now).await?;
        lease.finish(tx, now).await
    }

    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        let Some(integration) = stripe_integration::find(tx, self.merchant).await? else { return Ok(()) };
        let reason = "Stripe could not be reached to check the key. Enter it again.".to_owned();
        stripe_integration::set_status(tx, &integration, KeyCheck::failed(reason), now).await
    }
}

/// Returns the key's account, if the key may read it; a restricted key need not be able to.
async fn check(stripe: &Stripe) -> Result<Option<String>, StripeError> {
    stripe.check_key().await?;
    match stripe.account().await {
        Ok(account) => Ok(Some(account)),
        Err(error) if error.advice() == Advice::Retry => Err(error),
        Err(_) => Ok(None),
    }
}
