//! Tracks open connections: which have exceeded their time, and which to close first when the limit is reached.

mod activity;

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use self::activity::ConnectionActivity;
use super::Patience;
use crate::http::address::household;

/// How often overdue connections are looked for.
const LOOK: Duration = Duration::from_secs(1);

/// All open connections of a server. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Connections(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    open: Mutex<HashMap<usize, Arc<HttpConnection>>>,
    next: AtomicUsize,
    /// Notified when a connection ends.
    ended: Notify,
}

/// An open connection and its activity.
#[derive(Debug)]
pub(super) struct HttpConnection {
    household: IpAddr,
    activity: Mutex<ConnectionActivity>,
    close: Notify,
}

/// Registers a connection until it is dropped.
#[derive(Debug)]
pub(super) struct ConnectionGuard {
    connections: Connections,
    number: usize,
    pub(super) connection: Arc<HttpConnection>,
}

/// A request in flight.
#[derive(Debug)]
pub(super) struct InFlight {
    connection: Arc<HttpConnection>,
    number: u64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connections {
    /// Registers a connection.
    pub(super) fn enter(&self, address: IpAddr) -> ConnectionGuard {
        let activity = ConnectionActivity::of_new(Instant::now());
        let household = household(address.to_canonical());
        let connection = Arc::new(HttpConnection { household, activity: Mutex::new(activity), close: Notify::new() });
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        locked(&self.0.open).insert(number, Arc::clone(&connection));
        ConnectionGuard { connections: self.clone(), number, connection }
    }

    /// The number of connections.
    pub(super) fn count(&self) -> usize {
        locked(&self.0.open).len()
    }

    /// Resolves when a connection ends, or after this time.
    pub(super) async fn one_ends(&self, at_latest: Duration) {
        let _ = tokio::time::timeout(at_latest, self.0.ended.notified()).await;
    }

    /// Resolves when all connections have ended.
    pub(super) async fn all_end(&self) {
        while self.count() > 0 {
            self.one_ends(LOOK).await;
        }
    }

    /// Closes overdue connections forever.
    pub(super) async fn close_overdue(&self, patience: Patience) {
        loop {
            tokio::time::sleep(LOOK).await;
            let now = Instant::now();
            for connection in locked(&self.0.open).values() {
                if locked(&connection.activity).is_overdue(now, patience) {
                    connection.close.notify_one();
                }
            }
        }
    }

    /// Closes at most this many connections that no client awaits an answer on: those idle for longest first, from the
    /// clients with the most connections, counting busy ones. Returns how many.
    pub(super) fn make_room(&self, most: usize) -> usize {
        type Idle = Vec<(Instant, Arc<HttpConnection>)>;
        let mut by_household: HashMap<IpAddr, (usize, Idle)> = HashMap::new();
        for connection in locked(&self.0.open).values() {
            let (all, idle) = by_household.entry(connection.household).or_default();
            *all += 1;
            if let Some(since) = locked(&connection.activity).idle_since() {
                idle.push((since, Arc::clone(connection)));
            }
        }
        let with_idle = by_household.into_values().filter(|(_, idle)| !idle.is_empty());
        let Some((_, mut idle)) = with_idle.max_by_key(|(all, _)| *all) else { return 0 };
        idle.sort_by_key(|(since, _)| *since);
        idle.truncate(most);
        for (_, connection) in &idle {
            connection.close.notify_one();
        }
        idle.len()
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        let inner = &self.connections.0;
        locked(&inner.open).remove(&self.number);
        inner.ended.notify_one();
    }
}

impl HttpConnection {
    /// Records the start of a request.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        let number = locked(&self.activity).begin();
        InFlight { connection: Arc::clone(self), number }
    }

    /// Records incoming data.
    pub(super) fn heard(&self) {
        locked(&self.activity).heard(Instant::now());
    }

    /// Records whether the client accepts data.
    pub(super) fn set_stuck(&self, stuck: bool) {
        locked(&self.activity).set_stuck(stuck, Instant::now());
    }

    /// Whether an answer ended a moment ago.
    pub(super) fn has_just_answered(&self) -> bool {
        locked(&self.activity).idle_since().is_some_and(|since| since.elapsed() < LOOK)
    }

    /// Whether a request is in progress whose client accepts data.
    pub(super) fn is_of_use(&self) -> bool {
        locked(&self.activity).is_of_use(Instant::now())
    }

    /// Resolves when the connection must be closed.
    pub(super) async fn told_to_close(&self) {
        self.close.notified().await;
    }
}

impl InFlight {
    /// Records whether a piece of the answer waits for the client.
    pub(super) fn waits_for_them(&self, waits: bool) {
        locked(&self.connection.activity).set_waiting(self.number, waits.then(Instant::now));
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        locked(&self.connection.activity).end(self.number, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn is_overdue(connection: &HttpConnection, after: Duration) -> bool {
        locked(&connection.activity).is_overdue(Instant::now() + after, Patience::default())
    }

    #[test]
    fn a_head_has_less_time_than_an_idle_connection_and_a_request_has_all_the_time() {
        let patience = Patience::default();
        let place = Connections::default().enter([203, 0, 113, 7].into());
        let connection = &place.connection;
        assert!(is_overdue(connection, patience.head + MINUTE / 60), "nothing was ever said");
        let request = connection.begin();
        assert!(!is_overdue(connection, 60 * MINUTE), "it is being answered");
        drop(request);
        assert!(!is_overdue(connection, patience.head + MINUTE / 60));
        assert!(is_overdue(connection, patience.idle + MINUTE / 60));
        connection.heard();
        assert!(is_overdue(connection, patience.head + MINUTE / 60), "the next head has begun");
    }

    #[test]
    fn whoever_takes_nothing_of_an_answer_has_little_time() {
        let place = Connections::default().enter([203, 0, 113, 7].into());
        let _request = place.connection.begin();
        place.connection.set_stuck(true);
        assert!(is_overdue(&place.connection, 2 * MINUTE));
        place.connection.set_stuck(false);
        assert!(!is_overdue(&place.connection, 2 * MINUTE));
    }

    #[test]
    fn whoever_asks_for_no_piece_of_an_answer_has_little_time() {
        let place = Connections::default().enter([203, 0, 113, 7].into());
        let (one, other) = (place.connection.begin(), place.connection.begin());
        one.waits_for_them(true);
        other.waits_for_them(true);
        assert!(is_overdue(&place.connection, MINUTE));
        other.waits_for_them(false);
        assert!(is_overdue(&place.connection, MINUTE), "one of them still waits");
        drop(one);
        assert!(!is_overdue(&place.connection, MINUTE));
    }

    #[tokio::test]
    async fn room_is_made_by_whoever_has_the_most_idle_connections() {
        let connections = Connections::default();
        let one = connections.enter([203, 0, 113, 1].into());
        let many: Vec<ConnectionGuard> = (0..10).map(|_| connections.enter([203, 0, 113, 2].into())).collect();
        let busy = many[0].connection.begin();

        assert_eq!(connections.make_room(3), 3);

        let told = |place: &ConnectionGuard| {
            let mut told = std::pin::pin!(place.connection.told_to_close());
            futures_util::FutureExt::now_or_never(told.as_mut()).is_some()
        };
        assert!(!told(&one) && !told(&many[0]));
        assert_eq!(many[1..].iter().map(told).collect::<Vec<_>>(), [[true; 3].as_slice(), &[false; 6]].concat());
        drop((busy, many));
        assert_eq!(connections.count(), 1);
    }
}
