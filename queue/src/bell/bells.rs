//! The handle by which jobs are rung.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entity::Clock;
use tokio::sync::watch;
use uuid::Uuid;

use super::keys::{self, Keys};
use super::line::Line;
use super::link::Link;
use super::wake::Listener;
use super::{Bell, BellError, Depth};

/// How many bells one script call rings: about 2 ms of Redis's time.
const RING_PAGE: usize = 500;

/// A handle to the queues of one installation; cheap to clone.
///
/// It never waits for Redis to be there: opening only reads the URL, a command that finds Redis away or hung fails
/// within about a second, and the next one dials again.
#[derive(Clone)]
pub struct Bells(Arc<Inner>);

struct Inner {
    prefix: String,
    clock: Clock,
    link: Arc<Link>,
    lines: Arc<Lines>,
    listener: Listener,
}

/// The queues that have been used, by name.
#[derive(Default)]
pub(super) struct Lines(Mutex<HashMap<&'static str, Arc<Line>>>);

impl Bells {
    /// A handle to the Redis at `url` (`redis://[user:password@]host[:port][/db]` or `redis+unix:///path`). The keys
    /// of all queues begin with `{prefix}:`, so that several installations can share one Redis. `clock` tells in how long
    /// what is rung for later is due.
    ///
    /// # Errors
    /// If the URL is not of that form or the prefix is empty or has one of `{}*?[]\` in it; never because Redis is away.
    pub fn open(url: &str, prefix: &str, clock: Clock) -> Result<Self, BellError> {
        keys::check_prefix(prefix)?;
        Ok(Self(Arc::new(Inner {
            prefix: prefix.to_owned(),
            clock,
            link: Arc::new(Link::open(url)?),
            lines: Arc::default(),
            listener: Listener::default(),
        })))
    }

    /// Rings jobs of a queue and wakes a worker; returns how many were not rung already. A job that is ready, due
    /// later or being handled stays as it is, so ringing again is always safe.
    ///
    /// # Errors
    /// If Redis is away, refuses, or does not answer within a second. Some of the jobs may have been rung.
    pub async fn ring(&self, queue: &'static str, bells: &[Bell]) -> Result<u64, BellError> {
        let line = self.line(queue);
        let mut fresh = 0;
        for page in bells.chunks(RING_PAGE) {
            fresh += line.ring(page).await?;
        }
        Ok(fresh)
    }

    /// Whether Redis answers.
    ///
    /// # Errors
    /// If it does not within a second.
    pub async fn ping(&self) -> Result<(), BellError> {
        self.0.link.query(&redis::cmd("PING")).await
    }

    /// How many jobs of a queue are where, at one moment.
    ///
    /// # Errors
    /// If Redis is away or does not answer within a second.
    pub async fn depth(&self, queue: &'static str) -> Result<Depth, BellError> {
        self.line(queue).depth().await
    }

    /// Removes a job's bell, whatever its state; returns whether there was one. A handler that is at it is not
    /// stopped, and its answer will have no effect.
    ///
    /// # Errors
    /// If Redis is away or does not answer within a second.
    pub async fn forget(&self, queue: &'static str, job: Uuid, lane: Uuid) -> Result<bool, BellError> {
        self.line(queue).forget(job, lane).await
    }

    /// The connection that all commands share.
    pub(crate) fn link(&self) -> &Link {
        &self.0.link
    }

    /// What all keys begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// The queue of that name.
    pub(super) fn line(&self, queue: &'static str) -> Arc<Line> {
        let mut lines = self.0.lines.lock();
        let Inner { prefix, clock, link, .. } = &*self.0;
        let new = || Arc::new(Line::new(Arc::clone(link), Keys::new(prefix, queue), clock.clone()));
        Arc::clone(lines.entry(queue).or_insert_with(new))
    }

    /// Where to wait for a queue's wake-ups. Must be called in a tokio runtime, as it makes sure that someone listens.
    pub(super) fn woken(&self, queue: &'static str) -> watch::Receiver<()> {
        let woken = self.line(queue).woken();
        self.0.listener.ensure(self.0.link.client(), &self.0.prefix, &self.0.lines);
        woken
    }
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Arc<Line>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes those who wait for one queue.
    pub(super) fn wake(&self, queue: &str) {
        if let Some(line) = self.lock().get(queue) {
            line.wake();
        }
    }

    /// Wakes all, as when wake-ups may have been missed.
    pub(super) fn wake_all(&self) {
        for line in self.lock().values() {
            line.wake();
        }
    }
}

impl fmt::Debug for Bells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bells").field("prefix", &self.0.prefix).finish_non_exhaustive()
    }
}
