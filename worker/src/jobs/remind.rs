//! `remind`: reminds a buyer who has not paid. The tick found that a reminder is due; the job checks again, and sends
//! it like any other message, once for each reminder of a link.

use chrono::{DateTime, Utc};
use domain::template::Purpose;
use entity::{
    Merchant, Order, Transaction, link,
    link_text::text_of_link,
    merchant,
    message::{self, NewMessage, NotAccepted, Origin},
    message_template::{self, TemplateReadError},
    order,
    reminder::{self, Reminder},
};
use queue::{Done, EnqueueOptions, JobError, JobHandler, Lease, Remind, SendSms, enqueue};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, sea_query::LockType};

use super::nothing_to_do;
use crate::JobContext;

struct ReminderParts {
    owner: Merchant,
    order: Order,
    link: link::Model,
    reminder: Reminder,
}

impl JobHandler<JobContext> for Remind {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        // With a time in the future, reminds as of then.
        let at = self.as_of.max(context.now());
        let tx = context.db.begin().await?;
        let Some(found) = find(self, &tx, at).await? else {
            return lease.finish(tx, context.now()).await;
        };
        match write(context, &tx, &found, at).await {
            Ok(message) => {
                let job = SendSms { merchant: self.merchant, message: message.id };
                let options = EnqueueOptions::for_merchant(self.merchant).in_background();
                let enqueued_job = enqueue(&tx, &job, options, context.now()).await?;
                let done = lease.finish(tx, context.now()).await?;
                context.queue.notify(enqueued_job);
                Ok(done)
            }
            Err(NotAccepted::Db(error)) => Err(error.into()),
            Err(refused) => {
                tx.rollback().await?;
                tracing::info!(merchant.id = %self.merchant, link.id = %self.link, %refused, "a buyer was not reminded");
                nothing_to_do(context, lease).await
            }
        }
    }

    /// Nothing was written, so a later tick finds the reminder due again.
    async fn dead_letter(&self, _: &JobContext, _: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        Ok(())
    }
}

/// The reminder, if it is still due. Locks the link, so that the second of two jobs sees the first one's message.
async fn find(job: &Remind, tx: &Transaction, at: DateTime<Utc>) -> Result<Option<ReminderParts>, DbErr> {
    let owner = merchant::get(tx, job.merchant).await?;
    let link = link::Entity::find_by_id(job.link)
        .filter(link::Column::MerchantId.eq(owner.id))
        .lock(LockType::NoKeyUpdate)
        .one(tx)
        .await?;
    let Some(link) = link else { return Ok(None) };
    let reminder = reminder::due(tx, &owner, &link, at).await?.filter(|reminder| reminder.not_before <= at);
    let order = order::find(tx, owner.id, link.order_id).await?;
    Ok(reminder.zip(order).map(|(reminder, order)| ReminderParts { owner, order, link, reminder }))
}

async fn write(
    context: &JobContext,
    tx: &Transaction,
    found: &ReminderParts,
    at: DateTime<Utc>,
) -> Result<entity::Message, NotAccepted> {
    let ReminderParts { owner, order, link, reminder } = found;
    let url = context.buyer_url(link.id);
    let template = message_template::template(tx, owner, Purpose::Reminder, order.language.as_deref()).await;
    let template = template.map_err(TemplateReadError::into_not_accepted)?;
    let body = text_of_link(owner, order, link, &url, &template).map_err(NotAccepted::no_text)?;
    let text = NewMessage {
        conversation: reminder.conversation.id,
        link: Some(link.id),
        body,
        origin: Origin::Reminder,
        once_key: Some(reminder.key(link.id)),
        send_at: None,
        actor: None,
    };
    let message = message::accept(tx, owner, text, at).await?;
    link::note(tx, link, at, link::TimelineEvent::Reminded, None).await?;
    Ok(message)
}
