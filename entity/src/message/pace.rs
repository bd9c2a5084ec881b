//! Counts a merchant's accepted texts per day.

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbErr, Statement};

use domain::MerchantId;

/// Counts a text of this day, in the transaction that accepts it. Returns the new count, or `None` if there are `most`
/// already.
pub async fn count_text(
    tx: &impl ConnectionTrait,
    merchant: MerchantId,
    day: NaiveDate,
    most: u64,
) -> Result<Option<u64>, DbErr> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    // Raw SQL: a conditional upsert that returns the count takes one round trip, and two concurrent ones cannot both
    // pass.
    let count = "INSERT INTO text_count (merchant_id, day, texts) VALUES ($1, $2, 1) \
        ON CONFLICT (merchant_id, day) DO UPDATE SET texts = text_count.texts + 1 WHERE text_count.texts < $3 \
        RETURNING texts";
    let values = [merchant.into(), day.to_string().into(), most.into()];
    let counted = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), count, values)).await?;
    counted.map(|row| texts(&row)).transpose()
}

/// How many texts were accepted on this day.
pub async fn counted_texts(db: &impl ConnectionTrait, merchant: MerchantId, day: NaiveDate) -> Result<u64, DbErr> {
    let find = "SELECT texts FROM text_count WHERE merchant_id = $1 AND day = $2";
    let values = [merchant.into(), day.to_string().into()];
    let found = db.query_one_raw(Statement::from_sql_and_values(db.get_database_backend(), find, values)).await?;
    Ok(found.map(|row| texts(&row)).transpose()?.unwrap_or_default())
}

/// Deletes the counts of days before this one. Returns how many.
pub async fn forget_counts_before(db: &impl ConnectionTrait, day: NaiveDate) -> Result<u64, DbErr> {
    let forget = "DELETE FROM text_count WHERE day < $1";
    let statement = Statement::from_sql_and_values(db.get_database_backend(), forget, [day.to_string().into()]);
    Ok(db.execute_raw(statement).await?.rows_affected())
}

fn texts(row: &sea_orm::QueryResult) -> Result<u64, DbErr> {
    Ok(u64::try_from(row.try_get::<i64>("", "texts")?).unwrap_or_default())
}
