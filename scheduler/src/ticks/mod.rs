//! The ticks, one per file.

pub(crate) mod adopt;
pub(crate) mod clean;
pub(crate) mod credits;
pub(crate) mod days;
pub(crate) mod doctor;
pub(crate) mod expire;
pub(crate) mod index;
pub(crate) mod measure;
pub(crate) mod notify;
pub(crate) mod number;
mod pages;
pub(crate) mod purge;
pub(crate) mod remind;
pub(crate) mod settle;
pub(crate) mod sum;
pub(crate) mod texts;

use pages::{PAGE, Pages};
