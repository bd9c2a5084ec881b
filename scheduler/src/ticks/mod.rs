//! One file a tick.

pub(crate) mod clean;
pub(crate) mod doctor;
pub(crate) mod expire;
pub(crate) mod notify;
pub(crate) mod purge;
pub(crate) mod remind;
pub(crate) mod settle;

/// How many rows are read at a time, so that a tick takes the same memory however much is due.
const PAGE: u64 = 500;
