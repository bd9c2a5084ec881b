//! Reading sums. Raw SQL: a summary reads its sums of quarters of an hour, days and months by one statement.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use sea_orm::{FromQueryResult, Statement, Value, entity::prelude::*};

use super::{COLUMNS, DayRun, QUARTERS, Sum, WAITS, days::shifts_of, quarter, runs, sums_of};
use crate::Merchant;
use domain::Currency;

/// The merchant's sums of links that can be paid, and of those created or paid in a period of whole days.
pub(crate) async fn read(
    db: &impl ConnectionTrait,
    owner: &Merchant,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Sum>, DbErr> {
    const OTHERS: &str = "kind = 'open' OR (kind = 'paid_on' AND slot BETWEEN $4 AND $5)";
    let kept = shifts_of(db, owner).await?;
    let (first_day, last_day) = (owner.day_of(from), owner.day_of(to));
    let on = |day: NaiveDate| i64::from(day.year()) * 10_000 + i64::from(day.month() * 100 + day.day());
    let mut values: Vec<Value> = vec![owner.id.into()];
    values.extend([quarter(from), quarter(to), on(first_day), on(last_day)].map(Value::from));
    let (mut parts, mut local) = (Vec::new(), Vec::new());
    for run in runs(owner, first_day, last_day).into_iter().rev() {
        let mut place = |number: i64| {
            values.push(number.into());
            format!("${}", values.len())
        };
        let [first, shift, last] = [run.first, run.shift, run.last].map(&mut place);
        let day = format!("(slot + {shift}) / {QUARTERS}");
        let day = format!("CASE WHEN {day} > {last} THEN {last} ELSE {day} END");
        local.push(format!(" WHEN slot >= {first} THEN {day}"));
        let (of_days, rest) = run.by_days(kept.contains(&run.shift));
        if let Some(days) = of_days {
            let [from, to] = days.map(&mut place);
            let is_in = format!("shift = {shift} AND day BETWEEN {from} AND {to}");
            parts.push(part("link_sum_day", "day", &is_in));
        }
        if let Some(quarters) = rest {
            let [from, to] = quarters.map(&mut place);
            parts.push(part("link_sum", &day, &format!("slot BETWEEN {from} AND {to}")));
        }
    }
    let local = if local.is_empty() { "0".to_owned() } else { format!("CASE{} ELSE 0 END", local.concat()) };
    parts.push(format!(
        "SELECT kind, currency, CASE kind WHEN 'paid_on' THEN slot ELSE 0 END AS part, {COLUMNS} FROM link_sum \
         WHERE merchant_id = $1 AND ({OTHERS})"
    ));
    parts.push(format!(
        "SELECT kind, currency, CASE kind WHEN 'paid' THEN {local} WHEN 'paid_on' THEN slot ELSE 0 END AS part, {COLUMNS} \
         FROM link_sum_part WHERE merchant_id = $1 \
            AND ({OTHERS} OR (kind IN ('made', 'paid') AND slot BETWEEN $2 AND $3))"
    ));
    let sql = format!(
        "SELECT kind, currency, part, {} FROM ({}) AS parts GROUP BY kind, currency, part",
        sums_of(COLUMNS),
        parts.join(" UNION ALL ")
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Sum::find_by_statement(statement).all(db).await
}

/// What was made, and what was paid on which day, by the sums of a table.
fn part(table: &str, day: &str, is_in: &str) -> String {
    format!(
        "SELECT kind, currency, CASE kind WHEN 'paid' THEN {day} ELSE 0 END AS part, {COLUMNS} FROM {table} \
         WHERE merchant_id = $1 AND kind IN ('made', 'paid') AND {is_in}"
    )
}

impl DayRun {
    /// From which to which day there are sums, if days are kept, and the quarters of an hour for which there are none.
    /// A day on which the clocks change is among the latter.
    fn by_days(self, are_kept: bool) -> (Option<[i64; 2]>, Option<[i64; 2]>) {
        let start_of = |day: i64| day * QUARTERS - self.shift;
        let first = (self.first + self.shift) / QUARTERS;
        let is_usual = self.end + 1 == start_of(self.last + 1);
        let whole = if !are_kept {
            first - 1
        } else if is_usual {
            self.last
        } else {
            self.last - 1
        };
        let days = [first, whole];
        let rest = [start_of(whole + 1), self.end];
        (Some(days).filter(|[from, to]| from <= to), Some(rest).filter(|[from, to]| from <= to))
    }
}

/// How many links were paid through Stripe about as soon after their creation.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Wait {
    pub(crate) currency: Currency,
    /// The seconds until they were paid, up to [`width`](super::width) more.
    pub(crate) seconds: i64,
    /// The number of links.
    pub(crate) links: i64,
}

/// How soon the merchant's links were paid that were paid in a period: those of the UTC days whose noon is in it. Of
/// `paid` links in many days only every few days are read, since they are wanted for an estimate.
pub(crate) async fn waits(
    db: &impl ConnectionTrait,
    owner: &Merchant,
    ((from, to), paid): ((DateTime<Utc>, DateTime<Utc>), i64),
) -> Result<Vec<Wait>, DbErr> {
    let noon = |at: DateTime<Utc>| (quarter(at) - QUARTERS / 2).div_euclid(QUARTERS);
    let (first, last) = (noon(from - TimeDelta::milliseconds(1)) + 1, noon(to));
    if first > last {
        return Ok(Vec::new());
    }
    let mut values: Vec<Value> = vec![owner.id.into()];
    // As ranges that the planner knows, so that it reads no others.
    let ranges = ranges(first, last, apart(last - first + 1, paid)).into_iter().map(|[first, last]| {
        values.extend([first * WAITS, (last + 1) * WAITS - 1].map(Value::from));
        format!("slot BETWEEN ${} AND ${}", values.len() - 1, values.len())
    });
    let is_in = ranges.collect::<Vec<_>>().join(" OR ");
    let of = |table: &str| {
        format!(
            "SELECT currency, slot % {WAITS} AS seconds, links FROM {table} \
             WHERE merchant_id = $1 AND kind = 'wait' AND ({is_in})"
        )
    };
    let sql = format!(
        "SELECT currency, seconds, {} FROM ({} UNION ALL {}) AS waits GROUP BY currency, seconds",
        sums_of("links"),
        of("link_sum"),
        of("link_sum_part")
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Wait::find_by_statement(statement).all(db).await
}

/// Every so many of the days from one to another: the first and the last of each range.
fn ranges(first: i64, last: i64, apart: usize) -> Vec<[i64; 2]> {
    if apart == 1 { vec![[first, last]] } else { (first..=last).step_by(apart).map(|day| [day, day]).collect() }
}

/// Every how many days waits are read: so that some 2,000 payments and 10 days are left, and not the same day of each
/// week.
fn apart(days: i64, paid: i64) -> usize {
    let apart = usize::try_from((paid / 2_000).min(days / 10)).unwrap_or_default().max(1);
    if apart.is_multiple_of(7) { apart + 1 } else { apart }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_such_unless_the_clocks_change() {
        // Three days that begin an hour before midnight; the last has 25 hours or 23 or 24.
        let run = |end: i64| DayRun { first: 96 * 10 - 4, shift: 4, last: 12, end };
        let [usual, long, short] = [96 * 13 - 5, 96 * 13 - 1, 96 * 13 - 9].map(run);
        assert_eq!(usual.by_days(true), (Some([10, 12]), None));
        assert_eq!(long.by_days(true), (Some([10, 11]), Some([96 * 12 - 4, 96 * 13 - 1])));
        assert_eq!(short.by_days(true), (Some([10, 11]), Some([96 * 12 - 4, 96 * 13 - 9])));
        assert_eq!(usual.by_days(false), (None, Some([96 * 10 - 4, 96 * 13 - 5])));
        let one = DayRun { first: 96 * 12 - 4, ..long };
        assert_eq!(one.by_days(true), (None, Some([96 * 12 - 4, 96 * 13 - 1])));
    }

    #[test]
    fn of_many_payments_in_many_days_every_few_days_are_read() {
        for (days, paid, every) in [
            (1, 1_000_000, 1),
            (30, 1_999, 1),
            (30, 4_000, 2),
            (30, 1_000_000, 3),
            (366, 1_000_000, 36),
            (366, 14_000, 8),
        ] {
            assert_eq!(apart(days, paid), every, "{paid} in {days} days");
        }
        assert_eq!(ranges(7, 13, 1), [[7, 13]]);
        assert_eq!(ranges(7, 13, 3), [[7, 7], [10, 10], [13, 13]]);
    }
}
