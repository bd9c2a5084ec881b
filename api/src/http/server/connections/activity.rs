//! What a connection does, and since when.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::http::server::Patience;

/// How long a slow client may take for a piece of an answer on a connection that is about to be closed.
const SLOW: Duration = Duration::from_secs(5);

/// The activity of a connection.
#[derive(Debug)]
pub(super) struct ConnectionActivity {
    /// The requests in flight.
    requests: usize,
    /// Since when there are none.
    idle: Instant,
    /// Since when the head of the next request is arriving.
    head: Option<Instant>,
    /// Since when the client has accepted no data.
    stuck: Option<Instant>,
    /// Since when a piece of an answer, by its request, waits for the client to ask for it: with HTTP/2 a client may
    /// ask for nothing, and then nothing is written.
    waiting: HashMap<u64, Instant>,
    /// The number of requests so far.
    begun: u64,
}

impl ConnectionActivity {
    /// The activity of a new connection. Its client is expected to send a request, so its head counts as arriving.
    pub(super) fn of_new(now: Instant) -> Self {
        Self { requests: 0, idle: now, head: Some(now), stuck: None, waiting: HashMap::new(), begun: 0 }
    }

    /// A request begins. Returns its number.
    pub(super) fn begin(&mut self) -> u64 {
        self.requests += 1;
        self.begun += 1;
        self.head = None;
        self.begun
    }

    /// The request of this number ends.
    pub(super) fn end(&mut self, request: u64, now: Instant) {
        self.waiting.remove(&request);
        self.requests -= 1;
        self.idle = now;
    }

    /// Data comes in.
    pub(super) fn heard(&mut self, now: Instant) {
        if self.requests == 0 && self.head.is_none() {
            self.head = Some(now);
        }
    }

    /// The client accepts data, or does not.
    pub(super) fn set_stuck(&mut self, stuck: bool, now: Instant) {
        self.stuck = stuck.then(|| self.stuck.unwrap_or(now));
    }

    /// Since when a piece of this request's answer waits for the client, if it does.
    pub(super) fn set_waiting(&mut self, request: u64, since: Option<Instant>) {
        match since {
            Some(since) => self.waiting.insert(request, since),
            None => self.waiting.remove(&request),
        };
    }

    /// Whether a request is in progress whose client accepts data.
    pub(super) fn is_of_use(&self, now: Instant) -> bool {
        let takes = |since: &Instant| now.duration_since(*since) < SLOW;
        self.requests > 0 && self.stuck.is_none() && self.waiting.values().all(takes)
    }

    /// Since when no request is in flight of a client that accepts data.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        (self.requests == 0 && self.stuck.is_none()).then_some(self.idle)
    }

    /// Whether the connection has exceeded its time.
    pub(super) fn is_overdue(&self, now: Instant, patience: Patience) -> bool {
        let longer = |since: Option<Instant>, than| since.is_some_and(|since| now.duration_since(since) > than);
        longer(self.head, patience.head)
            || longer(self.idle_since(), patience.idle)
            || longer(self.stuck, patience.stuck)
            || longer(self.waiting.values().min().copied(), patience.stuck)
    }
}
