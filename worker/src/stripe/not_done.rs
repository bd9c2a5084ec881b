//! Turns failed calls to Stripe into decisions about the job.

use queue::JobError;
use sea_orm::DbErr;

use super::{Advice, StripeError};

/// Why something is not done at Stripe.
#[derive(Debug)]
pub(crate) enum NotDone {
    /// Stripe refuses; the merchant must change something.
    Refused(StripeError),
    /// It may succeed later.
    NotYet(JobError),
}

impl From<StripeError> for NotDone {
    fn from(error: StripeError) -> Self {
        match error.advice() {
            Advice::Tell => Self::Refused(error),
            Advice::Retry | Advice::LookUp => Self::NotYet(error.into_retry()),
        }
    }
}

impl From<JobError> for NotDone {
    fn from(error: JobError) -> Self {
        Self::NotYet(error)
    }
}

impl From<DbErr> for NotDone {
    fn from(error: DbErr) -> Self {
        Self::NotYet(error.into())
    }
}
