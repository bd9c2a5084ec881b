//! Commands: the rows, the jobs and the answer are written in one transaction; then comes the commit, then the
//! notification.
//!
//! The answer is stored under the idempotency key in that same transaction, so a crash leaves the command either done
//! and answered or not done at all.

use std::{future::Future, marker::PhantomData, time::Duration};

use chrono::{DateTime, Utc};
use domain::{MerchantId, sha256};
use entity::{
    Transaction,
    idempotency::{self, KeptAnswer, KeyClaim},
    retry_conflicts,
};
use poem::{
    IntoResponse, Response,
    http::{StatusCode, header},
};
use poem_openapi::{
    ApiResponse,
    payload::{Json, Payload},
    registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::{ToJSON, Type},
};
use queue::EnqueuedJob;
use serde::Serialize;

use crate::{Api, Problem};

/// The longest idempotency key.
const LONGEST_KEY: usize = 255;

/// How long a request that finds its key held waits before each look, in milliseconds. Once all have passed, the hold has
/// been renewed or has ended, if the clocks are right; most know after two or three.
const LOOKS: [u64; 8] = [250, 500, 1000, 1000, 1000, 1000, 1000, 1000];

/// A command that is ready to commit.
pub(crate) struct Accepted<T> {
    /// The transaction with its rows and jobs.
    pub(crate) tx: Transaction,
    /// The URL of the resource.
    pub(crate) location: String,
    /// The resource after the command.
    pub(crate) view: T,
    /// The jobs to notify Redis of after the commit.
    pub(crate) enqueued: Vec<EnqueuedJob>,
}

/// A hash that is equal for two requests if and only if they request the same.
pub(crate) fn fingerprint(call: &str, input: &[u8]) -> Vec<u8> {
    sha256(&[&sha256(call.as_bytes()), input].concat())
}

/// The fingerprint of a call with a JSON body.
pub(crate) fn fingerprint_of(call: &str, input: &impl Serialize) -> Result<Vec<u8>, Problem> {
    Ok(fingerprint(call, &serde_json::to_vec(input).map_err(Problem::internal)?))
}

impl Api {
    /// Runs a command once for each idempotency key; without a key it just runs. Conflicts between transactions are
    /// retried here, not by the caller.
    pub(crate) async fn command<T, const STATUS: u16, F, Fut>(
        &self,
        merchant: MerchantId,
        key: Option<String>,
        fingerprint: Vec<u8>,
        work: F,
    ) -> Result<Answered<T, STATUS>, Problem>
    where
        T: ToJSON,
        F: Fn(DateTime<Utc>) -> Fut,
        Fut: Future<Output = Result<Accepted<T>, Problem>>,
    {
        let Some(key) = key else {
            let now = self.clock.now();
            return self.run(|| work(now), None).await;
        };
        if key.is_empty() || key.chars().count() > LONGEST_KEY {
            return Err(Problem::malformed("Idempotency-Key must have 1 to 255 characters."));
        }
        match self.claim(merchant, &key, fingerprint).await? {
            KeyClaim::Replay(answer) => Ok(Answered::again(answer)),
            KeyClaim::OtherCommand => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "This Idempotency-Key was used for another request.",
            )),
            KeyClaim::Running(_) => Err(Problem::conflict(
                "idempotency_key_in_use",
                "The first request with this Idempotency-Key is still running.",
            )),
            KeyClaim::Ours(held) => {
                let (now, _holding) = (self.clock.now(), self.held_keys.hold(held.clone()));
                let answered = self.run(|| work(now), Some(&held)).await;
                if answered.is_err() {
                    // A refused command may be corrected and sent again with the same key.
                    self.abandon(held).await;
                }
                answered
            }
        }
    }

    /// Claims the key. If another process holds it, waits for the answer, or until it is known whether that is alive: a
    /// balancer repeats a request at once when the process dies that had it.
    async fn claim(&self, merchant: MerchantId, key: &str, fingerprint: Vec<u8>) -> Result<KeyClaim, Problem> {
        let (holder, mut first_seen) = (self.held_keys.holder(), None);
        for wait in LOOKS {
            let (fingerprint, now) = (fingerprint.clone(), self.clock.now());
            let claim = idempotency::claim(self.db.writer(), holder, (merchant, key), fingerprint, now).await?;
            let KeyClaim::Running(Some(hold)) = claim else { return Ok(claim) };
            if self.held_keys.has(merchant, key) || hold != *first_seen.get_or_insert(hold) {
                return Ok(claim);
            }
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        Ok(idempotency::claim(self.db.writer(), holder, (merchant, key), fingerprint, self.clock.now()).await?)
    }

    async fn run<T, const STATUS: u16, F, Fut>(
        &self,
        work: F,
        held: Option<&idempotency::HeldKey>,
    ) -> Result<Answered<T, STATUS>, Problem>
    where
        T: ToJSON,
        F: Fn() -> Fut,
        Fut: Future<Output = Result<Accepted<T>, Problem>>,
    {
        let work = &work;
        retry_conflicts(|| async move { self.commit(work().await?, held).await }, Problem::is_conflict_of_rows).await
    }

    /// Frees the key. Retries for a while if the database is unavailable; after that the key counts as left over from a
    /// crash.
    async fn abandon(&self, held: idempotency::HeldKey) {
        if idempotency::abandon(self.db.writer(), &held).await.is_ok() {
            return;
        }
        let db = self.db.clone();
        tokio::spawn(async move {
            for seconds in [1, 2, 4, 8] {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                if idempotency::abandon(db.writer(), &held).await.is_ok() {
                    return;
                }
            }
            tracing::warn!("an idempotency key could not be freed; it will be soon, by itself");
        });
    }

    async fn commit<T: ToJSON, const STATUS: u16>(
        &self,
        accepted: Accepted<T>,
        held: Option<&idempotency::HeldKey>,
    ) -> Result<Answered<T, STATUS>, Problem> {
        let Accepted { tx, location, view, enqueued } = accepted;
        let answer = KeptAnswer { status: STATUS, location, body: view.to_json_string().into_bytes() };
        if let Some(held) = held
            && !idempotency::finish(&tx, held, &answer).await?
        {
            tx.rollback().await?;
            return Err(Problem::conflict("idempotency_key_in_use", "This request took too long and was sent again."));
        }
        tx.commit().await?;
        self.queue.notify(enqueued);
        Ok(Answered { answer, replayed: false, view: PhantomData })
    }
}

