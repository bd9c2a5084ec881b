//! Metrics of the database and of what is written: failed statements, connections that could not be opened, and
//! outcomes of texts and credits. Outcomes are counted when they are written, so they include what is rolled back
//! afterwards.

use metrics::{counter, describe_counter};
use sea_orm::DbErr;

use domain::message::MessageStatus;

const MESSAGES: &str = "paylink_messages_total";
const CAPTURED: &str = "paylink_credits_captured_total";
const ERRORS: &str = "paylink_database_errors_total";

/// Describes the metrics and starts them at zero.
pub fn declare() {
    describe_counter!(ERRORS, "Statements that the database refused or lost, and connections that could not be had.");
    for reason in ["statement", "connection"] {
        counter!(ERRORS, "reason" => reason).increment(0);
    }
    describe_counter!(
        MESSAGES,
        "Texts by what became of them; one that was sent is counted again when it is delivered."
    );
    describe_counter!(CAPTURED, "Credits that were spent on texts.");
    for status in MessageStatus::ALL.iter().copied().filter(|status| is_outcome(*status)) {
        counter!(MESSAGES, "outcome" => status.as_str()).increment(0);
    }
    counter!(CAPTURED).increment(0);
}

/// Whether this status is the outcome of an outgoing text.
const fn is_outcome(status: MessageStatus) -> bool {
    match status {
        MessageStatus::Received | MessageStatus::Scheduled | MessageStatus::Queued | MessageStatus::Sending => false,
        MessageStatus::Unknown
        | MessageStatus::Sent
        | MessageStatus::Delivered
        | MessageStatus::Undelivered
        | MessageStatus::Failed
        | MessageStatus::Cancelled => true,
    }
}

/// Counts a message that reached this status.
pub(crate) fn message(status: MessageStatus) {
    if is_outcome(status) {
        counter!(MESSAGES, "outcome" => status.as_str()).increment(1);
    }
}

/// Counts spent credits.
pub(crate) fn captured(credits: i64) {
    counter!(CAPTURED).increment(u64::try_from(credits).unwrap_or_default());
}

/// Counts an error that happened before any statement because no connection was available; failed statements are
/// counted where they run. To be called once, by the last handler of the error.
pub fn database_error(error: &DbErr) {
    if matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)) {
        counter!(ERRORS, "reason" => "connection").increment(1);
    }
}

pub(crate) fn statement_failed() {
    counter!(ERRORS, "reason" => "statement").increment(1);
}
