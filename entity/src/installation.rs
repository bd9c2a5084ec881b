//! The installation's root, from which the tokens of buyers' links and the hashes of phone numbers are derived.
//!
//! It is created once, stored sealed under the secret key from the settings, and resealed with everything else when
//! that key changes. So links that were sent keep working, and buyers who opted out stay opted out.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::OnConflict};

use crate::{conversation, link};
use domain::{MerchantId, Secret, Vault, VaultError};

/// The only row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "installation")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// The root, sealed.
    pub root: Vec<u8>,
    /// When the root was created.
    pub created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

const ID: i64 = 1;
const ROOT: &str = "installation.root";

/// Why the root is not available.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// The root is damaged, or was sealed with a key that is not in the settings.
    #[error("the root of this installation does not open; is secret_key the one that it was set up with?")]
    Vault(#[from] VaultError),
    /// The database refused or did not answer.
    #[error("the database failed; was `paylink migrate` run?")]
    Db(#[from] DbErr),
}

/// The vault with the installation's root, which is created if there is none.
///
/// An installation whose links or conversations predate the root uses the secret key as its root, as it did then.
///
/// # Errors
/// Returns an error if the root key does not decrypt a secret, or if the database query fails.
pub async fn with_root(
    db: &impl ConnectionTrait,
    vault: Vault,
    secret_key: &Secret,
    now: DateTime<Utc>,
) -> Result<Vault, RootError> {
    if find(db).await?.is_none() {
        let root = if is_new(db).await? { Vault::generate_key()? } else { secret_key.clone() };
        let row = ActiveModel { id: Set(ID), root: Set(vault.seal(&root, nobody(), ROOT)?), created_at: Set(now) };
        // Another process may be creating it too; the first one wins.
        let once = OnConflict::column(Column::Id).do_nothing().to_owned();
        Entity::insert(row).on_conflict(once).exec_without_returning(db).await?;
    }
    let row = find(db).await?.ok_or_else(|| DbErr::RecordNotFound("installation".to_owned()))?;
    let root = vault.open(&row.root, nobody(), ROOT)?;
    Ok(vault.rooted_in(&root)?)
}

/// Checks that a vault opens the root. Writes nothing. Succeeds if there is no root yet.
///
/// # Errors
/// Returns an error if the root key does not decrypt a secret, or if the database query fails.
pub async fn opens(db: &impl ConnectionTrait, vault: &Vault) -> Result<(), RootError> {
    if let Some(row) = find(db).await? {
        vault.open(&row.root, nobody(), ROOT)?;
    }
    Ok(())
}

/// Reseals the root if it is not sealed under the key from the settings. Returns whether it was resealed.
///
/// # Errors
/// Returns an error if the root key does not decrypt a secret, or if the database query fails.
pub(crate) async fn reseal(db: &impl ConnectionTrait, vault: &Vault) -> Result<bool, RootError> {
    let Some(row) = find(db).await?.filter(|row| !vault.is_current(&row.root)) else { return Ok(false) };
    let root = vault.open(&row.root, nobody(), ROOT)?;
    let sealed = vault.seal(&root, nobody(), ROOT)?;
    let update = Entity::update_many()
        .col_expr(Column::Root, Expr::value(sealed))
        .filter(Column::Id.eq(ID))
        .filter(Column::Root.eq(row.root));
    Ok(update.exec(db).await?.rows_affected == 1)
}

async fn find(db: &impl ConnectionTrait) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(ID).one(db).await
}

/// Whether nothing exists yet that depends on a root.
async fn is_new(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let link = link::Entity::find().one(db).await?;
    let conversation = conversation::Entity::find().one(db).await?;
    Ok(link.is_none() && conversation.is_none())
}

/// The associated merchant of the root, which belongs to none.
fn nobody() -> MerchantId {
    MerchantId::from_uuid(uuid::Uuid::nil())
}
