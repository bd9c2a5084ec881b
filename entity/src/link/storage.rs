//! How much storage a merchant's invoices use.

use sea_orm::{ConnectionTrait, DbErr, Statement};

use domain::MerchantId;

/// The total size in bytes of the merchant's invoices that have not been purged.
pub async fn stored_bytes(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<u64, DbErr> {
    // Raw SQL: on PostgreSQL, a sum of bigints is a numeric and must be cast with the database's own function.
    let sum = "SELECT CAST(coalesce(sum(document_bytes), 0) AS bigint) AS bytes FROM payment_link \
        WHERE merchant_id = $1 AND purged_at IS NULL AND document_bytes > 0";
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sum, [merchant.into()]);
    let Some(row) = db.query_one_raw(statement).await? else { return Ok(0) };
    Ok(u64::try_from(row.try_get::<i64>("", "bytes")?).unwrap_or_default())
}
