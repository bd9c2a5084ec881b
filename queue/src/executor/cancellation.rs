//! Cancels attempts in flight when a worker that is stopping can wait for them no longer.

use tokio::sync::watch;

/// Cancels attempts. Cheap to clone; all clones are cancelled together.
#[derive(Debug, Clone, Default)]
pub struct Cancellation(watch::Sender<bool>);

impl Cancellation {
    /// Ends every attempt that is in flight, and each that begins from now on. Their jobs are released, for other workers to do.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    /// Resolves once attempts are cancelled.
    pub(crate) async fn reached(&self) {
        let mut told = self.0.subscribe();
        if told.wait_for(|reached| *reached).await.is_err() {
            // The sender lives in `self`, so this does not happen; without it nothing would ever be cancelled.
            std::future::pending::<()>().await;
        }
    }
}
