//! What is counted of the database: statements that fail, and connections that cannot be had.

use metrics::{counter, describe_counter};
use sea_orm::DbErr;

const ERRORS: &str = "paylink_database_errors_total";

/// Says what is counted here, and begins at zero.
pub fn declare() {
    describe_counter!(ERRORS, "Statements that the database refused or lost, and connections that could not be had.");
    for reason in ["statement", "connection"] {
        counter!(ERRORS, "reason" => reason).increment(0);
    }
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
