//! `tell_low_credit`: warns a merchant by text that credits are low, if their contact is a phone number.
//!
//! At most once a day, and once each time they run low: this is recorded before the text is sent. It uses the
//! merchant's own carrier, belongs to no conversation, and costs no credits, as there may be none left.

use chrono::{DateTime, Utc};
use domain::{MessageId, PhoneNumber};
use entity::{Transaction, conversation, merchant, sms_integration};
use queue::{Done, JobError, JobHandler, Lease, TellLowCredit};
use sea_orm::DbErr;

use super::nothing_to_do;
use crate::{JobContext, carrier::OutgoingText};

impl JobHandler<JobContext> for TellLowCredit {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let pool = context.db.pool();
        let owner = merchant::get(pool, self.merchant).await?;
        let contact = owner.contact.as_deref().and_then(|text| PhoneNumber::parse(text, owner.region).ok());
        let (Some(to), Some(integration)) = (contact, sms_integration::find(pool, owner.id).await?) else {
            return nothing_to_do(context, lease).await;
        };
        let now = context.now();
        let hashes: Vec<_> = to.forms().iter().map(|form| context.vault.phone_hash(owner.id, form)).collect();
        if !conversation::opted_out_of(pool, owner.id, hashes).await?.is_empty() {
            return nothing_to_do(context, lease).await;
        }
        let carrier = context.carriers.of(&integration)?;
        let permit = context.carrier_service(&integration).acquire("messages").await?;
        let tx = context.db.begin().await?;
        if owner.is_suspended() || !merchant::note_low_credit_told(&tx, owner.id, now).await? {
            permit.answered();
            return lease.finish(tx, now).await;
        }
        let done = lease.finish(tx, now).await?;
        let mut body = format!("Paylink: {} has {} SMS credits left.", owner.name, owner.available);
        if context.operator_stripe_key.is_some() {
            body = format!("{body} Buy more at {}/console#/credits", context.public_url);
        }
        let text = OutgoingText { id: MessageId::new(now), to: to.as_e164(), body: &body, report_to: None };
        if carrier.send(text).await.means_down() {
            permit.failed();
        } else {
            permit.answered();
        }
        Ok(done)
    }

    async fn dead_letter(&self, _: &JobContext, _: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        Ok(())
    }
}
