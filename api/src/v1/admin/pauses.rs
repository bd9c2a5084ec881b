//! `/v1/admin/jobs/pause`, `/resume` and `/paused`.

use chrono::{DateTime, Utc};
use domain::{MerchantId, limits::LONGEST_REASON};
use entity::{
    merchant,
    pause::{self, Pause},
};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, payload::Json};
use queue::{Kind, flow::Paused};
use serde::Deserialize;

use super::Group;
use crate::http::typed::{Line, Text};
use crate::{Api, Problem, auth::Operator, http::json_body::JsonBody};

pub(crate) struct AdminPauses;

/// A pause.
#[derive(Debug, Object)]
#[oai(rename = "Pause", skip_serializing_if_is_none)]
struct PauseView {
    /// The kind of job that is paused.
    kind: Option<String>,
    /// The merchant whose jobs are paused.
    merchant_id: Option<Text<MerchantId>>,
    reason: String,
    since: DateTime<Utc>,
}

impl From<Pause> for PauseView {
    fn from(row: Pause) -> Self {
        Self { kind: row.kind, merchant_id: row.merchant_id.map(Text), reason: row.reason, since: row.since }
    }
}

/// All pauses, oldest first.
#[derive(Debug, Object)]
#[oai(rename = "Pauses")]
struct PausesView {
    items: Vec<PauseView>,
}

/// The kind of job or the merchant to pause.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "NewPause")]
struct PauseInput {
    kind: Option<Text<Kind>>,
    merchant_id: Option<Text<MerchantId>>,
    /// The reason, for the audit log and the list of pauses.
    reason: Line<LONGEST_REASON>,
}

/// The pause to end.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "EndOfPause")]
struct ResumeInput {
    kind: Option<Text<Kind>>,
    merchant_id: Option<Text<MerchantId>>,
    /// For the audit log.
    reason: Option<String>,
}

#[OpenApi(tag = "Group::Admin")]
impl AdminPauses {
    /// Pause a kind or a merchant
    #[oai(path = "/admin/jobs/pause", method = "post")]
    async fn pause(
        &self,
        api: Data<&Api>,
        key: Operator,
        input: JsonBody<PauseInput>,
    ) -> Result<Json<PausesView>, Problem> {
        let reason = input.0.reason.trimmed();
        let what = what(&api, input.0.kind, input.0.merchant_id).await?;
        queue::admin::pause(&api.db, what, &key.0.actor, &reason, api.clock.now()).await?;
        all(&api).await
    }

    /// End a pause
    #[oai(path = "/admin/jobs/resume", method = "post")]
    async fn resume(
        &self,
        api: Data<&Api>,
        key: Operator,
        input: JsonBody<ResumeInput>,
    ) -> Result<Json<PausesView>, Problem> {
        let what = what(&api, input.0.kind, input.0.merchant_id).await?;
        let reason = input.0.reason.as_deref();
        if queue::admin::resume(&api.db, what, &key.0.actor, reason, api.clock.now()).await? {
            let api = api.clone();
            tokio::spawn(async move {
                if let Err(error) = queue::admin::notify_waiting(&api.db, &api.queue, what).await {
                    tracing::warn!(%error, "Redis was not notified of what waited; the scheduler will try again");
                }
            });
        }
        all(&api).await
    }

    /// See what is paused
    #[oai(path = "/admin/jobs/paused", method = "get")]
    async fn paused(&self, api: Data<&Api>, _key: Operator) -> Result<Json<PausesView>, Problem> {
        all(&api).await
    }
}

async fn what(api: &Api, kind: Option<Text<Kind>>, merchant: Option<Text<MerchantId>>) -> Result<Paused, Problem> {
    match (kind, merchant) {
        (Some(Text(kind)), None) => Ok(Paused::Kind(kind)),
        (None, Some(Text(id))) => {
            let none = || Problem::field("merchant_id", "there is no such merchant");
            merchant::find(api.db.pool(), id).await?.map(|_| Paused::Merchant(id)).ok_or_else(none)
        }
        (Some(_), Some(_)) | (None, None) => Err(Problem::malformed("Give either kind or merchant_id.")),
    }
}

async fn all(api: &Api) -> Result<Json<PausesView>, Problem> {
    let items = pause::all(api.db.pool()).await?.into_iter().map(Into::into).collect();
    Ok(Json(PausesView { items }))
}
