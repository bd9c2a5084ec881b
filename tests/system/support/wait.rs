//! Waiting for what comes by itself.

use std::time::{Duration, Instant};

/// How long to wait before a test fails. It decides nothing else: a test goes on as soon as what it waits for is there.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// How often to look.
pub(crate) const GRAIN: Duration = Duration::from_millis(20);

/// Looks again and again until there is something, and gives it back.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "it did not come to this: {what}");
        tokio::time::sleep(GRAIN).await;
    }
}

/// The same, where nothing can be awaited. `false` if it did not come to it.
pub(crate) fn comes_true(mut look: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !look() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(GRAIN);
    }
    true
}
