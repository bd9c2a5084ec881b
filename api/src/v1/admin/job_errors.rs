//! `/v1/admin/jobs/errors`.

use chrono::{DateTime, Utc};
use domain::words;
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Query, payload::Json};
use queue::{
    Kind,
    admin::{self, ErrorGroup},
};

use super::Group;
use crate::http::typed::{Text, described_words};
use crate::{Api, Problem, auth::Operator};

pub(crate) struct AdminJobErrors;

words! {
    /// Which jobs' errors.
    pub enum FailingState {
        /// Dead ones.
        Dead = "dead",
        /// Those that will be tried again.
        Queued = "queued",
    }
}

described_words!(FailingState);

/// The errors of jobs.
#[derive(Debug, Object)]
#[oai(rename = "JobErrors")]
struct ErrorsView {
    /// Those with the most jobs first.
    items: Vec<ErrorView>,
    /// Whether there is more than this: 10,000 jobs are read, the newest dead or the oldest queued ones, and the 100
    /// most frequent errors told.
    more: bool,
}

/// Jobs of one kind that failed for the same reason.
#[derive(Debug, Object)]
#[oai(rename = "JobError", skip_serializing_if_is_none)]
struct ErrorView {
    kind: String,
    /// Whether this version knows the kind, so that the list of jobs can be narrowed to it.
    known_kind: bool,
    /// The last error of each, or the first 500 characters of it, with `…` in place of ids and numbers that differ.
    error: String,
    /// A part of it that all of them have, for `error` of the list of jobs and of bulk retries; absent if there is none.
    contains: Option<String>,
    jobs: u64,
    /// When the first of them died, or was enqueued if they are tried again.
    first_at: DateTime<Utc>,
    /// The same of the last of them.
    last_at: DateTime<Utc>,
}

impl From<ErrorGroup> for ErrorView {
    fn from(group: ErrorGroup) -> Self {
        let contains = Some(group.common_part().to_owned()).filter(|part| !part.is_empty());
        let ErrorGroup { kind, error, jobs, first_at, last_at } = group;
        let known_kind = kind.parse::<Kind>().is_ok();
        Self { kind, known_kind, error, contains, jobs, first_at, last_at }
    }
}

#[OpenApi(tag = "Group::Admin")]
impl AdminJobErrors {
    /// See why jobs fail
    ///
    /// The errors of dead jobs, or of those that are tried again, each with how many jobs have it.
    #[oai(path = "/admin/jobs/errors", method = "get")]
    async fn errors(
        &self,
        api: Data<&Api>,
        _key: Operator,
        state: Query<Option<Text<FailingState>>>,
    ) -> Result<Json<ErrorsView>, Problem> {
        let failing = match state.0.map_or(FailingState::Dead, Text::value) {
            FailingState::Dead => admin::Failing::Dead,
            FailingState::Queued => admin::Failing::Queued,
        };
        let found = admin::errors(api.db.pool(), failing).await?;
        Ok(Json(ErrorsView { items: found.groups.into_iter().map(Into::into).collect(), more: found.more }))
    }
}
