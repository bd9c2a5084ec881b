//! A merchant's account with a carrier that speaks Twilio's REST. The token is sealed; see [`crate::Vault`].

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::OnConflict};

use crate::{MerchantId, Secret, Vault, VaultError, column::words, stripe_integration::ConnectError};

words! {
    /// How a merchant's carrier is spoken to.
    pub enum CarrierKind {
        /// Twilio's REST.
        Twilio = "twilio",
        /// A gateway whose HTTP request is described.
        Http = "http",
    }
}

/// A merchant's account with a carrier.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sms_integration")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// The account's id at the carrier (`AC…`).
    pub account: String,
    /// Its token, sealed: signs our requests and the carrier's webhooks.
    pub auth_token: Vec<u8>,
    /// The token's last four characters.
    pub auth_token_last_four: String,
    /// From whom buyers get texts: an E.164 number, or a messaging service (`MG…`).
    pub sender: String,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Which carrier.
    pub carrier: CarrierKind,
    /// How the gateway is asked, as JSON, if the carrier is one that is described.
    pub gateway: Option<String>,
    /// What proves a report of such a gateway, sealed.
    pub report_secret: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as SmsIntegration;

const AUTH_TOKEN: &str = "sms_integration.auth_token";

impl Model {
    /// The token, for the wire.
    ///
    /// # Errors
    /// When it was sealed with another key of the installation, or is damaged.
    pub fn auth_token(&self, vault: &Vault) -> Result<Secret, VaultError> {
        vault.open(&self.auth_token, self.merchant_id, AUTH_TOKEN)
    }
}

/// Writes or replaces the merchant's account.
///
/// # Errors
/// When the token cannot be sealed or the database does not answer.
pub async fn put(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    account: String,
    auth_token: &Secret,
    sender: String,
    now: DateTime<Utc>,
) -> Result<SmsIntegration, ConnectError> {
    let row = ActiveModel {
        merchant_id: Set(merchant),
        account: Set(account),
        auth_token: Set(vault.seal(auth_token, merchant, AUTH_TOKEN)?),
        auth_token_last_four: Set(auth_token.last_four()),
        sender: Set(sender),
        updated_at: Set(now),
        carrier: Set(CarrierKind::Twilio),
        gateway: Set(None),
        report_secret: Set(None),
    };
    let replace = OnConflict::column(Column::MerchantId)
        .update_columns([
            Column::Account,
            Column::AuthToken,
            Column::AuthTokenLastFour,
            Column::Sender,
            Column::UpdatedAt,
            Column::Carrier,
            Column::Gateway,
            Column::ReportSecret,
        ])
        .to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(db).await?;
    find(db, merchant).await?.ok_or_else(|| DbErr::RecordNotFound("sms integration".to_owned()).into())
}

/// The merchant's account, if there is one.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<Option<SmsIntegration>, DbErr> {
    Entity::find_by_id(merchant).one(db).await
}
