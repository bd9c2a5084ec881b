//! Groups jobs by what went wrong, so that a thousand dead jobs with one cause are one line.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::job::{Column, Entity};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

/// The most jobs that are read.
const MOST_READ: u64 = 10_000;

/// The most groups that are told, those with the most jobs first.
const MOST_GROUPS: usize = 100;

/// How much of each error is read, in characters.
const LONGEST: u32 = 500;

/// A shorter word may be a status or a number that belongs to the error, such as `429`.
const LONGEST_KEPT: usize = 3;

/// Stands in an error for what differs from job to job.
const DIFFERS: char = '…';

/// The errors of jobs in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorGroups {
    /// Those with the most jobs first.
    pub groups: Vec<ErrorGroup>,
    /// Whether there are more jobs than were read, or more groups than are told.
    pub more: bool,
}

/// Jobs of one kind that failed for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorGroup {
    /// The kind, which may be unknown to this version.
    pub kind: String,
    /// The beginning of the last error, with `…` in place of ids and numbers that differ from job to job.
    pub error: String,
    /// How many jobs.
    pub jobs: u64,
    /// When the first of them died, or was enqueued if they are tried again.
    pub first_at: DateTime<Utc>,
    /// The same of the last.
    pub last_at: DateTime<Utc>,
}

impl ErrorGroup {
    /// The longest part of the error that all of them have.
    #[must_use]
    pub fn common_part(&self) -> &str {
        self.error.split(DIFFERS).map(str::trim).max_by_key(|part| part.len()).unwrap_or_default()
    }
}

/// Which jobs' errors are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    /// Dead ones, the newest first.
    Dead,
    /// Unfinished ones, the oldest first: of those that wait many may not have been tried at all.
    Queued,
}

impl Failing {
    /// A literal, because SQLite does not use a partial index for a bound parameter.
    const fn condition(self) -> &'static str {
        match self {
            Self::Dead => "job.state = 'dead'",
            Self::Queued => "job.state = 'queued'",
        }
    }

    const fn order(self) -> Order {
        match self {
            Self::Dead => Order::Desc,
            Self::Queued => Order::Asc,
        }
    }
}

/// A job's kind, its error, when it was enqueued, and when it ended.
type FailedRow = (String, Option<String>, DateTime<Utc>, Option<DateTime<Utc>>);

/// Groups jobs by their errors.
pub async fn errors(db: &impl ConnectionTrait, failing: Failing) -> Result<ErrorGroups, DbErr> {
    let rows: Vec<FailedRow> = Entity::find()
        .select_only()
        .column(Column::Kind)
        // The query builder has no `substr`.
        .expr_as(Expr::cust(format!("substr(job.last_error, 1, {LONGEST})")), "error")
        .columns([Column::CreatedAt, Column::FinishedAt])
        // The state is written out, so that the partial index with it is used.
        .filter(Expr::cust(failing.condition()))
        .order_by(Column::Id, failing.order())
        .limit(MOST_READ)
        .into_tuple()
        .all(db)
        .await?;
    let mut more = rows.len() as u64 == MOST_READ;
    let mut found: BTreeMap<(String, String), ErrorGroup> = BTreeMap::new();
    for (kind, error, enqueued, finished) in rows {
        let Some(error) = error.as_deref().map(without_what_differs) else { continue };
        let at = finished.unwrap_or(enqueued);
        let group = found.entry((kind, error)).or_insert_with_key(|(kind, error)| ErrorGroup {
            kind: kind.clone(),
            error: error.clone(),
            jobs: 0,
            first_at: at,
            last_at: at,
        });
        group.jobs += 1;
        group.first_at = group.first_at.min(at);
        group.last_at = group.last_at.max(at);
    }
    let mut groups: Vec<ErrorGroup> = found.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.jobs));
    more |= groups.len() > MOST_GROUPS;
    groups.truncate(MOST_GROUPS);
    Ok(ErrorGroups { groups, more })
}

/// Puts `…` in place of words with digits: ids, addresses and times. Short ones stay.
fn without_what_differs(error: &str) -> String {
    let ends = |letter: char| letter.is_whitespace() || "\"'`()[]{}<>,;=/".contains(letter);
    let mut said = String::with_capacity(error.len());
    for part in error.split_inclusive(ends) {
        let word = part.trim_end_matches(|letter| ends(letter) || letter == '.' || letter == ':');
        let differs = word.len() > LONGEST_KEPT && word.bytes().any(|byte| byte.is_ascii_digit());
        if differs {
            said.push(DIFFERS);
            said.push_str(&part[word.len()..]);
        } else {
            said.push_str(part);
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_differ_in_ids_are_one_and_in_a_status_are_two() {
        for (error, said) in [
            ("there is no msg_0193e4", "there is no …"),
            ("Stripe answered 503: try again", "Stripe answered 503: try again"),
            ("(id: \"evt_12\"), refused", "(id: \"…\"), refused"),
            ("connect 127.0.0.1:6379: refused", "connect …: refused"),
            ("GET https://api.example/v1/links/plink_1a.", "GET https://api.example/v1/links/…."),
            ("", ""),
        ] {
            assert_eq!(without_what_differs(error), said);
        }
    }

    #[test]
    fn the_longest_part_that_all_have_finds_them() {
        let of = |error: &str| {
            let at = DateTime::UNIX_EPOCH;
            let group = ErrorGroup { kind: String::new(), error: error.to_owned(), jobs: 1, first_at: at, last_at: at };
            group.common_part().to_owned()
        };
        assert_eq!(of("no … was found at …"), "was found at");
        assert_eq!(of("a line was cut"), "a line was cut");
        assert_eq!(of("…"), "");
    }
}
