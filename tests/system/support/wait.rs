//! Waiting for asynchronous effects.

use std::time::{Duration, Instant};

/// How long to wait before a test fails. It decides nothing else: a test goes on as soon as what it waits for is there.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// How long the pause between two looks is at first, and at last. It grows with what was waited: a look is a request or
/// a process, which takes the time of those who are waited for.
pub(crate) const GRAIN: Duration = Duration::from_millis(10);
const COARSE: Duration = Duration::from_millis(60);

fn pause(since: Instant) -> Duration {
    (since.elapsed() / 8).clamp(GRAIN, COARSE)
}

/// Looks again and again until there is something, and gives it back.
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

/// The same, where nothing can be awaited. `false` if it did not come to it.
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
