//! When to stop: Ctrl-C or SIGTERM, seen by all parts of a process alike.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Tells all parts of a process that it is to stop. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Sender<bool>);

impl Stop {
    /// One that is told by Ctrl-C and by SIGTERM.
    pub(crate) fn on_signals() -> Self {
        let stop = Self(watch::Sender::new(false));
        let teller = stop.clone();
        tokio::spawn(async move {
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                tracing::error!("signals cannot be heard");
                return;
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tracing::info!("stopping: jobs in flight are finished first");
            teller.now();
        });
        stop
    }

    /// Stop now.
    pub(crate) fn now(&self) {
        self.0.send_replace(true);
    }

    /// Resolves when it is time to stop.
    pub(crate) fn told(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut told = self.0.subscribe();
        async move {
            // The sender lives in `self` for as long as anything runs; without it there is nothing to wait for either.
            let _ = told.wait_for(|stop| *stop).await;
        }
    }
}
