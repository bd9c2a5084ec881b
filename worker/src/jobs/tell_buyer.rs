//! `tell_buyer`: tells a buyer by text that their link was paid or withdrawn. It is a message like any other, sent once
//! for each link and purpose, and not at all without credits, without a carrier or after an opt-out.

use chrono::{DateTime, Utc};
use domain::{LinkState, template::Purpose};
use entity::{
    Merchant, Order, Transaction,
    conversation::{self, Correspondent},
    link,
    link_text::text_of_link,
    merchant,
    message::{self, NewMessage, NotAccepted, Origin},
    message_template::{self, TemplateReadError},
    order, text_due,
};
use queue::{Done, EnqueueOptions, JobError, JobHandler, Lease, SendSms, TellBuyer, enqueue};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, sea_query::LockType};

use super::nothing_to_do;
use crate::JobContext;

impl JobHandler<JobContext> for TellBuyer {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let now = context.now();
        let tx = context.db.begin().await?;
        let Some((owner, order, link)) = find(self, &tx).await? else {
            text_due::take(&tx, self.link, self.purpose).await?;
            return lease.finish(tx, now).await;
        };
        // The job that removes the entry sends the text; a second job finds nothing.
        if !text_due::take(&tx, self.link, self.purpose).await? {
            tx.rollback().await?;
            return nothing_to_do(context, lease).await;
        }
        match write(self, context, &tx, (&owner, &order, &link), now).await {
            Ok(Some(message)) => {
                let job = SendSms { merchant: self.merchant, message: message.id };
                let options = EnqueueOptions::for_merchant(self.merchant).in_background();
                let enqueued_job = enqueue(&tx, &job, options, now).await?;
                let done = lease.finish(tx, now).await?;
                context.queue.notify(enqueued_job);
                Ok(done)
            }
            Ok(None) => lease.finish(tx, now).await,
            Err(NotAccepted::Db(error)) => Err(error.into()),
            Err(refused) => {
                tx.rollback().await?;
                tracing::info!(merchant.id = %self.merchant, link.id = %self.link, %refused, "a buyer was not told");
                let tx = context.db.begin().await?;
                text_due::take(&tx, self.link, self.purpose).await?;
                lease.finish(tx, now).await
            }
        }
    }

    /// Nothing was written, and the buyer is not told.
    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        text_due::take(tx, self.link, self.purpose).await.map(|_| ())
    }
}

/// The link, locked, if its state is still the one to tell.
async fn find(job: &TellBuyer, tx: &Transaction) -> Result<Option<(Merchant, Order, link::Model)>, DbErr> {
    let owner = merchant::get(tx, job.merchant).await?;
    let link = link::Entity::find_by_id(job.link)
        .filter(link::Column::MerchantId.eq(owner.id))
        .lock(LockType::NoKeyUpdate)
        .one(tx)
        .await?;
    let is_so = |link: &link::Model| Some(link.state) == told_of(job.purpose) && !is_contradicted(link, job.purpose);
    let Some(link) = link.filter(is_so) else { return Ok(None) };
    let order = order::find(tx, owner.id, link.order_id).await?;
    Ok(order.map(|order| (owner, order, link)))
}

/// Whether the text would be wrong: it would confirm a payment of another amount, or one that was refunded.
fn is_contradicted(link: &link::Model, purpose: Purpose) -> bool {
    purpose == Purpose::Receipt && (link.is_otherwise_paid() || link.refunded.is_some_and(|minor| minor > 0))
}

/// The state that a text of this purpose reports.
const fn told_of(purpose: Purpose) -> Option<LinkState> {
    match purpose {
        Purpose::Receipt => Some(LinkState::Paid),
        Purpose::Voided => Some(LinkState::Voided),
        Purpose::Request | Purpose::Reminder => None,
    }
}

/// Writes the text. Returns `None` if there was one: it is sent once, even if the link was paid, voided and paid again.
async fn write(
    job: &TellBuyer,
    context: &JobContext,
    tx: &Transaction,
    (owner, order, link): (&Merchant, &Order, &link::Model),
    now: DateTime<Utc>,
) -> Result<Option<entity::Message>, NotAccepted> {
    let once_key = format!("{}:{}", job.purpose, link.id);
    if message::has_once_key(tx, owner.id, &once_key).await? {
        return Ok(None);
    }
    let phone = order.customer_phone.as_ref().ok_or(NotAccepted::NoNumber)?;
    let url = context.buyer_url(link.id);
    let template = message_template::template(tx, owner, job.purpose, order.language.as_deref()).await;
    let template = template.map_err(TemplateReadError::into_not_accepted)?;
    let body = text_of_link(owner, order, link, &url, &template).map_err(NotAccepted::no_text)?;
    let conversation =
        conversation::open(tx, &context.vault, owner.id, Correspondent::named(phone, &order.customer_name), now)
            .await?;
    let text = NewMessage {
        conversation: conversation.id,
        link: Some(link.id),
        body,
        origin: if job.purpose == Purpose::Receipt { Origin::Receipt } else { Origin::Voided },
        once_key: Some(once_key),
        send_at: None,
        actor: None,
    };
    message::accept(tx, owner, text, now).await.map(Some)
}
