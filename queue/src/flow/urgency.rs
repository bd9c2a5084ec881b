//! Whether anyone waits for what the current task does.

use std::future::Future;

pub use crate::redis::Urgency;

use crate::Lease;

tokio::task_local! {
    static CURRENT: Urgency;
}

impl Urgency {
    /// The urgency of attempts at this job.
    pub(crate) fn of(lease: &Lease) -> Self {
        if lease.is_background() { Self::Background } else { Self::Interactive }
    }

    /// The urgency of the current attempt. Outside of attempts, someone waits.
    pub(super) fn current() -> Self {
        CURRENT.try_with(|urgency| *urgency).unwrap_or(Self::Interactive)
    }

    /// Runs an attempt with this urgency.
    pub(crate) async fn scope<T>(self, attempt: impl Future<Output = T>) -> T {
        CURRENT.scope(self, attempt).await
    }
}
