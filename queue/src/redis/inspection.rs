//! Checks whether a Redis meets our needs: permissions, eviction and persistence.

mod finding;
mod mode;
mod node;

use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt;
use redis::Value;
use tokio::time::timeout;
use uuid::Uuid;

use self::node::nodes;
pub use self::{finding::Finding, mode::ServerMode, node::Node};

use super::queue::{ClaimRequest, Reply};
use super::{Delivery, DueJob, QueueError, RedisQueues, Urgency};

/// The queue used for the checks. No other has this name.
const PROBE: &str = "probe";
/// Timeout of the subscription check.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// The codes by which Redis refuses writes to everybody.
const FULL: &str = "OOM";
const READ_ONLY: &str = "READONLY";
const UNSAVED: &str = "MISCONF";
const REFUSED_TO_ALL: [&str; 3] = [FULL, READ_ONLY, UNSAVED];

/// The result of an inspection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inspection {
    /// The nodes that reported about themselves; several in a cluster.
    pub nodes: Vec<Node>,
    /// The problems found.
    pub findings: Vec<Finding>,
}

/// A check and its result.
type Tried = (&'static str, Result<(), CheckFailure>);

/// Why a check failed.
#[derive(Debug, PartialEq, Eq)]
struct CheckFailure {
    /// The code of the error, if Redis itself has reported it.
    code: Option<String>,
    /// Whether Redis has given no answer, which says nothing of what it allows.
    is_unanswered: bool,
    why: String,
}

impl CheckFailure {
    fn of(error: &QueueError) -> Self {
        let (code, is_unanswered) = match error {
            QueueError::Redis(error) => (error.code().map(str::to_owned), error.is_io_error()),
            QueueError::TimedOut(_) => (None, true),
            QueueError::Url(_) | QueueError::Address(_) | QueueError::Prefix(_) | QueueError::FetcherEnded => {
                (None, false)
            }
        };
        Self { code, is_unanswered, why: error.with_source() }
    }

    /// What tells it from other problems: what Redis refuses to everybody it refuses for one reason, in several
    /// wordings.
    fn key(&self) -> &str {
        self.code.as_deref().filter(|code| REFUSED_TO_ALL.contains(code)).unwrap_or(&self.why)
    }

    /// What Redis refuses to everybody is not a matter of our user's rights.
    fn finding(self, what: &'static str) -> Finding {
        let Self { code, is_unanswered, why } = self;
        if is_unanswered {
            return Finding::Away(why);
        }
        match code.as_deref() {
            Some(FULL) => Finding::Full(why),
            Some(READ_ONLY) => Finding::ReadOnly(why),
            Some(UNSAVED) => Finding::Unsaved(why),
            _ => Finding::Refused { what, why },
        }
    }
}

fn said(done: Result<(), QueueError>) -> Result<(), CheckFailure> {
    done.map_err(|error| CheckFailure::of(&error))
}

impl RedisQueues {
    /// Performs each operation once, on a separate queue, and reads the configuration of Redis. `besides` is what the
    /// caller does with it besides, and `what` names that after "Redis refuses to".
    pub async fn inspect(
        &self,
        what: &'static str,
        besides: impl Future<Output = Result<(), QueueError>>,
    ) -> Inspection {
        let of_queue = ("run our scripts on the queues' keys", said(self.try_queue().await));
        self.judge(of_queue, async { (what, said(besides.await)) }).await
    }

    /// Like [`inspect`](Self::inspect) without the queue, for every start: if interrupted, it leaves only keys that
    /// expire.
    pub async fn inspect_briefly(
        &self,
        what: &'static str,
        besides: impl Future<Output = Result<(), QueueError>>,
    ) -> Inspection {
        self.judge(("", Ok(())), async { (what, said(besides.await)) }).await
    }

    async fn judge(&self, of_queue: Tried, besides: impl Future<Output = Tried>) -> Inspection {
        let mut found = Inspection::default();
        // What else such a server refuses says nothing.
        if let Some(other) = self.connection().other_mode().await {
            found.findings.push(other);
            return found;
        }
        found.findings = self.connection().silent_servers().await;
        if let Err(error) = self.ping().await {
            found.findings.push(away(&error));
            return found;
        }
        let mut met = HashSet::new();
        for (what, tried) in std::iter::once(of_queue).chain(self.try_all(besides).await) {
            let Err(problem) = tried else { continue };
            // Several checks meet the same problem.
            if met.insert(problem.key().to_owned()) {
                found.findings.push(problem.finding(what));
            }
        }
        match self.connection().query::<Value>(&redis::cmd("INFO")).await.and_then(|answer| Ok(nodes(answer)?)) {
            Ok(nodes) => {
                found.nodes = nodes;
                let of_nodes: Vec<Finding> = found.nodes.iter().flat_map(Node::findings).collect();
                found.findings.extend(of_nodes);
            }
            Err(error) => {
                let failure = CheckFailure::of(&error);
                if !failure.is_unanswered {
                    found.findings.push(Finding::Silent(failure.why));
                } else if met.insert(failure.key().to_owned()) {
                    found.findings.push(Finding::Away(failure.why));
                }
            }
        }
        found
    }

    /// Runs each check.
    async fn try_all(&self, besides: impl Future<Output = Tried>) -> Vec<Tried> {
        vec![
            ("keep budgets and limits", said(self.try_limits().await)),
            besides.await,
            ("let us subscribe to our channels", self.try_channel().await),
        ]
    }

    async fn try_queue(&self) -> Result<(), QueueError> {
        let (job, lane) = (Uuid::nil(), Uuid::nil());
        let queue = self.queue(PROBE);
        queue.push(&[DueJob { job, lane, at: None }]).await?;
        let request = ClaimRequest { want: 1, refill: true, lifetime: Duration::from_secs(1) };
        let turn = queue.turn(std::iter::empty(), request).await?;
        // Another process may be running the same check.
        if !turn.claimed.is_empty() {
            queue.renew(&turn.claimed, request.lifetime).await?;
            queue.release(&turn.claimed).await?;
        }
        let turn = queue.turn(std::iter::empty(), request).await?;
        let done = |delivery: &Delivery| (*delivery, Reply::Done);
        queue.turn(turn.claimed.iter().map(done), ClaimRequest { want: 0, ..request }).await?;
        queue.dead_letter(&[]).await?;
        queue.depth().await?;
        queue.forget(job, lane).await?;
        Ok(())
    }

    async fn try_limits(&self) -> Result<(), QueueError> {
        self.spend(PROBE, Duration::from_millis(1)).await?;
        self.pass_at(PROBE, Duration::from_millis(1), Duration::ZERO, Urgency::Interactive).await?;
        Ok(())
    }

    /// Waits for a published message, since a subscription alone proves nothing.
    async fn try_channel(&self) -> Result<(), CheckFailure> {
        let channel = format!("{}:{PROBE}", self.prefix());
        let trying = async {
            let (mut listening, _) = self.connection().listen().await?;
            listening.subscribe(&channel).await?;
            let publish = redis::cmd("PUBLISH").arg(&channel).arg("").to_owned();
            self.connection().query::<Value>(&publish).await?;
            listening.on_message().next().await;
            Ok::<(), QueueError>(())
        };
        match timeout(ANSWER_WITHIN, trying).await {
            Ok(tried) => said(tried),
            Err(_) => Err(CheckFailure {
                code: None,
                is_unanswered: false,
                why: format!("nothing is heard within {ANSWER_WITHIN:?}"),
            }),
        }
    }
}

fn away(error: &QueueError) -> Finding {
    Finding::Away(error.with_source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redis_that_does_not_answer_refuses_nothing() {
        let slow = QueueError::TimedOut(Duration::from_secs(1));
        let found = CheckFailure::of(&slow).finding("keep budgets and limits");
        assert!(matches!(&found, Finding::Away(why) if why.contains("1s")), "{found}");
    }
}
