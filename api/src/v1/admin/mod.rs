//! `/v1/admin`: what the operator's key may do.

mod jobs;
mod merchants;

pub(super) use jobs::Jobs;
pub(super) use merchants::Merchants;

use super::Group;
