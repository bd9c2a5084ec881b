//! `/v1/audit-log`: the merchant's audit log. It never contains a phone number or a text.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{ApiKeyId, AuditEntryId, MerchantId};
use entity::{
    api_key,
    audit::{self, AuditFilter},
};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Query, payload::Json};

use super::Group;
use crate::http::typed::{Limit, Text};
use crate::{
    Api, Problem,
    auth::Administrator,
    http::paging::{Asked, Page},
};

pub(super) struct AuditLog;

/// An entry of the audit log.
#[derive(Debug, Object)]
#[oai(rename = "AuditEntry", skip_serializing_if_is_none)]
pub(super) struct EntryView {
    id: Text<AuditEntryId>,
    at: DateTime<Utc>,
    /// Whose affairs it was about.
    merchant_id: Option<Text<MerchantId>>,
    /// The id of an API key; `operator`, or `operator:` and a name.
    actor: String,
    /// What the key is called, if it was one.
    actor_name: Option<String>,
    /// What was done, such as `link.void`.
    action: String,
    /// To what: an id.
    subject: String,
    /// The reason that was given, or what came of it.
    detail: Option<String>,
}

/// A page of the log, with the names of the keys in it.
pub(super) async fn page(
    api: &Api,
    asked: Asked<AuditEntryId>,
    filter: AuditFilter,
) -> Result<Json<Page<EntryView>>, Problem> {
    let filter = AuditFilter { before: asked.before, limit: asked.fetch(), ..filter };
    let found = audit::search(api.db.pool(), filter).await?;
    let keys: Vec<ApiKeyId> = found.iter().filter_map(|entry| entry.actor.parse().ok()).collect();
    let names: HashMap<String, String> = api_key::names(api.db.pool(), keys).await?.into_iter().collect();
    let view = |entry: audit::Model| {
        Ok::<_, Problem>(EntryView {
            id: Text(entry.id),
            at: entry.at,
            merchant_id: entry.merchant_id.map(Text),
            actor_name: names.get(&entry.actor).cloned(),
            actor: entry.actor,
            action: entry.action,
            subject: entry.subject,
            detail: entry.detail,
        })
    };
    Ok(Json(asked.page(found, |entry| entry.id, view)?))
}

#[OpenApi(tag = "Group::Keys")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl AuditLog {
    /// See who did what
    #[oai(path = "/audit-log", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Administrator,
        /// By whom: the id of an API key; `operator`, or `operator:` and a name.
        actor: Query<Option<String>>,
        /// To what: the id of a link, a message, a key, …
        subject: Query<Option<String>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<AuditEntryId>>>,
    ) -> Result<Json<Page<EntryView>>, Problem> {
        let asked = Asked::<AuditEntryId>::new(limit.0, cursor.0);
        let filter = AuditFilter {
            merchant: Some(key.0.merchant),
            actor: actor.0,
            subject: subject.0,
            ..AuditFilter::default()
        };
        page(&api, asked, filter).await
    }
}
