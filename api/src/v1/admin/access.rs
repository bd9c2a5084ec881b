//! `/v1/admin/merchants/{id}/keys`, `…/suspend`, `…/resume`: which keys open a merchant's account, and whether it may text anybody.

use chrono::{DateTime, Utc};
use domain::{ApiKeyId, Secret, random_secret};
use entity::{
    api_key::{self, ApiKey, Scope},
    merchant,
    revocation::{Revocation, Revoker, revoke},
    suspension,
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use serde::Deserialize;

use super::{
    super::answers::{Created, Done},
    Group,
    merchants::{MerchantView, find_merchant},
};
use crate::{
    Api, Problem,
    auth::{
        Operator,
        audit::{act_of_operator, tell},
    },
    http::{
        fields::Fields,
        json_body::JsonBody,
        paging::{Asked, Page, id},
    },
};

/// In characters.
const LONGEST_REASON: usize = 500;

pub(crate) struct AdminAccess;

/// A merchant's API key, as the operator sees it.
#[derive(Debug, Object)]
#[oai(rename = "MerchantKey", skip_serializing_if_is_none)]
struct MerchantKeyView {
    id: String,
    name: String,
    /// `read`, `write` or `admin`.
    scope: String,
    /// The key's last four characters.
    last_four: String,
    created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<ApiKey> for MerchantKeyView {
    fn from(row: ApiKey) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            scope: row.scope.to_string(),
            last_four: row.last_four,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        }
    }
}

/// A new API key.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "NewKey")]
struct KeyInput {
    /// What it is called.
    name: String,
    /// `read`, `write` or `admin`.
    scope: String,
}

/// An API key, the one time that it is shown.
#[derive(Object)]
#[oai(rename = "Key")]
struct KeyView {
    id: String,
    name: String,
    scope: String,
    /// Keep it: it is not shown again.
    key: String,
}

/// Why a merchant is suspended.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "Suspension")]
struct SuspensionInput {
    /// For the audit log, which the merchant can read.
    reason: String,
}

/// Why a suspension ends.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "EndOfSuspension")]
struct ResumptionInput {
    /// For the audit log, which the merchant can read.
    reason: Option<String>,
}

#[OpenApi(tag = "Group::Admin")]
impl AdminAccess {
    /// List a merchant's API keys
    #[oai(path = "/admin/merchants/:id/keys", method = "get")]
    async fn keys(
        &self,
        api: Data<&Api>,
        _key: Operator,
        #[oai(name = "id")] merchant_id: Path<String>,
        limit: Query<Option<u64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<MerchantKeyView>>, Problem> {
        let asked = Asked::<ApiKeyId>::parse(limit.0, cursor.0.as_deref())?;
        let owner = find_merchant(&api, &merchant_id).await?;
        let found = api_key::list(api.db.pool(), owner.id, asked.before, asked.fetch()).await?;
        Ok(Json(asked.page(found, |row| row.id, |row| Ok::<_, Problem>(row.into()))?))
    }

    /// Create an API key
    #[oai(path = "/admin/merchants/:id/keys", method = "post")]
    async fn create_key(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] merchant_id: Path<String>,
        input: JsonBody<KeyInput>,
    ) -> Result<Created<KeyView>, Problem> {
        let mut fields = Fields::default();
        let name = fields.text("name", &input.0.name, 64);
        let scope = fields.take("scope", input.0.scope.parse::<Scope>());
        let (Some(name), Some(scope)) = (name, scope) else { return Err(fields.into_problem()) };
        let owner = find_merchant(&api, &merchant_id).await?;
        let new: Secret = random_secret("pk_")?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let row = api_key::insert(&tx, owner.id, name, scope, &new, now).await?;
        act_of_operator(&tx, &key.0, Some(owner.id), "key.create", row.id, None, now).await?;
        tx.commit().await?;
        tell(&key.0, "key.create", &row.id);
        let view = KeyView {
            id: row.id.to_string(),
            name: row.name,
            scope: row.scope.to_string(),
            key: new.expose().to_owned(),
        };
        Ok(Created::Created(Json(view)))
    }

    /// Revoke a merchant's API key
    ///
    /// Any of them, the last one of scope `admin` too; at once, with every console session that it was given for.
    #[oai(path = "/admin/merchants/:id/keys/:key", method = "delete")]
    async fn revoke(
        &self,
        api: Data<&Api>,
        operator: Operator,
        #[oai(name = "id")] merchant_id: Path<String>,
        key: Path<String>,
    ) -> Result<Done, Problem> {
        let owner = find_merchant(&api, &merchant_id).await?;
        let (revoked, now) = (id::<ApiKeyId>(&key)?, api.clock.now());
        let tx = api.db.begin().await?;
        match revoke(&tx, owner.id, revoked, Revoker::Operator, now).await? {
            Revocation::Revoked => {}
            Revocation::NoSuchKey | Revocation::LastAdmin => return Err(Problem::not_found()),
        }
        act_of_operator(&tx, &operator.0, Some(owner.id), "key.revoke", revoked, None, now).await?;
        tx.commit().await?;
        tell(&operator.0, "key.revoke", &revoked);
        Ok(Done::Done)
    }

    /// Suspend a merchant
    ///
    /// Texts, new links and signing in stop, and console sessions end. Buyers still pay what is open, and what Stripe reports of it
    /// still counts.
    #[oai(path = "/admin/merchants/:id/suspend", method = "post")]
    async fn suspend(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] merchant_id: Path<String>,
        input: JsonBody<SuspensionInput>,
    ) -> Result<Json<MerchantView>, Problem> {
        let mut fields = Fields::default();
        let reason = fields.text("reason", &input.0.reason, LONGEST_REASON);
        let Some(reason) = reason else { return Err(fields.into_problem()) };
        let owner = find_merchant(&api, &merchant_id).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let is_new = suspension::suspend(&tx, owner.id, &reason, now).await?;
        if is_new {
            act_of_operator(&tx, &key.0, Some(owner.id), "merchant.suspend", owner.id, Some(reason), now).await?;
        }
        let row = merchant::get(&tx, owner.id).await?;
        tx.commit().await?;
        if is_new {
            tell(&key.0, "merchant.suspend", &owner.id);
        }
        Ok(Json(row.into()))
    }

    /// End a merchant's suspension
    #[oai(path = "/admin/merchants/:id/resume", method = "post")]
    async fn resume(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] merchant_id: Path<String>,
        input: JsonBody<ResumptionInput>,
    ) -> Result<Json<MerchantView>, Problem> {
        let mut fields = Fields::default();
        let reason = input.0.reason.as_deref().map(|reason| fields.text("reason", reason, LONGEST_REASON));
        if reason == Some(None) {
            return Err(fields.into_problem());
        }
        let owner = find_merchant(&api, &merchant_id).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let was_suspended = suspension::resume(&tx, owner.id).await?;
        if was_suspended {
            act_of_operator(&tx, &key.0, Some(owner.id), "merchant.resume", owner.id, reason.flatten(), now).await?;
        }
        let row = merchant::get(&tx, owner.id).await?;
        tx.commit().await?;
        if was_suspended {
            tell(&key.0, "merchant.resume", &owner.id);
        }
        Ok(Json(row.into()))
    }
}
