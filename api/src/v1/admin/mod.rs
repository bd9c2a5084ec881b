//! `/v1/admin`: calls for operators.

mod access;
mod audit_log;
mod credits;
mod job_errors;
mod jobs;
mod merchant_changes;
mod merchants;
mod messages;
mod pauses;
mod queues;
mod sessions;
mod why;

pub(super) use access::AdminAccess;
pub(super) use audit_log::AdminAuditLog;
pub(super) use credits::AdminCredits;
pub(super) use job_errors::AdminJobErrors;
pub(super) use jobs::AdminJobs;
pub(super) use merchants::AdminMerchants;
pub(super) use messages::AdminMessages;
pub(super) use pauses::AdminPauses;
pub(super) use queues::AdminQueues;
pub(super) use sessions::AdminSessions;
pub(super) use why::AdminWhy;

use super::Group;
