//! Sums of links. A trigger of `payment_link` records each change of a link's figures, so that no payment waits for
//! another one's sum; [`add_changes`] adds them up. Until then they are read together with the sums. Days are kept
//! [beside them](keep_days).
//!
//! Raw SQL: a tick adds thousands of changes by one statement, and a summary reads all its sums by one.
//! `m0112_link_sums`, which creates the tables, explains how moments and days are numbered.

mod days;
mod read;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use sea_orm::{DbBackend, FromQueryResult, Statement, entity::prelude::*};

pub use days::keep_days;
pub(crate) use read::{read, waits};

use crate::{Merchant, Rows, Transaction};
use domain::Currency;

/// How many changes are added at once.
pub const AT_ONCE: u64 = 5_000;

/// The quarters of an hour in a day without a clock change.
const QUARTERS: i64 = 96;

/// The factor of a day in the slot of a wait.
const WAITS: i64 = 100_000_000;

/// What is added up.
const COLUMNS: &str = "links, amount, refunded, disputed, disputed_links, lost, viewed, paid";

/// These columns, each added up.
fn sums_of(columns: &str) -> String {
    let sums: Vec<String> = columns.split(", ").map(|name| format!("CAST(SUM({name}) AS bigint) AS {name}")).collect();
    sums.join(", ")
}

/// Adds what is inserted to the sum that is there.
fn added() -> String {
    let add: Vec<String> =
        COLUMNS.split(", ").map(|name| format!("{name} = link_sum.{name} + excluded.{name}")).collect();
    format!("ON CONFLICT (merchant_id, kind, slot, currency) DO UPDATE SET {}", add.join(", "))
}

/// Adds the oldest changes to the sums, and forgets which of their orders were unpaid. Returns how many: fewer than
/// [`AT_ONCE`] if none are left but what others add at the moment.
pub async fn add_changes(tx: &Transaction) -> Result<u64, DbErr> {
    let backend = tx.get_database_backend();
    let held = if matches!(backend, DbBackend::Postgres) { "FOR UPDATE SKIP LOCKED" } else { "" };
    let oldest = format!("SELECT id FROM link_sum_change ORDER BY id LIMIT {AT_ONCE} {held}");
    let oldest = tx.query_all_raw(Statement::from_string(backend, oldest)).await?;
    let oldest: Vec<i64> = oldest.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?;
    let these = || {
        let mut rows = Rows::new([("the_change", "bigint")]);
        for change in &oldest {
            rows.push([(*change).into()]);
        }
        rows
    };
    let (Some(first), Some(last)) = (oldest.first(), oldest.last()) else { return Ok(0) };
    // The same order in every process, so that two of them cannot deadlock. Neither database carries a join into the
    // view, but both carry the range: without it all changes are read for each few.
    let add = format!(
        "INSERT INTO link_sum (merchant_id, kind, slot, currency, {COLUMNS}) \
         SELECT merchant_id, kind, slot, currency, {} FROM v JOIN link_sum_part ON link_sum_part.id = the_change \
         WHERE link_sum_part.id BETWEEN {{0}} AND {{1}} GROUP BY merchant_id, kind, slot, currency ORDER BY merchant_id, kind, slot, currency {}",
        sums_of(COLUMNS),
        added(),
    );
    let range = vec![(*first).into(), (*last).into()];
    tx.execute_raw(these().statement(backend, &add, range)).await?;
    forget_paid(tx, these()).await?;
    let forget = "DELETE FROM link_sum_change WHERE id IN (SELECT the_change FROM v)";
    tx.execute_raw(these().statement(backend, forget, Vec::new())).await?;
    Ok(oldest.len() as u64)
}

/// Removes from `unpaid_order` the orders of these changes that are not unpaid any more. On `PostgreSQL` an order that
/// is being changed is left there: whoever makes it unpaid again may rely on its row.
async fn forget_paid(tx: &Transaction, changes: Rows<1>) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    let held = if matches!(backend, DbBackend::Postgres) { "FOR NO KEY UPDATE OF orders SKIP LOCKED" } else { "" };
    let forget = format!(
        "DELETE FROM unpaid_order WHERE (merchant_id, order_id) IN (SELECT orders.merchant_id, orders.id FROM orders \
            WHERE orders.tag <> 'unpaid' AND orders.id IN \
                (SELECT order_id FROM v JOIN link_sum_change ON link_sum_change.id = the_change) \
            ORDER BY orders.id {held})"
    );
    tx.execute_raw(changes.statement(backend, &forget, Vec::new())).await.map(|_| ())
}

