//! The report of the checks.

use serde::Serialize;
use serde_json::{Value, json};

use crate::output::counted;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// Everything is right.
    Ok,
    /// It works, but not as well or not for as long as it should.
    Warning,
    /// It does not work.
    Failed,
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    status: Status,
    found: String,
    /// What to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<String>,
}

/// All checks, in order.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Check>);

impl Report {
    /// Everything is right.
    pub(super) fn ok(&mut self, name: &'static str, found: impl Into<String>) {
        self.push(name, Status::Ok, found.into(), None);
    }

    /// It works, but this should be changed.
    pub(super) fn warn(&mut self, name: &'static str, found: impl Into<String>, change: impl Into<String>) {
        self.push(name, Status::Warning, found.into(), Some(change.into()));
    }

    /// It does not work until this is changed.
    pub(super) fn failed(&mut self, name: &'static str, found: impl Into<String>, change: impl Into<String>) {
        self.push(name, Status::Failed, found.into(), Some(change.into()));
    }

    fn push(&mut self, name: &'static str, status: Status, found: String, change: Option<String>) {
        self.0.push(Check { name, status, found, change });
    }

    pub(super) fn has_failed(&self) -> bool {
        self.count(Status::Failed) > 0
    }

    fn count(&self, status: Status) -> usize {
        self.0.iter().filter(|check| check.status == status).count()
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "ok": !self.has_failed(),
            "failed": self.count(Status::Failed),
            "warnings": self.count(Status::Warning),
            "checks": self.0,
        })
    }

    pub(super) fn print(&self) {
        for Check { name, status, found, change } in &self.0 {
            let word = match status {
                Status::Ok => "ok     ",
                Status::Warning => "warning",
                Status::Failed => "FAILED ",
            };
            println!("{word}  {name}: {found}");
            if let Some(change) = change {
                println!("         to change: {change}");
            }
        }
        let warnings = counted(self.count(Status::Warning), "warning", "warnings");
        println!("{} failed, {warnings}", self.count(Status::Failed));
    }
}
