//! The ticks, one per file: its name begins with the tick's and says what the tick is about. They are listed in
//! `schedule`.

pub(crate) mod adopt_event_jobs;
pub(crate) mod clean;
pub(crate) mod credits;
pub(crate) mod days_of_sums;
pub(crate) mod doctor;
pub(crate) mod expire_links;
pub(crate) mod index_orders;
pub(crate) mod measure_queues;
pub(crate) mod notify_jobs;
pub(crate) mod number_changes;
pub(crate) mod purge_links;
pub(crate) mod remind_buyers;
pub(crate) mod settle_unreported_texts;
pub(crate) mod sum_links;
pub(crate) mod texts_due;
