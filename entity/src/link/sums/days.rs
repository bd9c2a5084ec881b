//! Sums of days. Days begin at another time in each time zone, so a merchant's are kept for the shifts of its own:
//! a trigger of `link_sum` adds to them. `m0119_link_sum_days` creates the tables.
//!
//! Raw SQL: the days of all quarters of an hour before are added up where they are, by one statement.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use sea_orm::{DbBackend, Statement, entity::prelude::*};

use super::{COLUMNS, QUARTERS, runs, sums_of};
use crate::{Merchant, Transaction};

/// The shifts of the merchant's days that are kept.
pub(super) async fn shifts_of(db: &impl ConnectionTrait, owner: &Merchant) -> Result<BTreeSet<i64>, DbErr> {
    let find = "SELECT shift FROM link_sum_shift WHERE merchant_id = $1";
    let found =
        db.query_all_raw(Statement::from_sql_and_values(db.get_database_backend(), find, [owner.id.into()])).await?;
    found.iter().map(|row| row.try_get("", "shift")).collect()
}

/// Has sums of days kept for the merchant's time zone from its first day to this one. Returns for how many more shifts.
pub async fn keep_days(tx: &Transaction, owner: &Merchant, until: NaiveDate) -> Result<u64, DbErr> {
    let wanted: BTreeSet<i64> =
        runs(owner, owner.day_of(owner.created_at), until).into_iter().map(|run| run.shift).collect();
    if shifts_of(tx, owner).await?.is_superset(&wanted) {
        return Ok(0);
    }
    let backend = tx.get_database_backend();
    if matches!(backend, DbBackend::Postgres) {
        // Whoever adds to the sums meanwhile does not know of the shift yet. No payment does: a tick does.
        tx.execute_unprepared("LOCK TABLE link_sum IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    let known = shifts_of(tx, owner).await?;
    let keep = "INSERT INTO link_sum_shift (merchant_id, shift) VALUES ($1, $2)";
    let fill = format!(
        "INSERT INTO link_sum_day (merchant_id, kind, shift, day, currency, {COLUMNS}) \
         SELECT merchant_id, kind, $2, (slot + $2) / {QUARTERS}, currency, {} FROM link_sum \
         WHERE merchant_id = $1 AND kind IN ('made', 'paid') GROUP BY merchant_id, kind, (slot + $2) / {QUARTERS}, currency",
        sums_of(COLUMNS)
    );
    let mut kept = 0;
    for shift in wanted.difference(&known) {
        for sql in [keep, &fill] {
            let values = [owner.id.into(), (*shift).into()];
            tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        }
        kept += 1;
    }
    Ok(kept)
}