/// The status of a created resource.
pub(crate) const CREATED: u16 = 201;

/// The status of a command that jobs complete; the resource shows the progress.
pub(crate) const ACCEPTED: u16 = 202;

/// The answer to a command: the resource, and its URL. The status is part of the type, so that the description cannot
/// differ from it.
#[derive(Debug)]
pub(crate) struct Answered<T, const STATUS: u16 = ACCEPTED> {
    answer: KeptAnswer,
    replayed: bool,
    view: PhantomData<fn() -> T>,
}

impl<T, const STATUS: u16> Answered<T, STATUS> {
    /// Whether this is the command's own answer, not a replayed one.
    pub(crate) const fn is_first(&self) -> bool {
        !self.replayed
    }

    fn again(answer: KeptAnswer) -> Self {
        Self { answer, replayed: true, view: PhantomData }
    }
}

impl<T: Send, const STATUS: u16> IntoResponse for Answered<T, STATUS> {
    fn into_response(self) -> Response {
        let mut response = Response::builder()
            .status(StatusCode::from_u16(self.answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
            .header(header::LOCATION, &self.answer.location)
            .content_type("application/json; charset=utf-8");
        if self.replayed {
            response = response.header("Idempotent-Replayed", "true");
        }
        response.body(self.answer.body)
    }
}

impl<T: Type + ToJSON, const STATUS: u16> ApiResponse for Answered<T, STATUS> {
    fn meta() -> MetaResponses {
        let header = |name: &str, description: &str| MetaHeader {
            name: name.to_owned(),
            description: Some(description.to_owned()),
            required: false,
            deprecated: false,
            schema: String::schema_ref(),
        };
        let answer = MetaResponse {
            description: if STATUS == CREATED {
                "It was created."
            } else {
                "It was accepted; read the resource for the result."
            },
            status: Some(STATUS),
            status_range: None,
            content: vec![MetaMediaType { content_type: Json::<T>::CONTENT_TYPE, schema: Json::<T>::schema_ref() }],
            headers: vec![
                header("Location", "Where the resource is."),
                header("Idempotent-Replayed", "`true` if this answer was given before."),
            ],
        };
        MetaResponses { responses: vec![answer] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}
