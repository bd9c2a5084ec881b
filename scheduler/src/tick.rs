//! The table of all ticks.

use std::pin::Pin;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::{
    Calendar, CalendarError, Scheduler, SchedulerError,
    ticks::{clean, credits, doctor, expire, index, notify, number, purge, remind, settle, texts},
};

/// Every tick, in the order in which they run when several are due.
pub static TICKS: [Tick; 11] = [
    // Closes unpaid links whose time is over.
    Tick {
        name: "expire",
        cron: "0 * * * * *",
        waits: true,
        erases: false,
        run: |all, now| Box::pin(expire::run(all, now)),
    },
    // Erases what is older than 90 days.
    Tick {
        name: "purge",
        cron: "0 0 * * * *",
        waits: true,
        erases: true,
        run: |all, now| Box::pin(purge::run(all, now)),
    },
    // Notifies Redis again of jobs whose notification was lost.
    Tick {
        name: "notify",
        cron: "*/5 * * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(notify::run(all, now)),
    },
    // Makes orders from before searchable.
    Tick {
        name: "index",
        cron: "20 * * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(index::run(all, now)),
    },
    // Numbers changes that a process which died has left without a number.
    Tick {
        name: "number",
        cron: "*/5 * * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(number::run(all, now)),
    },
    // Asks Stripe what webhooks did not tell, and why they did not.
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
        run: |all, now| Box::pin(remind::run(all, now)),
    },
    // Sends texts whose time has come, and cancels those whose time will not come any more.
    Tick {
        name: "texts",
        cron: "*/10 * * * * *",
        waits: true,
        erases: false,
        run: |all, now| Box::pin(texts::run(all, now)),
    },
    // Settles texts that nobody reported on, and leaves to a person those of which nobody knows whether they left.
    Tick {
        name: "settle",
        cron: "0 15 * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(settle::run(all, now)),
    },
    // Asks how purchases of credits stand, and has merchants told that credits are low.
    Tick {
        name: "credits",
        cron: "30 */5 * * * *",
        waits: false,
        erases: false,
        run: |all, now| Box::pin(credits::run(all, now)),
    },
    // Removes finished jobs, old idempotency keys, old webhook payloads and uploads that nobody came for.
    Tick {
        name: "clean",
        cron: "0 30 * * * *",
        waits: true,
        erases: true,
        run: |all, now| Box::pin(clean::run(all, now)),
    },
];

/// Something that is due from time to time.
#[derive(Debug, Clone, Copy)]
pub struct Tick {
    /// Its name, in settings, in the `tick` table and in logs.
    pub name: &'static str,
    /// When it is due unless the settings say otherwise: a cron expression with seconds.
    pub cron: &'static str,
    /// Whether it does early what cannot be taken back, if the time has jumped: then it waits until somebody else's clock agrees.
    pub(crate) waits: bool,
    /// Whether what it does cannot be undone: then it is not done while this machine's clock and the database's tell very different
    /// times, because it is not known which of them is wrong.
    pub(crate) erases: bool,
    /// Does everything that is due, and answers how much it found.
    pub(crate) run: Run,
}

type Run = for<'a> fn(&'a Scheduler, Moment) -> Pin<Box<dyn Future<Output = Result<u64, SchedulerError>> + Send + 'a>>;

/// The moment of a tick.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// What is due at this time is done.
    pub(crate) at: DateTime<Utc>,
    /// The time of the tick, the same on every scheduler.
    pub(crate) due: DateTime<Utc>,
}

impl Moment {
    /// What the keys of jobs end with that are written once for each time of the tick.
    pub(crate) fn slot(self) -> String {
        self.due.to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

/// When each tick is due.
#[derive(Debug, Clone)]
pub struct Times(Vec<(Tick, Calendar)>);

impl Times {
    /// Reads a cron expression for each tick, all in one time zone.
    ///
    /// # Errors
    /// The first expression that is none, or the time zone.
    pub fn parse(expression: impl Fn(Tick) -> String, zone: &str) -> Result<Self, CalendarError> {
        let read = |tick: &Tick| Ok((*tick, Calendar::parse(&expression(*tick), zone)?));
        TICKS.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Each tick, and when it is due.
    pub fn iter(&self) -> impl Iterator<Item = &(Tick, Calendar)> {
        self.0.iter()
    }
}
