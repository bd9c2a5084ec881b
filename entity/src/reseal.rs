//! Sealing everything anew under the secret key of the settings, after it has changed.
//!
//! Each value is read, opened with the key that it names, sealed, and written if it is still the same, with an entry in the audit
//! log, in one transaction. What is interrupted goes on where it was; who reads meanwhile finds a value that opens, either way.

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, DbErr, ExprTrait, Order, QueryResult,
    sea_query::{Alias, Expr, Query},
};

use crate::{
    Db,
    audit::{self, Act},
    installation::{self, RootError},
};
use domain::{MerchantId, Vault, VaultError};

/// Every sealed column. Its associated data is the merchant and `table.column`.
const SEALED: [(&str, &str); 5] = [
    ("stripe_integration", "secret_key"),
    ("stripe_integration", "webhook_secrets"),
    ("sms_integration", "auth_token"),
    ("sms_integration", "report_secret"),
    ("webhook_endpoint", "secrets"),
];

/// How many rows are read at a time.
const PAGE: u64 = 200;

/// Why it stopped.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    /// The root of the installation does not open.
    #[error(transparent)]
    Root(#[from] RootError),
    /// Nothing can be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database refused or did not answer.
    #[error("the database failed; what is done stays done")]
    Db(#[from] DbErr),
}

/// What was done.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Resealed {
    /// Values that are sealed under the key of the settings now.
    pub anew: u64,
    /// Values that were already.
    pub already: u64,
    /// Values that changed just then: to run it again finds them.
    pub changed: u64,
    /// Where values lie that do not open with any key of the settings.
    pub unopened: Vec<String>,
}

/// Seals everything anew that is not sealed under the key of the settings.
///
/// # Errors
/// When the root does not open or the database does not answer. What was done by then stays done.
pub async fn reseal(db: &Db, vault: &Vault, now: DateTime<Utc>) -> Result<Resealed, ResealError> {
    let mut done = Resealed::default();
    let root = db.begin().await?;
    if installation::reseal(&root, vault).await? {
        record(&root, None, "installation.root", now).await?;
        done.anew += 1;
    } else {
        done.already += 1;
    }
    root.commit().await?;
    for (table, column) in SEALED {
        let mut after = None;
        loop {
            let rows = page(db, table, column, after).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.clone());
            for (merchant, sealed) in rows {
                reseal_one(db, vault, (table, column), merchant, sealed, now, &mut done).await?;
            }
        }
    }
    Ok(done)
}

/// How many values of merchants are not sealed under the key of the settings: with this key alone they do not open.
///
/// # Errors
/// When the database does not answer.
pub async fn sealed_otherwise(db: &Db, vault: &Vault) -> Result<u64, DbErr> {
    let mut found = 0;
    for (table, column) in SEALED {
        let mut after = None;
        loop {
            let rows = page(db, table, column, after).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.clone());
            found += rows.iter().filter(|(_, sealed)| !vault.is_current(sealed)).count() as u64;
        }
    }
    Ok(found)
}

async fn page(
    db: &Db,
    table: &str,
    column: &str,
    after: Option<(MerchantId, Vec<u8>)>,
) -> Result<Vec<(MerchantId, Vec<u8>)>, DbErr> {
    let (merchant, value) = (Alias::new("merchant_id"), Alias::new(column));
    let mut select = Query::select();
    select
        .columns([merchant.clone(), value.clone()])
        .from(Alias::new(table))
        .and_where(Expr::col(value.clone()).is_not_null())
        .order_by(merchant.clone(), Order::Asc)
        .order_by(value.clone(), Order::Asc)
        .limit(PAGE);
    if let Some((last, sealed)) = after {
        // A merchant may have several; those that were sealed anew meanwhile may be read twice, and are done already.
        let same = Expr::col(merchant.clone()).eq(last).and(Expr::col(value).gt(sealed));
        select.and_where(Expr::col(merchant).gt(last).or(same));
    }
    let read = |row: QueryResult| Ok((row.try_get("", "merchant_id")?, row.try_get("", column)?));
    db.pool().query_all(&select).await?.into_iter().map(read).collect()
}

async fn reseal_one(
    db: &Db,
    vault: &Vault,
    (table, column): (&str, &str),
    merchant: MerchantId,
    sealed: Vec<u8>,
    now: DateTime<Utc>,
    done: &mut Resealed,
) -> Result<(), ResealError> {
    if vault.is_current(&sealed) {
        done.already += 1;
        return Ok(());
    }
    let place = format!("{table}.{column}");
    let secret = match vault.open(&sealed, merchant, &place) {
        Ok(secret) => secret,
        Err(VaultError::OtherKey | VaultError::Damaged | VaultError::BadKey | VaultError::NoRandomness) => {
            done.unopened.push(format!("{place} of {merchant}"));
            return Ok(());
        }
    };
    let value = Alias::new(column);
    let mut update = Query::update();
    update
        .table(Alias::new(table))
        .value(value.clone(), vault.seal(&secret, merchant, &place)?)
        .and_where(Expr::col(Alias::new("merchant_id")).eq(merchant))
        .and_where(Expr::col(value).eq(sealed));
    let tx = db.begin().await?;
    if tx.execute(&update).await?.rows_affected() == 1 {
        record(&tx, Some(merchant), &place, now).await?;
        done.anew += 1;
    } else {
        done.changed += 1;
    }
    tx.commit().await?;
    Ok(())
}

async fn record(
    tx: &impl ConnectionTrait,
    merchant_id: Option<MerchantId>,
    place: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    audit::record(tx, Act::of_operator(merchant_id, "secrets.rotate", &place, None), now).await
}
