//! Whether anyone waits for what the current task does.

use std::future::Future;

use crate::Lease;

tokio::task_local! {
    static CURRENT: Urgency;
}

/// Whether anyone waits for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// A person waits, or a program.
    Interactive,
    /// No one waits: it leaves the nearest turns to those for whom someone does.
    Background,
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
