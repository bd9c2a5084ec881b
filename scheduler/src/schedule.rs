//! The schedule: all ticks at a glance, each with its default time and its file.

use std::pin::Pin;

use crate::{
    Calendar, CalendarError, Scheduler, SchedulerError,
    tick_time::TickTime,
    ticks::{
        adopt_event_jobs, clean, credits, days_of_sums, doctor, expire_links, index_orders, measure_queues,
        notify_jobs, number_changes, purge_links, remind_buyers, settle_unreported_texts, sum_links, texts_due,
    },
};

/// Every tick, in the order in which those due at the same time run.
pub static TICKS: &[Tick] = &[
    // Closes unpaid links that have expired.
    Tick {
        name: "expire",
        cron: "0 * * * * *",
        waits: true,
        erases: false,
        run: |all, now| Box::pin(expire_links::run(all, now)),
    },
    // Erases what is older than 90 days.
    Tick {
        name: "purge",
        cron: "0 0 * * * *",
        waits: true,
        erases: true,
        run: |all, now| Box::pin(purge_links::run(all, now)),
    },
    // Writes the rows of webhook events' jobs that have waited for long.
    Tick {
        name: queue::event_jobs::TICK,
        cron: "*/10 * * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(adopt_event_jobs::run(all, now)),
    },
    // Notifies Redis again of jobs whose notification was lost.
    Tick {
        name: "notify",
        cron: "*/5 * * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(notify_jobs::run(all, now)),
    },
    // Records how the queues stand, for their history.
    Tick {
        name: "measure",
        cron: "5 * * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(measure_queues::run(all, now)),
    },
    // Adds older orders to the search index.
    Tick {
        name: "index",
        cron: "20 * * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(index_orders::run(all, now)),
    },
    // Numbers changes that were left unnumbered when a process died.
    Tick {
        name: "number",
        cron: "*/5 * * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(number_changes::run(all, now)),
    },
    // Adds changes of links to the sums that summaries are read from.
    Tick {
        name: "sum",
        cron: "*/10 * * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(sum_links::run(all, now)),
    },
    // Has sums of days kept for merchants' time zones.
    Tick {
        name: "days",
        cron: "0 40 * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(days_of_sums::run(all, now)),
    },
    // Asks Stripe what webhooks have not reported, and why.
    Tick {
        name: "doctor",
        cron: "0 */10 * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(doctor::run(all, now)),
    },
    // Reminds buyers of unpaid links.
    Tick {
        name: "remind",
        cron: "0 */10 * * * *",
        waits: true,
        erases: false,
        run: |all, now| Box::pin(remind_buyers::run(all, now)),
    },
    // Sends scheduled texts that are due, and cancels those that have become pointless.
    Tick {
        name: "texts",
        cron: "*/10 * * * * *",
        waits: true,
        erases: false,
        run: |all, now| Box::pin(texts_due::run(all, now)),
    },
    // Settles texts without a delivery report, and hands those with an unknown outcome to a person.
    Tick {
        name: "settle",
        cron: "0 15 * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(settle_unreported_texts::run(all, now)),
    },
    // Asks about pending credit purchases, and has merchants told that credits are low.
    Tick {
        name: "credits",
        cron: "30 */5 * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(credits::run(all, now)),
    },
    // Removes finished jobs, old idempotency keys, old webhook payloads and abandoned uploads.
    Tick {
        name: "clean",
        cron: "0 30 * * * *",
        waits: true,
        erases: true,
        run: |all, now| Box::pin(clean::run(all, now)),
    },
];

/// A recurring task.
#[derive(Debug, Clone, Copy)]
pub struct Tick {
    /// Its name in settings, in the `tick` table and in logs.
    pub name: &'static str,
    /// Its default schedule: a cron expression with seconds.
    pub cron: &'static str,
    /// Whether it is irreversible if it runs too early: then, after a jump of the time, it waits until another clock
    /// agrees.
    pub(crate) waits: bool,
    /// Whether it erases data: then it does not run while this machine's clock and the database's differ widely,
    /// because it is unclear which is wrong.
    pub(crate) erases: bool,
    /// Does everything that is due, and returns how much there was.
    pub(crate) run: RunTick,
}

type RunTick =
    for<'a> fn(&'a Scheduler, TickTime) -> Pin<Box<dyn Future<Output = Result<u64, SchedulerError>> + Send + 'a>>;

/// When each tick is due.
#[derive(Debug, Clone)]
pub struct Times(Vec<(Tick, Calendar)>);

impl Times {
    /// Parses a cron expression for each tick, all in one time zone.
    ///
    /// # Errors
    /// Returns an error if an expression or the time zone is invalid.
    pub fn parse(expression: impl Fn(Tick) -> String, zone: &str) -> Result<Self, CalendarError> {
        let read = |tick: &Tick| Ok((*tick, Calendar::parse(&expression(*tick), zone)?));
        TICKS.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Each tick with its calendar.
    pub fn iter(&self) -> impl Iterator<Item = &(Tick, Calendar)> {
        self.0.iter()
    }
}
