//! `/v1/api-keys`: the merchant's own keys. A key is shown once: when it is created, or to the person who accepts an
//! invitation to it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{ApiKeyId, random_secret, random_token};
use entity::{
    AuditAction,
    api_key::{self, ApiKey, NewKey, Scope},
    revocation::{Revocation, Revoker, revoke},
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use serde::Deserialize;

use super::{
    Group,
    answers::{Created, NoContent},
};
use crate::http::typed::{LastFour, Limit, Line, Text, TextOf};
use crate::{
    Api, Problem,
    auth::{Administrator, Principal, audit::log_access},
    http::{
        json_body::JsonBody,
        paging::{Asked, Page, id},
    },
};

pub(super) struct ApiKeys;

/// How long an invitation can be accepted.
const INVITATION: TimeDelta = TimeDelta::days(7);

/// An API key.
#[derive(Debug, Object)]
#[oai(rename = "ApiKey", skip_serializing_if_is_none)]
struct KeyView {
    id: Text<ApiKeyId>,
    name: String,
    /// Each scope includes the ones before it.
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
    /// Whether this call was made with it.
    current: bool,
    /// The key, shown only this once: store it.
    #[oai(read_only)]
    key: Option<String>,
    /// The URL where the invitation is accepted, shown only this once: send it to the person who should have the key.
    #[oai(read_only)]
    invitation_url: Option<String>,
}

impl KeyView {
    fn of(row: ApiKey, caller: &Principal) -> Self {
        Self {
            current: row.id == caller.key,
            id: Text(row.id),
            name: row.name,
            scope: Text(row.scope),
            last_four: row.last_four.into(),
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
            expires_at: row.expires_at,
            invited_until: row.invited_until,
            key: None,
            invitation_url: None,
        }
    }
}

/// A new API key.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "NewApiKey")]
struct KeyInput {
    /// The name of the key, to recognise it later.
    name: Line<64>,
    /// What the key may do. Each scope includes the ones before it.
    scope: Text<Scope>,
    /// When the key expires; absent: never.
    expires_at: Option<DateTime<Utc>>,
    /// Return an invitation URL instead of the key. It shows the key to another person, once, within seven days.
    #[oai(default)]
    #[serde(default)]
    invite: bool,
}

#[OpenApi(tag = "Group::Keys")]
impl ApiKeys {
    /// List API keys
    #[oai(path = "/api-keys", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Administrator,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<ApiKeyId>>>,
    ) -> Result<Json<Page<KeyView>>, Problem> {
        let asked = Asked::<ApiKeyId>::new(limit.0, cursor.0);
        let found = api_key::list(api.db.pool(), key.0.merchant, asked.before, asked.fetch()).await?;
        Ok(Json(asked.page(found, |row| row.id, |row| Ok::<_, Problem>(KeyView::of(row, &key.0)))?))
    }

    /// Create an API key
    ///
    /// Only this answer contains the key. For an invitation it contains the URL, and there is no key until the
    /// invitation is accepted.
    #[oai(path = "/api-keys", method = "post")]
    async fn create(
        &self,
        api: Data<&Api>,
        key: Administrator,
        input: JsonBody<KeyInput>,
    ) -> Result<Created<KeyView>, Problem> {
        let now = api.clock.now();
        let KeyInput { name, scope, expires_at, invite } = input.0;
        if expires_at.is_some_and(|at| at <= now) {
            return Err(Problem::field("expires_at", "must be in the future"));
        }
        let new = NewKey { merchant_id: key.0.merchant, name: name.trimmed(), scope: scope.value(), expires_at };
        let tx = api.db.begin().await?;
        if !api_key::has_room(&tx, key.0.merchant, now).await? {
            let detail = format!("There are {} API keys and invitations, and no more are allowed.", api_key::MOST);
            return Err(Problem::conflict("too_many_keys", detail));
        }
        let (act, view) = if invite {
            let token = random_token("")?;
            let row = api_key::invite(&tx, new, &token, now + INVITATION, now).await?;
            let url = api.invitation_url(&token);
            (AuditAction::KeyInvite, KeyView { invitation_url: Some(url), ..KeyView::of(row, &key.0) })
        } else {
            let secret = random_secret("pk_")?;
            let row = api_key::insert(&tx, new, &secret, now).await?;
            (AuditAction::KeyCreate, KeyView { key: Some(secret.expose().to_owned()), ..KeyView::of(row, &key.0) })
        };
        tx.done(key.0.did(act, &view.id.0), now);
        tx.commit().await?;
        log_access(&key.0, act, &view.id.0);
        Ok(Created::Created(Json(view)))
    }

    /// Revoke an API key
    ///
    /// The key or invitation, all console sessions created with it, and pending invitations created with it end at
    /// once. The last key of scope `admin` cannot be revoked.
    #[oai(path = "/api-keys/:id", method = "delete")]
    async fn revoke(
        &self,
        api: Data<&Api>,
        key: Administrator,
        #[oai(name = "id")] key_id: Path<TextOf<ApiKeyId>>,
    ) -> Result<NoContent, Problem> {
        let (revoked, now) = (id::<ApiKeyId>(&key_id)?, api.clock.now());
        let tx = api.db.begin().await?;
        match revoke(&tx, key.0.merchant, revoked, Revoker::Merchant, now).await? {
            Revocation::Revoked => {}
            Revocation::NoSuchKey => return Err(Problem::not_found()),
            Revocation::LastAdmin => {
                let detail = "This is the last key of scope admin. Make another one first.";
                return Err(Problem::conflict("last_admin_key", detail));
            }
        }
        tx.done(key.0.did(AuditAction::KeyRevoke, &revoked), now);
        tx.commit().await?;
        log_access(&key.0, AuditAction::KeyRevoke, &revoked);
        Ok(NoContent::NoContent)
    }
}
