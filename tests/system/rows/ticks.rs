//! Ticks, with any number of schedulers and any delay.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use domain::{Clock, link::LinkEvent};
use entity::{
    Documents,
    job::{Column, Entity, JobState},
    link::{self, StripeFacts},
    queue_minute::{self, MinuteDepth},
    tick,
};
use object_store::{
    memory::InMemory,
    throttle::{ThrottleConfig, ThrottledStore},
};
use queue::{
    CheckStripeKey, EnqueueOptions, Kind, Queue,
    admin::{Point, history, measure},
    enqueue,
    redis::{Depth, RedisQueues},
};
use scheduler::{JumpGuard, Scheduler, Tick, Times, Witness};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

use super::{Rows, now, on_both_databases};
use crate::support::eventually;

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

/// A job that was done then.
async fn done_at(rows: &Rows, at: DateTime<Utc>) {
    let job = CheckStripeKey { merchant: rows.merchant };
    let enqueued = enqueue(rows.db.pool(), &job, EnqueueOptions::for_merchant(rows.merchant), at).await.unwrap();
    let done = Entity::update_many()
        .col_expr(Column::State, Expr::value(JobState::Done))
        .col_expr(Column::FinishedAt, Expr::value(at))
        .filter(Column::Id.eq(enqueued.unwrap().job));
    assert_eq!(done.exec(rows.db.pool()).await.unwrap().rows_affected, 1);
}

on_both_databases! {
    async fn a_minute_of_the_queues_is_measured_once_and_kept_for_two_days(rows) {
        let minute = now().duration_trunc(TimeDelta::minutes(1)).unwrap();
        let end = minute + TimeDelta::seconds(65);
        // In it; at its end, which is the next one's; and before it.
        for second in [0, 59, 60, -1] {
            done_at(&rows, minute + TimeDelta::seconds(second)).await;
        }
        scheduler(&rows, end).once(end).await.unwrap();
        let told = async |kind, hours, at| history(rows.db.pool(), kind, hours, at).await.unwrap();
        let done = Point { at: minute, depth: None, done: 2 };
        let (since, points) = told(None, 1, end).await;
        assert_eq!((since, points), (minute + TimeDelta::minutes(1) - TimeDelta::hours(1), vec![done]));
        assert_eq!(told(Some(Kind::CheckStripeKey), 1, end).await.1, [done]);
        assert_eq!(told(Some(Kind::SendSms), 1, end).await.1, [Point { done: 0, ..done }]);

        // Another scheduler measures the same minute, and knows how much waits: the first one stays.
        let depth = |ready, due| Depth { ready, due, leased: 0, dead: 0 };
        let depths: Vec<Depth> = Kind::ALL.map(|kind| depth(if kind == Kind::SendSms { 7 } else { 1 }, 2)).into();
        measure(rows.db.pool(), Some(&depths), end).await.unwrap();
        assert_eq!(told(None, 1, end).await.1, [done]);
        // The next minute is measured by it. Points of two minutes tell the most that waited, and all that was done.
        let next = end + TimeDelta::minutes(1);
        measure(rows.db.pool(), Some(&depths), next).await.unwrap();
        let waiting = Some(MinuteDepth { ready: 7, delayed: 2 });
        let of_texts = told(Some(Kind::SendSms), 1, next).await.1;
        assert_eq!(of_texts.last().unwrap(), &Point { at: minute + TimeDelta::minutes(1), depth: waiting, done: 0 });
        let both: Vec<Point> = told(None, 2, next).await.1;
        assert_eq!(both.iter().map(|point| point.done).sum::<u64>(), 3);
        let kinds = Kind::ALL.len() as u64;
        assert_eq!(both.last().unwrap().depth, Some(MinuteDepth { ready: kinds + 6, delayed: 2 * kinds }));
        // A time that has not come is not measured.
        scheduler(&rows, next).once(next + TimeDelta::hours(1)).await.unwrap();
        assert_eq!(told(None, 48, next + TimeDelta::hours(2)).await.1.iter().map(|point| point.done).sum::<u64>(), 3);

        let later = next + TimeDelta::hours(49);
        measure(rows.db.pool(), None, later).await.unwrap();
        assert_eq!(told(None, 48, later).await.1.len(), 1);
        assert_eq!(queue_minute::since(rows.db.pool(), minute).await.unwrap().len(), 1);
    }

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

    async fn a_document_store_that_hangs_holds_up_only_what_waits_for_it(rows) {
        let hangs = ThrottleConfig { wait_list_per_call: Duration::from_hours(1), ..ThrottleConfig::default() };
        let documents = Documents::new(Arc::new(ThrottledStore::new(InMemory::new(), hangs)));
        let every_second = |tick: Tick| if tick.name == "clean" { tick.cron } else { "* * * * * *" }.to_owned();
        let times = Times::parse(every_second, "UTC").unwrap();
        let scheduler = Scheduler { documents, times, clock: Clock::system(), ..scheduler(&rows, now()) };
        let mark = async |name| tick::last_due(rows.db.pool(), name).await.unwrap();
        let goes_on = async {
            let first = eventually("a tick ran", async || mark("index").await).await;
            let later = first + TimeDelta::seconds(3);
            eventually("it runs again", async || mark("index").await.filter(|mark| *mark >= later)).await;
        };
        tokio::select! {
            () = scheduler.run(std::future::pending()) => {}
            () = goes_on => {}
        }
        assert_eq!(mark("clean").await, None, "it is not done");
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
