//! Keeps a copy of everything, made from the feed.

use std::time::Duration;

use tokio::{sync::watch, task::JoinHandle};

use crate::support::Mirror;

/// Reads the feed until it is told to stop.
pub(super) struct MirrorTask {
    pub(super) stop: watch::Sender<bool>,
    pub(super) reading: JoinHandle<Mirror>,
}

impl MirrorTask {
    pub(super) fn begin(mut mirror: Mirror) -> Self {
        let stop = watch::Sender::new(false);
        let is_over = stop.subscribe();
        let reading = tokio::spawn(async move {
            while !*is_over.borrow() {
                // Without waiting at the server, which leaves a stream of live updates in Redis.
                if !mirror.reads_on(0).await {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            mirror
        });
        Self { stop, reading }
    }
}