/// A sum of a merchant's links.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Sum {
    kind: String,
    pub(crate) currency: Currency,
    /// The day since 1970 of links that were paid by Stripe, or the day such as 20261126 of links that were paid
    /// elsewhere.
    part: i64,
    /// The number of links.
    pub(crate) links: i64,
    /// Their total.
    pub(crate) amount: i64,
    /// How much of it was refunded.
    pub(crate) refunded: i64,
    /// How much of it is in undecided disputes.
    pub(crate) disputed: i64,
    /// The number of payments in undecided disputes.
    pub(crate) disputed_links: i64,
    /// The number of payments lost in disputes.
    pub(crate) lost: i64,
    /// How many the buyer has viewed.
    pub(crate) viewed: i64,
    /// How many are paid.
    pub(crate) paid: i64,
}

pub(crate) enum SumOf {
    /// Links that can be paid, or are being paid.
    Open,
    /// Links created in the period.
    Made,
    /// Links paid on this day.
    Paid(NaiveDate),
}

impl Sum {
    pub(crate) fn of(&self) -> Option<SumOf> {
        let part = self.part;
        match self.kind.as_str() {
            "open" => Some(SumOf::Open),
            "made" => Some(SumOf::Made),
            "paid" => day(part).map(SumOf::Paid),
            "paid_on" => {
                let number = |part: i64| u32::try_from(part).ok();
                let year = i32::try_from(part / 10_000).ok()?;
                NaiveDate::from_ymd_opt(year, number(part / 100 % 100)?, number(part % 100)?).map(SumOf::Paid)
            }
            _ => None,
        }
    }
}

/// The width of the histogram's bucket that starts at this wait.
pub(crate) const fn width(seconds: i64) -> i64 {
    match seconds {
        ..3_600 => 300,
        3_600..86_400 => 3_600,
        86_400..864_000 => 21_600,
        _ => 86_400,
    }
}

/// The number of the quarter of an hour.
fn quarter(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(900)
}

/// The number of a day.
fn number(day: NaiveDate) -> i64 {
    i64::from(day.num_days_from_ce()) - 719_163
}

/// The day with this number.
fn day(number: i64) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(i32::try_from(number + 719_163).ok()?)
}

/// Consecutive days that start at the same time of day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DayRun {
    /// The first quarter of an hour.
    first: i64,
    /// Added to a quarter of an hour, so that each day starts at a multiple of [`QUARTERS`].
    shift: i64,
    /// The last day, which may be longer or shorter than the others.
    last: i64,
    /// The last quarter of an hour.
    end: i64,
}

/// The days of a period in the merchant's time zone.
fn runs(owner: &Merchant, from: NaiveDate, to: NaiveDate) -> Vec<DayRun> {
    let mut runs: Vec<DayRun> = Vec::new();
    let mut start = from.pred_opt().and_then(|before| owner.end_of(before));
    for day in from.iter_days().take_while(|day| *day <= to) {
        let end = owner.end_of(day);
        let (Some(before), Some(after)) = (start, end) else { continue };
        start = end;
        let (first, last, end) = (quarter(before + TimeDelta::milliseconds(1)), number(day), quarter(after));
        let shift = last * QUARTERS - first;
        match runs.last_mut() {
            Some(run) if run.shift == shift => (run.last, run.end) = (last, end),
            Some(_) | None => runs.push(DayRun { first, shift, last, end }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_numbered_as_they_are_counted_in_sql() {
        let day_of = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(number(day_of("1970-01-01")), 0);
        assert_eq!(number(day_of("2026-11-26")), 20_783);
        assert_eq!(day(20_783), Some(day_of("2026-11-26")));
        assert_eq!(quarter("2026-11-26T00:14:59Z".parse().unwrap()), 20_783 * QUARTERS);
        assert_eq!(quarter("2026-11-26T00:15:00Z".parse().unwrap()), 20_783 * QUARTERS + 1);
    }

    #[test]
    fn waits_are_counted_the_coarser_the_longer_they_are() {
        for (seconds, apart) in
            [(0, 300), (3_300, 300), (3_600, 3_600), (82_800, 3_600), (86_400, 21_600), (864_000, 86_400)]
        {
            assert_eq!(width(seconds), apart, "{seconds}");
        }
    }
}
