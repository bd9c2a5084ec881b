//! `/v1/changes`: the feed of changes, numbered without gaps.

pub(super) mod resource;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use domain::MerchantId;
use entity::change::{self, NumberedChange};
use poem::{http::StatusCode, web::Data};
use poem_openapi::{Object, OpenApi, param::Query, types::ToJSON};
use sea_orm::DbErr;

use self::resource::{Resource, Resources};
use super::Group;
use crate::{Api, Problem, auth::Reader, http::serialized::Serialized};

const DEFAULT_LIMIT: u64 = 100;
const MOST: u64 = 500;

/// The longest wait for changes, in seconds.
const LONGEST_WAIT: u64 = 8;

/// How often a waiting reader checks without being woken, in case Redis is unavailable.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) struct ChangesApi;

/// Changes, in the order of their numbers.
#[derive(Debug, Object)]
#[oai(rename = "Changes")]
struct ChangesView {
    /// The changes after `after`, oldest first, numbered without gaps. There may be fewer than `limit` although more
    /// exist up to `last_seq`, if their resources are large.
    items: Vec<ChangeView>,
    /// The number of the latest change; 0 before the first.
    last_seq: i64,
}

/// A change.
#[derive(Debug, Object)]
#[oai(rename = "Change", skip_serializing_if_is_none)]
struct ChangeView {
    /// Its number among the merchant's changes, from 1.
    seq: i64,
    at: DateTime<Utc>,
    /// What happened, such as `link.paid`; `….updated` means that anything else about the resource changed. The part
    /// before the dot is the type of `resource`: `order`, `link`, `message`, `credits` or `attention`. More types may
    /// be added.
    #[oai(rename = "type")]
    kind: String,
    /// The current resource, as its own call returns it; absent if nothing is left of it.
    resource: Option<Resource>,
}

#[OpenApi(tag = "Group::Feed")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl ChangesApi {
    /// Read changes
    ///
    /// Every change of an order, a payment link, a message, the credits or a matter that needs a person is a row. It is
    /// written together with the change itself and numbered without gaps, so a reader of all rows up to `last_seq` has
    /// missed nothing. `resource` shows the state at the time of reading, so a skipped row is made up for by the next
    /// one about the same resource. To keep a copy: note `last_seq`, read the lists (orders a second time with
    /// `archived=true`), then continue after that number. Rows are kept for 30 days; after that, 410 `changes_expired`
    /// tells you to start over.
    #[oai(path = "/changes", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Reader,
        /// The number of the last change you know; absent: from the oldest stored change.
        #[oai(validator(minimum(value = "0")))]
        after: Query<Option<i64>>,
        /// The most changes to return, up to 500.
        #[oai(validator(minimum(value = "1"), maximum(value = "500")))]
        limit: Query<Option<u64>>,
        /// How many seconds to wait for a change, up to 8.
        #[oai(validator(minimum(value = "0"), maximum(value = "8")))]
        wait: Query<Option<u64>>,
    ) -> Result<Serialized<ChangesView>, Problem> {
        let limit = limit.0.unwrap_or(DEFAULT_LIMIT).clamp(1, MOST);
        let wait = Duration::from_secs(wait.0.unwrap_or_default().min(LONGEST_WAIT));
        let (found, last_seq) = wait_for_more(&api, &key, after.0, limit, wait).await?;
        let _turn = api.readers.take(key.0.merchant).await?;
        let (found, bytes) = resource::of_a_size(&api, key.0.merchant, found).await?;
        let resources = Resources::of(&api, key.0.merchant, &found).await?;
        let view = move || {
            let items = found.into_iter().map(|change| ChangeView {
                seq: change.seq,
                at: change.at,
                kind: change.kind.to_string(),
                resource: resources.of_change(&change),
            });
            Ok::<_, Problem>(ChangesView { items: items.collect(), last_seq })
        };
        Serialized::of(&api.serializers, bytes, view).await
    }
}

/// The changes after a number, as soon as there are any or the wait is over, and the number of the latest change.
async fn wait_for_more(
    api: &Api,
    key: &Reader,
    after: Option<i64>,
    limit: u64,
    wait: Duration,
) -> Result<(Vec<NumberedChange>, i64), Problem> {
    let merchant = key.0.merchant;
    let until = Instant::now() + wait;
    // Subscribe before the first read, so that a change in between wakes this task. If there are too many subscribers,
    // poll instead.
    let mut watching = (!wait.is_zero()).then(|| api.queue.live().look(merchant, None).ok()).flatten();
    let mut over = Box::pin(async {
        tokio::select! {
            () = api.readiness.stopped() => {}
            () = api.watch.until_over(&key.0) => {}
        }
    });
    loop {
        let (found, last_seq) = read(api, merchant, after, limit).await?;
        let left = until.saturating_duration_since(Instant::now());
        if !found.is_empty() || left.is_zero() {
            return Ok((found, last_seq));
        }
        let woken = async {
            match &mut watching {
                Some(watching) => {
                    watching.next().await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = woken => {}
            () = tokio::time::sleep(left.min(LOOK_EVERY)) => {}
            () = &mut over => return Ok((found, last_seq)),
        }
    }
}

/// The changes after a number, without gaps.
async fn read(
    api: &Api,
    merchant: MerchantId,
    after: Option<i64>,
    limit: u64,
) -> Result<(Vec<NumberedChange>, i64), Problem> {
    let pool = api.db.pool();
    let mut feed = change::feed(pool, merchant).await?;
    if feed.has_more {
        // Callers must see their own changes, even before the task that numbers changes has run.
        api.queue.changes().number(&BTreeSet::from([merchant])).await?;
        feed = change::feed(pool, merchant).await?;
    }
    let known = match after {
        Some(after) if after > feed.last_seq => {
            let reason = format!("is past the last change, {}: this is not the feed that it came from", feed.last_seq);
            return Err(Problem::field("after", reason));
        }
        Some(after) => after,
        None => change::oldest(pool, merchant).await?.map_or(feed.last_seq, |oldest| oldest - 1),
    };
    let found = change::after(pool, merchant, known, limit).await?;
    let has_gap = (known + 1..).zip(&found).any(|(seq, change)| change.seq != seq);
    if has_gap || (found.is_empty() && known < feed.last_seq) {
        return Err(Problem::new(
            StatusCode::GONE,
            "changes_expired",
            "What came after that number is older than 30 days and was removed. Note last_seq of a call without after, read \
             the lists, and go on after it.",
        ));
    }
    let last_seq = found.last().map_or(feed.last_seq, |change| change.seq.max(feed.last_seq));
    Ok((found, last_seq))
}

/// The current resource of a change, as the API shows it; `None` if nothing is left of it.
pub async fn changed_resource(api: &Api, change: &NumberedChange) -> Result<Option<serde_json::Value>, DbErr> {
    let resources = Resources::of(api, change.merchant_id, std::slice::from_ref(change)).await?;
    Ok(resources.of_change(change).and_then(|resource| resource.to_json()))
}
