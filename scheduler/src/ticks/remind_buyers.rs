//! Enqueues a job for each reminder that is due, at a suitable hour for the buyer.

use entity::{
    Merchant, link,
    reminder::{self, Schedule},
};
use queue::{EnqueueOptions, Remind};

use crate::{
    Scheduler, SchedulerError,
    pages::{PAGE, Pages},
    tick_time::TickTime,
};

pub(crate) async fn run(scheduler: &Scheduler, now: TickTime) -> Result<u64, SchedulerError> {
    let mut written = 0;
    for owner in reminder::merchants(scheduler.db.pool()).await? {
        for schedule in reminder::schedules(scheduler.db.pool(), &owner).await? {
            written += run_for_schedule(scheduler, &owner, schedule, now).await?;
        }
    }
    Ok(written)
}

async fn run_for_schedule(
    scheduler: &Scheduler,
    owner: &Merchant,
    schedule: Schedule,
    now: TickTime,
) -> Result<u64, SchedulerError> {
    let (pool, slot) = (scheduler.db.pool(), now.slot());
    let (mut pages, mut written) = (Pages::new(), 0);
    while let Some(links) =
        pages.next(|after| reminder::candidates(pool, schedule, now.at, after, PAGE), |link| link.id).await?
    {
        let mut jobs = Vec::new();
        for link in &links {
            if is_due(scheduler, owner, link, now).await? {
                let job = Remind { merchant: owner.id, link: link.id, as_of: now.at };
                let once = EnqueueOptions::for_merchant(owner.id).unique(format!("remind:{}:{slot}", link.id));
                jobs.push((job, once));
            }
        }
        written += scheduler.enqueue(jobs).await?;
    }
    Ok(written)
}

async fn is_due(
    scheduler: &Scheduler,
    owner: &Merchant,
    link: &link::Model,
    now: TickTime,
) -> Result<bool, SchedulerError> {
    let reminder = reminder::due(scheduler.db.pool(), owner, link, now.at).await?;
    Ok(reminder.is_some_and(|reminder| reminder.not_before <= now.at))
}
