//! Enqueues a job to erase each link that is 90 days old. Some days before, merchants are told what they may want to
//! keep: the evidence of a dispute.

use entity::{link, merchant};
use queue::{EnqueueOptions, PurgeLink};

use crate::{
    Scheduler, SchedulerError,
    pages::{PAGE, Pages},
    tick_time::TickTime,
};

pub(crate) async fn run(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    Ok(announce(scheduler, now).await? + erase(scheduler, now).await?)
}

/// Tells merchants about disputed links that will be erased soon.
async fn announce(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let (pool, mut pages, mut announced) = (scheduler.db.pool(), Pages::new(), 0);
    while let Some(links) =
        pages.next(|after| link::due_for_evidence_notice(pool, now.at, after, PAGE), |link| link.id).await?
    {
        for link in &links {
            let owner = merchant::get(pool, link.merchant_id).await?;
            let tx = scheduler.db.begin().await?;
            link::note_evidence_expiring(&tx, &owner, link, now.at).await?;
            tx.commit().await?;
        }
        announced += links.len() as u64;
    }
    Ok(announced)
}

async fn erase(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let pool = scheduler.db.pool();
    let job = |link: &link::Model| {
        let job = PurgeLink { merchant: link.merchant_id, link: link.id, as_of: now.at, on_request: false };
        // One job per link, however often it is found; it is retried until it succeeds.
        (job, EnqueueOptions::for_merchant(link.merchant_id).unique(format!("purge:{}", link.id)))
    };
    let (mut pages, mut written) = (Pages::new(), 0);
    while let Some(links) = pages.next(|after| link::due_for_purge(pool, now.at, after, PAGE), |link| link.id).await? {
        written += scheduler.enqueue(links.iter().map(job).collect()).await?;
    }
    Ok(written)
}
