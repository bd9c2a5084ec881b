//! A merchant's account with a carrier: Twilio, or a gateway described by the merchant. Secrets are sealed; see
//! [`domain::Vault`].

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::OnConflict};

use crate::{
    json_column::{read_json, stored_json},
    stripe_integration::ConnectError,
};
use domain::{
    MerchantId, Secret, Vault, VaultError,
    gateway::{Gateway, Secrets},
    words,
};

words! {
    /// The kind of a merchant's carrier. Code that differs between carriers matches on this, so that the compiler
    /// points out each place to extend for a new one.
    pub enum CarrierKind {
        /// Twilio's REST API.
        Twilio = "twilio",
        /// A gateway, whose HTTP request the merchant describes.
        Gateway = "http",
    }
}

words! {
    /// Whether the carrier accepts the account.
    pub enum SmsStatus {
        /// A job is checking it.
        Checking = "checking",
        /// The carrier accepts it.
        Connected = "connected",
        /// The carrier rejects it; `reason` says what to change.
        Failed = "failed",
        /// The carrier cannot be asked, or did not answer; a test text will show it.
        Unknown = "unknown",
    }
}

/// A merchant's account with a carrier.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sms_integration")]
pub struct Model {
    /// The merchant whose account it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// The account's id at Twilio (`AC…`), or the host of the gateway.
    pub account: String,
    /// Sealed: Twilio's token, which signs our requests and the carrier's webhooks, or the gateway's secrets as JSON.
    pub auth_token: Vec<u8>,
    /// The last four characters of the token; empty for a gateway.
    pub auth_token_last_four: String,
    /// The sender of texts: an E.164 number, a messaging service (`MG…`), or whatever the gateway accepts.
    pub sender: String,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// The kind of carrier.
    pub carrier: CarrierKind,
    /// The description of the gateway's request, as JSON.
    pub gateway: Option<String>,
    /// The secret that authenticates the gateway's webhooks, sealed.
    pub report_secret: Option<Vec<u8>>,
    /// Whether the carrier itself answers buyers' keywords (STOP, START, HELP); `None` for the carrier's default.
    pub keywords_answered: Option<bool>,
    /// Whether the carrier accepts the account; `None` if it was never checked.
    pub status: Option<SmsStatus>,
    /// What to change, or to try.
    pub reason: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as SmsIntegration;

const AUTH_TOKEN: &str = "sms_integration.auth_token";
const REPORT_SECRET: &str = "sms_integration.report_secret";

impl Model {
    /// Decrypts Twilio's token.
    ///
    /// # Errors
    /// Returns an error if it was sealed with another root key or is damaged.
    pub fn auth_token(&self, vault: &Vault) -> Result<Secret, VaultError> {
        vault.open(&self.auth_token, self.merchant_id, AUTH_TOKEN)
    }

    /// Whether the carrier itself answers buyers' keywords, so that we need not. Twilio does by default.
    #[must_use]
    pub fn answers_keywords(&self) -> bool {
        self.keywords_answered.unwrap_or(match self.carrier {
            CarrierKind::Twilio => true,
            CarrierKind::Gateway => false,
        })
    }

    /// Decrypts the gateway's secrets.
    ///
    /// # Errors
    /// Returns an error if they were sealed with another root key or are damaged.
    pub fn secrets(&self, vault: &Vault) -> Result<Secrets, VaultError> {
        serde_json::from_str(self.auth_token(vault)?.expose()).map_err(|_| VaultError::Damaged)
    }

    /// The description of the gateway, for [`CarrierKind::Gateway`].
    ///
    /// # Errors
    /// Returns an error if there is none, or if the stored JSON is damaged.
    pub fn gateway(&self) -> Result<Gateway, DbErr> {
        read_json(self.gateway.as_deref().unwrap_or_default())
    }

