//! The signal to stop, shared by all parts of a role. The command line triggers it on Ctrl-C and SIGTERM.

use std::time::Duration;

use api::Readiness;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// How far the end of the process has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    /// Not ready any more; nothing new is begun, and who comes all the same is still served.
    Stopping,
    /// Nobody is let in any more.
    Closing,
}

/// Tells all parts of a role that it is to stop. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<Stage>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(Stage::Running))
    }
}

impl Stop {
    /// Has it told by Ctrl-C and by SIGTERM. After a SIGTERM there is `grace` between the stopping and the closing, for balancers
    /// to notice; a second signal cuts it short. Ctrl-C is a person who waits.
    pub(crate) fn on_signals(&self, grace: Duration) {
        let teller = self.clone();
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
            teller.0.send_replace(Stage::Stopping);
            tokio::select! {
                () = tokio::time::sleep(grace) => {}
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            teller.now();
        });
    }

    /// Stop now.
    pub fn now(&self) {
        self.0.send_replace(Stage::Closing);
    }

    /// Has a process say that it is not ready as soon as it is time to begin nothing more.
    pub(crate) fn tells(&self, readiness: &Readiness) {
        let (told, readiness) = (self.told(), readiness.clone());
        tokio::spawn(async move {
            told.await;
            readiness.stop();
        });
    }

    /// Resolves when it is time to begin nothing more.
    pub(crate) fn told(&self) -> impl Future<Output = ()> + Send + 'static {
        self.reached(Stage::Stopping)
    }

    /// Resolves when it is time to let nobody in any more.
    pub(crate) fn closing(&self) -> impl Future<Output = ()> + Send + 'static {
        self.reached(Stage::Closing)
    }

    fn reached(&self, stage: Stage) -> impl Future<Output = ()> + Send + 'static {
        let mut told = self.0.subscribe();
        async move {
            // The sender lives in `self` for as long as anything runs; without it there is nothing to wait for either.
            let _ = told.wait_for(|now| *now >= stage).await;
        }
    }
}
