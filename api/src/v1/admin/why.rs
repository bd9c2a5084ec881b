//! `/v1/admin/why`: why a buyer got no text.

use chrono::{DateTime, Utc};
use domain::MerchantId;
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Query, payload::Json};

use super::{Group, jobs::JobView};
use crate::http::typed::{Text, described_words};
use crate::{
    Api, Problem,
    auth::Operator,
    v1::link_view::TimelineEntryView,
    why::{ExplainedJob, Explanation, Subject, explain},
};

pub(crate) struct AdminWhy;

described_words!(Subject);

/// What became of what was asked about.
#[derive(Debug, Object)]
#[oai(rename = "Why")]
struct WhyView {
    /// Each with its parts after it. Empty if nothing is known.
    items: Vec<ExplanationView>,
    /// What was left out of them, in English sentences for people: that there are more orders of a buyer.
    left_out: Vec<String>,
}

/// What became of one thing, and why.
#[derive(Debug, Object)]
#[oai(rename = "Explanation", skip_serializing_if_is_none)]
struct ExplanationView {
    subject: Text<Subject>,
    id: String,
    merchant_id: Text<MerchantId>,
    /// Its state; a conversation has none.
    state: Option<String>,
    /// Since when it is there.
    since: DateTime<Utc>,
    /// 0 for what was asked about, 1 for a part of the last thing of depth 0, and so on.
    depth: usize,
    /// Why it is as it is, in English sentences for people. Times in them are as in `2026-12-31T23:59:59Z`.
    sentences: Vec<String>,
    /// What happened to it, for a link.
    timeline: Vec<TimelineEntryView>,
    /// The jobs about it, newest first.
    jobs: Vec<ExplainedJobView>,
}

/// A job about a thing, and what it waits for.
#[derive(Debug, Object)]
#[oai(rename = "ExplainedJob", skip_serializing_if_is_none)]
struct ExplainedJobView {
    job: JobView,
    /// What it waits for, in an English sentence; absent if it is finished.
    waits: Option<String>,
}

impl From<Explanation> for ExplanationView {
    fn from(told: Explanation) -> Self {
        let job = |ExplainedJob { job, waits }| ExplainedJobView { job: job.into(), waits };
        Self {
            subject: Text(told.subject),
            id: told.id,
            merchant_id: Text(told.merchant),
            state: told.state.map(ToOwned::to_owned),
            since: told.since,
            depth: told.depth,
            sentences: told.sentences,
            timeline: told.timeline.into_iter().map(Into::into).collect(),
            jobs: told.jobs.into_iter().map(job).collect(),
        }
    }
}

#[OpenApi(tag = "Group::Admin")]
impl AdminWhy {
    /// Ask why a buyer got no text
    ///
    /// What became of an order, a link, a text or all that is known of a phone number, of any merchant, and why. Without
    /// texts and numbers, which only the merchant may see. The newest 20 orders of a buyer, 20 links of an order and 20
    /// texts of a link or a conversation are told, and a sentence says if there are more.
    #[oai(path = "/admin/why", method = "get")]
    async fn why(
        &self,
        api: Data<&Api>,
        _key: Operator,
        /// A phone number, an order (its id or its number), a link or a message (their ids).
        about: Query<String>,
    ) -> Result<Json<WhyView>, Problem> {
        let found = explain(&api.db, &api.vault, &about.0, api.clock.now()).await?;
        Ok(Json(WhyView { items: found.items.into_iter().map(Into::into).collect(), left_out: found.left_out }))
    }
}
