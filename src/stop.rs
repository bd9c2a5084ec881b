//! The stop signal shared by all parts of a role. The command line triggers it on Ctrl-C and SIGTERM.

use std::time::Duration;

use api::Readiness;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// How far the shutdown has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    /// Not ready; no new work is started, but requests are still served.
    Stopping,
    /// No new connections are accepted.
    Closing,
}

/// Tells all parts of a role to stop. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<Stage>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(Stage::Running))
    }
}

impl Stop {
    /// Triggers the stop on Ctrl-C and SIGTERM. After SIGTERM, `grace` passes between stopping and closing, so that
    /// load balancers notice; a second signal ends it early. Ctrl-C has no grace, because a person is waiting.
    pub(crate) fn on_signals(&self, grace: Duration) {
        let stop = self.clone();
        tokio::spawn(async move {
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                tracing::error!("signals cannot be heard");
                return;
            };
            let grace = tokio::select! {
                _ = interrupt.recv() => Duration::ZERO,
                _ = terminate.recv() => grace,
            };
            tracing::info!("stopping: what is in flight is finished first");
            stop.0.send_replace(Stage::Stopping);
            tokio::select! {
                () = tokio::time::sleep(grace) => {}
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            stop.now();
        });
    }

    /// Stops now.
    pub fn now(&self) {
        self.0.send_replace(Stage::Closing);
    }

    /// Marks the process as not ready once it is stopping.
    pub(crate) fn ends_readiness(&self, readiness: &Readiness) {
        let (requested, readiness) = (self.requested(), readiness.clone());
        tokio::spawn(async move {
            requested.await;
            readiness.stop();
        });
    }

    /// Resolves when no new work should be started.
    pub(crate) fn requested(&self) -> impl Future<Output = ()> + Send + 'static {
        self.reached(Stage::Stopping)
    }

    /// Resolves when no new connections should be accepted.
    pub(crate) fn closing(&self) -> impl Future<Output = ()> + Send + 'static {
        self.reached(Stage::Closing)
    }

    fn reached(&self, stage: Stage) -> impl Future<Output = ()> + Send + 'static {
        let mut stage_now = self.0.subscribe();
        async move {
            // The sender lives as long as anything runs; without it there is nothing to wait for either.
            let _ = stage_now.wait_for(|now| *now >= stage).await;
        }
    }
}
