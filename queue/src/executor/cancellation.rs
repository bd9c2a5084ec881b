//! The moment at which a worker that is stopping waits no longer for the jobs in flight.

use tokio::sync::watch;

/// Tells attempts in flight to end. Cheap to clone; all clones are told together.
#[derive(Debug, Clone, Default)]
pub struct Cancellation(watch::Sender<bool>);

impl Cancellation {
    /// Ends every attempt that is in flight, and each that begins from now on: their jobs are let go, for others to do.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    /// Resolves when it has come.
    pub(crate) async fn reached(&self) {
        let mut told = self.0.subscribe();
        if told.wait_for(|reached| *reached).await.is_err() {
            // The sender lives in `self`, so this does not happen; without one the moment would never come.
            std::future::pending::<()>().await;
        }
    }
}
