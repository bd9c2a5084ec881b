//! Handles texts that are due, both scheduled ones and those that follow a payment or a void. Cancels scheduled texts
//! that became pointless because their link was closed or the buyer opted out, and releases their credits.

use entity::{credits::CreditError, message, text_due};
use queue::{EnqueueOptions, SendSms, TellBuyer, enqueue};

use crate::{
    Scheduler, SchedulerError,
    pages::{PAGE, Pages},
    tick_time::TickTime,
};

pub(crate) async fn run(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    Ok(cancel(scheduler, now).await? + release(scheduler, now).await? + enqueue_link_texts(scheduler).await?)
}

/// Cancels scheduled texts that have become pointless.
async fn cancel(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let (pool, mut pages, mut cancelled) = (scheduler.db.pool(), Pages::new(), 0);
    while let Some(messages) =
        pages.next(|after| message::scheduled_in_vain(pool, after, PAGE), |message| message.id).await?
    {
        for message in &messages {
            let why = "Cancelled: the link was closed, or the buyer wanted no more texts.".to_owned();
            let tx = scheduler.db.begin().await?;
            cancelled += u64::from(message::refused(&tx, message, why, now.at).await.map_err(CreditError::into_db)?);
            tx.commit().await?;
        }
    }
    Ok(cancelled)
}

/// Queues scheduled texts that are due.
async fn release(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let (pool, mut pages, mut released) = (scheduler.db.pool(), Pages::new(), 0);
    while let Some(messages) =
        pages.next(|after| message::scheduled_until(pool, now.at, after, PAGE), |message| message.id).await?
    {
        let tx = scheduler.db.begin().await?;
        let mut enqueued = Vec::new();
        for message in &messages {
            if message::queue_scheduled(&tx, message, now.at).await? {
                let job = SendSms { merchant: message.merchant_id, message: message.id };
                let options = EnqueueOptions::for_merchant(message.merchant_id).in_background();
                enqueued.extend(enqueue(&tx, &job, options, scheduler.clock.now()).await?);
            }
        }
        tx.commit().await?;
        scheduler.notify(&enqueued).await;
        released += enqueued.len() as u64;
    }
    Ok(released)
}

/// Enqueues a job for each text about a link that is due.
async fn enqueue_link_texts(scheduler: &Scheduler) -> Result<u64, SchedulerError> {
    let (pool, mut pages, mut written) = (scheduler.db.pool(), Pages::new(), 0);
    while let Some(due) =
        pages.next(|after| text_due::page(pool, after, PAGE), |due| (due.link_id, due.purpose)).await?
    {
        let job = |due: &text_due::TextDue| {
            let job = TellBuyer { merchant: due.merchant_id, link: due.link_id, purpose: due.purpose };
            let key = format!("{}:{}:{}", due.purpose, due.link_id, due.due_at.timestamp_millis());
            (job, EnqueueOptions::for_merchant(due.merchant_id).unique(key))
        };
        written += scheduler.enqueue(due.iter().map(job).collect()).await?;
    }
    Ok(written)
}
