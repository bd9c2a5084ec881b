//! `/v1/admin`: what the operator's key may do.

mod jobs;
mod merchants;
mod messages;
mod pauses;
mod queues;

pub(super) use jobs::Jobs;
pub(super) use merchants::Merchants;
pub(super) use messages::Messages;
pub(super) use pauses::Pauses;
pub(super) use queues::Queues;

use super::Group;
