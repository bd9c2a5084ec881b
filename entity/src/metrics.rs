//! Metrics of the database and of what is written: failed statements, connections that could not be had, and outcomes of texts and credits.
//! The latter are counted on writing, so they include what is rolled back afterwards.

use metrics::{counter, describe_counter};
use sea_orm::DbErr;

use domain::message::MessageStatus;

const MESSAGES: &str = "paylink_messages_total";
const CAPTURED: &str = "paylink_credits_captured_total";
const ERRORS: &str = "paylink_database_errors_total";

/// Says what is counted here, and begins at zero.
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

/// Whether a text that was to be sent has come to something when it is in this state.
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

/// A text has come to this state.
pub(crate) fn message(status: MessageStatus) {
    if is_outcome(status) {
        counter!(MESSAGES, "outcome" => status.as_str()).increment(1);
    }
}

/// So many credits were spent.
pub(crate) fn captured(credits: i64) {
    counter!(CAPTURED).increment(u64::try_from(credits).unwrap_or_default());
}

/// Counts an error that left no statement behind because no connection could be had; those of statements are counted where
/// they are run. For whoever handles the error last.
pub fn database_error(error: &DbErr) {
    if matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)) {
        counter!(ERRORS, "reason" => "connection").increment(1);
    }
}

pub(crate) fn statement_failed() {
    counter!(ERRORS, "reason" => "statement").increment(1);
}
