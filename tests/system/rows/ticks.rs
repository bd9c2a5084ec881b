//! Ticks, with any number of schedulers and any delay.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Clock, link::LinkEvent};
use entity::{
    Documents,
    job::{Column, Entity, JobState},
    link::{self, StripeFacts},
    tick,
};
use object_store::memory::InMemory;
use queue::{Kind, Queue, redis::RedisQueues};
use scheduler::{JumpGuard, Scheduler, Times, Witness};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{Rows, now, on_both_databases};

/// A scheduler whose clock stands at `at`. Its Redis is away: what it enqueues, it enqueues in rows.
fn scheduler(rows: &Rows, at: DateTime<Utc>) -> Scheduler {
    Scheduler {
        db: rows.db.clone(),
        queue: Queue::new(
            RedisQueues::open("redis://127.0.0.1:1", "paylink", Clock::stopped_at(at)).unwrap(),
            rows.db.clone(),
        ),
        documents: Documents::new(Arc::new(InMemory::new())),
        clock: Clock::stopped_at(at),
        time: None,
        jumps: None,
        times: Times::parse(|tick| tick.cron.to_owned(), "UTC").unwrap(),
        job_retention: TimeDelta::days(7),
        doctor_links: 500,
    }
}

/// A link that was made at Stripe and is not paid.
async fn unpaid_link(rows: &Rows) {
    let link = rows.link(&rows.order().await).await.unwrap();
    let facts = StripeFacts {
        link_id: Some("plink_1".to_owned()),
        url: Some("https://buy.stripe.com/1".to_owned()),
        livemode: Some(false),
        ..StripeFacts::default()
    };
    rows.advance(&link, LinkEvent::Created, &facts).await;
}

/// How many jobs of a kind were enqueued and are not done.
async fn queued(rows: &Rows, kind: Kind) -> usize {
    let queued = Entity::find().filter(Column::Kind.eq(kind.as_str())).filter(Column::State.eq(JobState::Queued));
    queued.all(rows.db.pool()).await.unwrap().len()
}

on_both_databases! {
    async fn two_schedulers_make_one_set_of_jobs(rows) {
        unpaid_link(&rows).await;
        let at = now() + link::RETENTION + TimeDelta::hours(1);
        let (one, other) = (scheduler(&rows, at), scheduler(&rows, at));
        for _ in 0..2 {
            let (first, second) = tokio::join!(one.once(at), other.once(at));
            assert!(first.is_ok() && second.is_ok(), "{first:?}, {second:?}");
        }
        assert_eq!(queued(&rows, Kind::PurgeLink).await, 1);
    }

    async fn a_missed_tick_is_caught_up(rows) {
        unpaid_link(&rows).await;
        let before = now() + link::RETENTION - TimeDelta::days(2);
        scheduler(&rows, before).once(before).await.unwrap();
        assert_eq!(queued(&rows, Kind::PurgeLink).await, 0);
        // No scheduler runs for a week. The first that does finds what has become due meanwhile.
        let after = before + TimeDelta::days(7);
        // There is no Redis here to notify, which is no reason for the rest to be late.
        scheduler(&rows, after).once(after).await.unwrap_err();
        assert_eq!(queued(&rows, Kind::PurgeLink).await, 1);
    }

    async fn a_time_that_has_jumped_erases_nothing_until_another_clock_agrees(rows) {
        unpaid_link(&rows).await;
        let today = now();
        scheduler(&rows, today).once(today).await.unwrap();
        let jumped = today + link::RETENTION + TimeDelta::days(10);
        let told = |there: Option<DateTime<Utc>>| {
            let jumps = Some(JumpGuard::new(Witness::new(move || async move { there })));
            Scheduler { jumps, ..scheduler(&rows, jumped) }
        };
        for there in [None, Some(today)] {
            // There is no Redis, of which a tick may complain.
            let _ = told(there).once(jumped).await;
            assert_eq!((queued(&rows, Kind::PurgeLink).await, queued(&rows, Kind::CloseStripeLink).await), (0, 0));
            assert!(tick::last_due(rows.db.pool(), "notify").await.unwrap().is_some_and(|mark| mark > today));
        }
        let _ = told(Some(jumped - TimeDelta::minutes(10))).once(jumped).await;
        assert_eq!(queued(&rows, Kind::PurgeLink).await, 1);
    }

    async fn a_mark_in_the_future_is_taken_back_and_its_tick_runs(rows) {
        unpaid_link(&rows).await;
        let at = now() + link::RETENTION + TimeDelta::hours(1);
        let name = "purge";
        tick::done(rows.db.pool(), name, at + TimeDelta::days(3)).await.unwrap();
        scheduler(&rows, at).once(at).await.unwrap();
        assert!(tick::last_due(rows.db.pool(), name).await.unwrap().is_some_and(|mark| mark <= at));
        assert_eq!(queued(&rows, Kind::PurgeLink).await, 1);
        // One that another has put right meanwhile stays.
        let mark = tick::last_due(rows.db.pool(), name).await.unwrap();
        assert!(!tick::take_back(rows.db.pool(), name, at + TimeDelta::days(3)).await.unwrap());
        assert_eq!(tick::last_due(rows.db.pool(), name).await.unwrap(), mark);
    }

    async fn a_tick_that_is_done_late_takes_nothing_back(rows) {
        let (name, late, due) = ("expire", now(), now() + TimeDelta::minutes(5));
        tick::done(rows.db.pool(), name, late).await.unwrap();
        tick::done(rows.db.pool(), name, due).await.unwrap();
        // A scheduler that stood still in the middle of it comes to its end only now.
        tick::done(rows.db.pool(), name, late).await.unwrap();
        assert_eq!(tick::last_due(rows.db.pool(), name).await.unwrap(), Some(due));
    }
}
