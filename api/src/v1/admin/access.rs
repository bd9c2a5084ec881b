//! `/v1/admin/merchants/{id}/keys`, `…/suspend`, `…/resume`: a merchant's API keys, and suspending the merchant.

use chrono::{DateTime, Utc};
use domain::{ApiKeyId, MerchantId, Secret, limits::LONGEST_REASON, random_secret};
use entity::{
    AuditAction,
    api_key::{self, ApiKey, NewKey, Scope},
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
    super::answers::{Created, NoContent},
    Group,
    merchants::{MerchantView, find_merchant},
};
use crate::http::typed::{LastFour, Limit, Line, Text, TextOf};
use crate::{
    Api, Problem,
    auth::{Operator, audit::log_access},
    http::{
        json_body::JsonBody,
        paging::{Asked, Page, id},
    },
};

pub(crate) struct AdminAccess;

/// A merchant's API key, as the operator sees it.
#[derive(Debug, Object)]
#[oai(rename = "MerchantKey", skip_serializing_if_is_none)]
struct MerchantKeyView {
    id: Text<ApiKeyId>,
    name: String,
    scope: Text<Scope>,
    /// The key's last four characters; empty while it is an invitation.
    last_four: LastFour,
    created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    /// When it expires.
    expires_at: Option<DateTime<Utc>>,
    /// The deadline for accepting the invitation; absent once the key was handed over.
    invited_until: Option<DateTime<Utc>>,
}

impl From<ApiKey> for MerchantKeyView {
    fn from(row: ApiKey) -> Self {
        Self {
            id: Text(row.id),
            name: row.name,
            scope: Text(row.scope),
            last_four: row.last_four.into(),
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
            expires_at: row.expires_at,
            invited_until: row.invited_until,
        }
    }
}

/// A new API key.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "NewKey")]
struct MerchantKeyInput {
    /// The name of the key.
    name: Line<64>,
    /// What the key may do. Each scope includes the ones before it.
    scope: Text<Scope>,
}

/// An API key, shown only this once.
#[derive(Object)]
#[oai(rename = "Key")]
struct NewKeyView {
    id: Text<ApiKeyId>,
    name: String,
    scope: Text<Scope>,
    /// The key. Store it: it is not shown again.
    key: String,
}

/// The reason of a suspension.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "Suspension")]
struct SuspensionInput {
    /// For the audit log, which the merchant can read.
    reason: Line<LONGEST_REASON>,
}

/// The reason for ending a suspension.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "EndOfSuspension")]
struct ResumptionInput {
    /// For the audit log, which the merchant can read.
    reason: Option<Line<LONGEST_REASON>>,
}

#[OpenApi(tag = "Group::Admin")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl AdminAccess {
    /// List a merchant's API keys
    #[oai(path = "/admin/merchants/:id/keys", method = "get")]
    async fn keys(
        &self,
        api: Data<&Api>,
        _key: Operator,
        #[oai(name = "id")] merchant_id: Path<TextOf<MerchantId>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<ApiKeyId>>>,
    ) -> Result<Json<Page<MerchantKeyView>>, Problem> {
        let asked = Asked::<ApiKeyId>::new(limit.0, cursor.0);
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
        #[oai(name = "id")] merchant_id: Path<TextOf<MerchantId>>,
        input: JsonBody<MerchantKeyInput>,
    ) -> Result<Created<NewKeyView>, Problem> {
        let (name, scope) = (input.0.name.trimmed(), input.0.scope.value());
        let owner = find_merchant(&api, &merchant_id).await?;
        let new: Secret = random_secret("pk_")?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let wanted = NewKey { merchant_id: owner.id, name, scope, expires_at: None };
        let row = api_key::insert(&tx, wanted, &new, now).await?;
        tx.done(key.0.did(AuditAction::KeyCreate, &row.id).of_merchant(owner.id), now);
        tx.commit().await?;
        log_access(&key.0, AuditAction::KeyCreate, &row.id);
        let view =
            NewKeyView { id: Text(row.id), name: row.name, scope: Text(row.scope), key: new.expose().to_owned() };
        Ok(Created::Created(Json(view)))
    }

    /// Revoke a merchant's API key
    ///
    /// Any key, including the last one of scope `admin`. The key and all console sessions created with it end at once.
    #[oai(path = "/admin/merchants/:id/keys/:key", method = "delete")]
    async fn revoke(
        &self,
        api: Data<&Api>,
        operator: Operator,
        #[oai(name = "id")] merchant_id: Path<TextOf<MerchantId>>,
        key: Path<TextOf<ApiKeyId>>,
    ) -> Result<NoContent, Problem> {
        let owner = find_merchant(&api, &merchant_id).await?;
        let (revoked, now) = (id::<ApiKeyId>(&key)?, api.clock.now());
        let tx = api.db.begin().await?;
        match revoke(&tx, owner.id, revoked, Revoker::Operator, now).await? {
            Revocation::Revoked => {}
            Revocation::NoSuchKey | Revocation::LastAdmin => return Err(Problem::not_found()),
        }
        tx.done(operator.0.did(AuditAction::KeyRevoke, &revoked).of_merchant(owner.id), now);
        tx.commit().await?;
        log_access(&operator.0, AuditAction::KeyRevoke, &revoked);
        Ok(NoContent::NoContent)
    }

    /// Suspend a merchant
    ///
    /// Texts, new links and sign-ins stop, and console sessions end. Buyers can still pay open links, and Stripe's
    /// events are still applied.
    #[oai(path = "/admin/merchants/:id/suspend", method = "post")]
    async fn suspend(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] merchant_id: Path<TextOf<MerchantId>>,
        input: JsonBody<SuspensionInput>,
    ) -> Result<Json<MerchantView>, Problem> {
        let reason = input.0.reason.trimmed();
        let owner = find_merchant(&api, &merchant_id).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let is_new = suspension::suspend(&tx, owner.id, &reason, now).await?;
        if is_new {
            tx.done(key.0.did(AuditAction::MerchantSuspend, &owner.id).of_merchant(owner.id).because(reason), now);
        }
        let row = merchant::get(&tx, owner.id).await?;
        tx.commit().await?;
        if is_new {
            log_access(&key.0, AuditAction::MerchantSuspend, &owner.id);
        }
        Ok(Json(row.into()))
    }

    /// End a merchant's suspension
    #[oai(path = "/admin/merchants/:id/resume", method = "post")]
    async fn resume(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] merchant_id: Path<TextOf<MerchantId>>,
        input: JsonBody<ResumptionInput>,
    ) -> Result<Json<MerchantView>, Problem> {
        let reason = input.0.reason.map(|reason| reason.trimmed());
        let owner = find_merchant(&api, &merchant_id).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let was_suspended = suspension::resume(&tx, owner.id).await?;
        if was_suspended {
            tx.done(key.0.did(AuditAction::MerchantResume, &owner.id).of_merchant(owner.id).because(reason), now);
        }
        let row = merchant::get(&tx, owner.id).await?;
        tx.commit().await?;
        if was_suspended {
            log_access(&key.0, AuditAction::MerchantResume, &owner.id);
        }
        Ok(Json(row.into()))
    }
}
