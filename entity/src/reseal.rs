//! Reseals everything under the secret key from the settings after it has changed.
//!
//! Each value is opened with the key it names, sealed again, and written back if it is still unchanged, along with an
//! audit entry, in one transaction. An interrupted run can be continued, and concurrent readers always find a value
//! that opens.

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, DbErr, ExprTrait, Order, QueryResult,
    sea_query::{Alias, Expr, Query},
};

use crate::{
    Db,
    audit::{self, Act, AuditAction},
    installation::{self, RootError},
};
use domain::{MerchantId, Vault, VaultError};
use uuid::Uuid;

/// A sealed column. Its associated data is the merchant and `table.column`.
#[derive(Clone, Copy)]
struct SealedColumn {
    table: &'static str,
    /// The columns that identify a row.
    key: &'static str,
    column: &'static str,
}

impl SealedColumn {
    const fn new(table: &'static str, key: &'static str, column: &'static str) -> Self {
        Self { table, key, column }
    }

    fn place(self) -> String {
        format!("{}.{}", self.table, self.column)
    }
}

const SEALED: [SealedColumn; 5] = [
    SealedColumn::new("stripe_integration", "merchant_id", "secret_key"),
    SealedColumn::new("stripe_integration", "merchant_id", "webhook_secrets"),
    SealedColumn::new("sms_integration", "merchant_id", "auth_token"),
    SealedColumn::new("sms_integration", "merchant_id", "report_secret"),
    SealedColumn::new("webhook_endpoint", "id", "secrets"),
];

/// A row of a sealed column.
struct Row {
    key: Uuid,
    merchant: MerchantId,
    sealed: Vec<u8>,
}

/// How many rows are read at once.
const PAGE: u64 = 200;

/// Why resealing stopped.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    /// The installation's root does not open.
    #[error(transparent)]
    Root(#[from] RootError),
    /// A value cannot be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database refused or did not answer.
    #[error("the database failed; what is done stays done")]
    Db(#[from] DbErr),
}

/// The result of a run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Resealed {
    /// Values that were resealed.
    pub anew: u64,
    /// Values that were already sealed under the current key.
    pub already: u64,
    /// Values that changed during the run; another run finds them.
    pub changed: u64,
    /// Where the values are that no key in the settings opens.
    pub unopened: Vec<String>,
}

/// Reseals everything that is not sealed under the key from the settings.
///
/// # Errors
/// Returns an error if the root does not open or the database query fails. Values resealed by then stay so.
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
    for column in SEALED {
        let mut after = None;
        loop {
            let rows = page(db, column, after).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.key);
            for row in rows {
                match reseal_one(db, vault, column, row, now).await? {
                    Fate::Anew => done.anew += 1,
                    Fate::Already => done.already += 1,
                    Fate::Changed => done.changed += 1,
                    Fate::Unopened(place) => done.unopened.push(place),
                }
            }
        }
    }
    Ok(done)
}

/// How many of the merchants' values are not sealed under the key from the settings, and so do not open with it alone.
pub async fn sealed_otherwise(db: &Db, vault: &Vault) -> Result<u64, DbErr> {
    let mut found = 0;
    for column in SEALED {
        let mut after = None;
        loop {
            let rows = page(db, column, after).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.key);
            found += rows.iter().filter(|row| !vault.is_current(&row.sealed)).count() as u64;
        }
    }
    Ok(found)
}

async fn page(
    db: &Db,
    SealedColumn { table, key, column }: SealedColumn,
    after: Option<Uuid>,
) -> Result<Vec<Row>, DbErr> {
    let mut select = Query::select();
    select
        .expr_as(Expr::col(Alias::new(key)), Alias::new("key"))
        .columns([Alias::new("merchant_id"), Alias::new(column)])
        .from(Alias::new(table))
        .and_where(Expr::col(Alias::new(column)).is_not_null())
        .and_where_option(after.map(|after| Expr::col(Alias::new(key)).gt(after)))
        .order_by(Alias::new(key), Order::Asc)
        .limit(PAGE);
    let read = |row: QueryResult| {
        Ok(Row {
            key: row.try_get("", "key")?,
            merchant: row.try_get("", "merchant_id")?,
            sealed: row.try_get("", column)?,
        })
    };
    db.pool().query_all(&select).await?.into_iter().map(read).collect()
}

/// What happened to one value; see [`Resealed`].
enum Fate {
    Anew,
    Already,
    Changed,
    Unopened(String),
}

async fn reseal_one(
    db: &Db,
    vault: &Vault,
    column: SealedColumn,
    Row { merchant, sealed, .. }: Row,
    now: DateTime<Utc>,
) -> Result<Fate, ResealError> {
    if vault.is_current(&sealed) {
        return Ok(Fate::Already);
    }
    let place = column.place();
    let secret = match vault.open(&sealed, merchant, &place) {
        Ok(secret) => secret,
        Err(VaultError::OtherKey | VaultError::Damaged | VaultError::BadKey | VaultError::NoRandomness) => {
            return Ok(Fate::Unopened(format!("{place} of {merchant}")));
        }
    };
    let value = Alias::new(column.column);
    let mut update = Query::update();
    update
        .table(Alias::new(column.table))
        .value(value.clone(), vault.seal(&secret, merchant, &place)?)
        .and_where(Expr::col(Alias::new("merchant_id")).eq(merchant))
        .and_where(Expr::col(value).eq(sealed));
    let tx = db.begin().await?;
    let is_resealed = tx.execute(&update).await?.rows_affected() == 1;
    if is_resealed {
        record(&tx, Some(merchant), &place, now).await?;
    }
    tx.commit().await?;
    Ok(if is_resealed { Fate::Anew } else { Fate::Changed })
}

async fn record(
    tx: &impl ConnectionTrait,
    merchant_id: Option<MerchantId>,
    place: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    audit::record(tx, Act::of_operator(merchant_id, AuditAction::SecretsRotate, &place, None), now).await
}
