//! `/v1/admin`: what the operator's key may do.

mod access;
mod audit_log;
mod jobs;
mod merchants;
mod messages;
mod pauses;
mod queues;
mod sessions;

pub(super) use access::Access;
pub(super) use audit_log::AuditLog;
pub(super) use jobs::Jobs;
pub(super) use merchants::Merchants;
pub(super) use messages::Messages;
pub(super) use pauses::Pauses;
pub(super) use queues::Queues;
pub(super) use sessions::Sessions;

use super::Group;
