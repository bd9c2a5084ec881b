//! Every tick, as a table of contents.

use chrono::{DateTime, Utc};

use crate::{Calendar, CalendarError, Scheduler, SchedulerError, ticks};

/// Something that is due from time to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    /// Closes unpaid links whose time is over.
    Expire,
    /// Erases what is older than 90 days.
    Purge,
    /// Notifies Redis again of jobs whose notification was lost.
    Ring,
    /// Asks Stripe what webhooks did not tell, and why they did not.
    Doctor,
    /// Reminds buyers of unpaid links.
    Remind,
    /// Settles texts that nobody reported on, and leaves to a person those of which nobody knows whether they left.
    Settle,
    /// Removes finished jobs, old idempotency keys, old webhook payloads and uploads that nobody came for.
    Clean,
}

impl Tick {
    /// Every tick, in the order in which they run when several are due.
    pub const ALL: [Self; 7] =
        [Self::Expire, Self::Purge, Self::Ring, Self::Doctor, Self::Remind, Self::Settle, Self::Clean];

    /// Its name, in settings, in the `tick` table and in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expire => "expire",
            Self::Purge => "purge",
            Self::Ring => "ring",
            Self::Doctor => "doctor",
            Self::Clean => "clean",
            Self::Remind => "remind",
            Self::Settle => "settle",
        }
    }

    /// Deals with everything that is due at `at`; `due` is the time of the tick, the same on every scheduler. Returns how much it found.
    pub(crate) async fn run(
        self,
        scheduler: &Scheduler,
        at: DateTime<Utc>,
        due: DateTime<Utc>,
    ) -> Result<u64, SchedulerError> {
        match self {
            Self::Expire => ticks::expire::run(scheduler, at, due).await,
            Self::Purge => ticks::purge::run(scheduler, at).await,
            Self::Ring => ticks::notify::run(scheduler, at).await,
            Self::Doctor => ticks::doctor::run(scheduler, at, due).await,
            Self::Clean => ticks::clean::run(scheduler, at).await,
            Self::Remind => ticks::remind::run(scheduler, at, due).await,
            Self::Settle => ticks::settle::run(scheduler, at).await,
        }
    }
}

/// When each tick is due.
#[derive(Debug, Clone)]
pub struct Times {
    expire: Calendar,
    purge: Calendar,
    ring: Calendar,
    doctor: Calendar,
    clean: Calendar,
    remind: Calendar,
    settle: Calendar,
}

impl Times {
    /// Reads a cron expression for each tick, all in one time zone.
    ///
    /// # Errors
    /// The first expression that is none, or the time zone.
    pub fn parse(expression: impl Fn(Tick) -> String, zone: &str) -> Result<Self, CalendarError> {
        let calendar = |tick| Calendar::parse(&expression(tick), zone);
        Ok(Self {
            expire: calendar(Tick::Expire)?,
            purge: calendar(Tick::Purge)?,
            ring: calendar(Tick::Ring)?,
            doctor: calendar(Tick::Doctor)?,
            clean: calendar(Tick::Clean)?,
            remind: calendar(Tick::Remind)?,
            settle: calendar(Tick::Settle)?,
        })
    }

    pub(crate) const fn of(&self, tick: Tick) -> &Calendar {
        match tick {
            Tick::Expire => &self.expire,
            Tick::Purge => &self.purge,
            Tick::Ring => &self.ring,
            Tick::Doctor => &self.doctor,
            Tick::Clean => &self.clean,
            Tick::Remind => &self.remind,
            Tick::Settle => &self.settle,
        }
    }
}
