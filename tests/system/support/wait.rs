//! Waiting for asynchronous effects.

use std::time::{Duration, Instant};

/// How long to wait before a test fails. It affects nothing else: a test continues as soon as the condition holds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The first and the last pause between two checks. It grows with the wait, since a check is a request or a process
/// that slows down what it waits for.
pub(crate) const GRAIN: Duration = Duration::from_millis(10);
const COARSE: Duration = Duration::from_millis(60);

fn pause(since: Instant) -> Duration {
    (since.elapsed() / 8).clamp(GRAIN, COARSE)
}

/// Checks repeatedly until there is a value, and returns it.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "it did not come to this: {what}");
        tokio::time::sleep(pause(begin)).await;
    }
}

/// The same for code that cannot await. Returns `false` on a timeout.
pub(crate) fn comes_true(mut look: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    while !look() {
        if begin.elapsed() > PATIENCE {
            return false;
        }
        std::thread::sleep(pause(begin));
    }
    true
}