    /// Decrypts the secret that authenticates the gateway's webhooks, if there is one.
    ///
    /// # Errors
    /// Returns an error if it was sealed with another root key or is damaged.
    pub fn report_secret(&self, vault: &Vault) -> Result<Option<Secret>, VaultError> {
        self.report_secret.as_ref().map(|sealed| vault.open(sealed, self.merchant_id, REPORT_SECRET)).transpose()
    }
}

/// An account to connect.
#[derive(Debug)]
pub enum Account {
    /// An account at Twilio.
    Twilio {
        /// The account's id.
        sid: String,
        /// The auth token.
        auth_token: Secret,
        /// The sender's number, or a messaging service.
        sender: String,
    },
    /// A gateway whose description was checked.
    Gateway {
        /// The gateway's host, for display.
        host: String,
        /// The description of its request.
        gateway: Box<Gateway>,
        /// The secrets that its templates use.
        secrets: Secrets,
        /// The sender of texts.
        sender: String,
        /// The secret that authenticates its webhooks.
        report_secret: Secret,
    },
}

/// An account to store.
#[derive(Debug, Clone, Copy)]
pub struct NewSmsIntegration<'a> {
    /// The account.
    pub account: &'a Account,
    /// Whether the carrier itself answers STOP and other keywords; `None` for the carrier's default.
    pub keywords_answered: Option<bool>,
}

/// Inserts or replaces the merchant's account.
///
/// # Errors
/// Returns an error if a secret cannot be sealed, or if the database query fails.
pub async fn put(
    db: &impl ConnectionTrait,
    vault: &Vault,
    merchant: MerchantId,
    new: NewSmsIntegration<'_>,
    now: DateTime<Utc>,
) -> Result<SmsIntegration, ConnectError> {
    let NewSmsIntegration { account, keywords_answered } = new;
    let (carrier, id, secret, last_four, sender) = match account {
        Account::Twilio { sid, auth_token, sender } => {
            (CarrierKind::Twilio, sid, auth_token.clone(), auth_token.last_four(), sender)
        }
        Account::Gateway { host, secrets, sender, .. } => {
            (CarrierKind::Gateway, host, as_json(secrets)?, String::new(), sender)
        }
    };
    let (gateway, report_secret) = match account {
        Account::Twilio { .. } => (None, None),
        Account::Gateway { gateway, report_secret, .. } => (Some(stored_json(gateway)?), Some(report_secret)),
    };
    let report_secret = report_secret.map(|secret| vault.seal(secret, merchant, REPORT_SECRET)).transpose()?;
    let row = ActiveModel {
        merchant_id: Set(merchant),
        account: Set(id.clone()),
        auth_token: Set(vault.seal(&secret, merchant, AUTH_TOKEN)?),
        auth_token_last_four: Set(last_four),
        sender: Set(sender.clone()),
        updated_at: Set(now),
        carrier: Set(carrier),
        gateway: Set(gateway),
        report_secret: Set(report_secret),
        keywords_answered: Set(keywords_answered),
        status: Set(Some(SmsStatus::Checking)),
        reason: Set(None),
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
            Column::KeywordsAnswered,
            Column::Status,
            Column::Reason,
        ])
        .to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(db).await?;
    find(db, merchant).await?.ok_or_else(|| DbErr::RecordNotFound("sms integration".to_owned()).into())
}

/// Records whether the carrier accepts the account from `checked.updated_at`. Does nothing if the account was replaced
/// meanwhile.
pub async fn set_status(
    db: &impl ConnectionTrait,
    checked: &SmsIntegration,
    status: SmsStatus,
    reason: Option<String>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(status))
        .col_expr(Column::Reason, Expr::value(reason))
        .filter(Column::MerchantId.eq(checked.merchant_id))
        .filter(Column::UpdatedAt.eq(checked.updated_at))
        .exec(db)
        .await
        .map(|_| ())
}

/// Deletes the account.
pub async fn delete(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<(), DbErr> {
    Entity::delete_by_id(merchant).exec(db).await.map(|_| ())
}

/// Serializes secrets to one text, which is sealed.
fn as_json(secrets: &Secrets) -> Result<Secret, DbErr> {
    let exposed: BTreeMap<&str, &str> = secrets.iter().map(|(name, secret)| (name.as_str(), secret.expose())).collect();
    stored_json(&exposed).map(Secret::new)
}

/// The merchant's account, if there is one.
pub async fn find(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<Option<SmsIntegration>, DbErr> {
    Entity::find_by_id(merchant).one(db).await
}
