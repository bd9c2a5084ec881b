//! `check_sms_account`: asks the carrier whether it accepts a merchant's account, and if not, tells the merchant what
//! to change. A gateway cannot be asked; a test text shows whether it works.

use chrono::{DateTime, Utc};
use entity::{
    Transaction,
    sms_integration::{self, SmsStatus},
};
use queue::{CheckSmsAccount, Done, JobError, JobHandler, Lease};
use sea_orm::DbErr;

use super::nothing_to_do;
use crate::{JobContext, carrier::AccountCheck};

impl JobHandler<JobContext> for CheckSmsAccount {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let Some(integration) = sms_integration::find(context.db.pool(), self.merchant).await? else {
            return nothing_to_do(context, lease).await;
        };
        let (status, reason) = match context.carriers.of(&integration)?.check_account().await {
            AccountCheck::Good => (SmsStatus::Connected, None),
            AccountCheck::Refused(why) => {
                tracing::warn!(merchant.id = %self.merchant, cause = why, "a carrier refused a merchant's account");
                (SmsStatus::Failed, Some(why))
            }
            AccountCheck::CannotBeAsked => {
                let why = "This carrier has no way to check an account. Send a test text.";
                (SmsStatus::Unknown, Some(why.to_owned()))
            }
            AccountCheck::NoAnswer(error) => return Err(JobError::retry(error)),
        };
        let tx = context.db.begin().await?;
        sms_integration::set_status(&tx, &integration, status, reason).await?;
        lease.finish(tx, context.now()).await
    }

    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        let Some(integration) = sms_integration::find(tx, self.merchant).await? else { return Ok(()) };
        let why = "The carrier could not be reached to check the account. Send a test text.".to_owned();
        sms_integration::set_status(tx, &integration, SmsStatus::Unknown, Some(why)).await
    }
}
