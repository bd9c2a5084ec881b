//! Checks whether a Redis meets our needs: permissions, eviction and persistence.

mod finding;

use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt;
use redis::{FromRedisValue, Value};
use tokio::time::timeout;
use uuid::Uuid;

pub use finding::Finding;

use super::queue::{ClaimRequest, Reply};
use super::{Delivery, DueJob, QueueError, RedisQueues, Urgency};

/// The queue used for the checks. No other has this name.
const PROBE: &str = "probe";
/// Timeout of the subscription check.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// The share of its memory above which a Redis is nearly full.
const NEARLY_FULL: f64 = 0.8;
/// The codes by which Redis refuses writes to everybody.
const FULL: &str = "OOM";
const READ_ONLY: &str = "READONLY";
const UNSAVED: &str = "MISCONF";
const REFUSED_TO_ALL: [&str; 3] = [FULL, READ_ONLY, UNSAVED];
/// The oldest Redis version with all commands that we use.
const OLDEST: (u32, u32) = (6, 2);

/// What one node reports about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// Its address in a cluster.
    pub address: Option<String>,
    /// `Redis` or `Valkey`, and the version.
    pub version: String,
    /// `standalone`, `sentinel` or `cluster`.
    pub mode: String,
    /// Whether it accepts writes.
    pub is_primary: bool,
    /// Its policy when its memory is full.
    pub maxmemory_policy: String,
    /// Its memory limit in bytes; 0 means none.
    pub maxmemory: u64,
    /// Its used memory in bytes.
    pub used_memory: u64,
    /// Whether its data survives a restart, through the append-only file or snapshots.
    pub is_persistent: bool,
}

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
    why: String,
}

impl CheckFailure {
    fn of(error: &QueueError) -> Self {
        let code = match error {
            QueueError::Redis(error) => error.code().map(str::to_owned),
            QueueError::Url(_)
            | QueueError::Address(_)
            | QueueError::Prefix(_)
            | QueueError::TimedOut(_)
            | QueueError::FetcherEnded => None,
        };
        Self { code, why: error.with_source() }
    }

    /// What tells it from other problems: what Redis refuses to everybody it refuses for one reason, in several
    /// wordings.
    fn key(&self) -> &str {
        self.code.as_deref().filter(|code| REFUSED_TO_ALL.contains(code)).unwrap_or(&self.why)
    }

    /// What Redis refuses to everybody is not a matter of our user's rights.
    fn finding(self, what: &'static str) -> Finding {
        let Self { code, why } = self;
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
            Err(error) => found.findings.push(Finding::Silent(error.with_source())),
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
            let mut listening = self.connection().listen().await?;
            listening.subscribe(&channel).await?;
            let publish = redis::cmd("PUBLISH").arg(&channel).arg("").to_owned();
            self.connection().query::<Value>(&publish).await?;
            listening.on_message().next().await;
            Ok::<(), QueueError>(())
        };
        match timeout(ANSWER_WITHIN, trying).await {
            Ok(tried) => said(tried),
            Err(_) => Err(CheckFailure { code: None, why: format!("nothing is heard within {ANSWER_WITHIN:?}") }),
        }
    }
}

impl Node {
    fn read(address: Option<String>, info: &str) -> Self {
        let field = |name: &str| info.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
        let number = |name: &str| field(name).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        let version = match field("valkey_version") {
            Some(version) => format!("Valkey {version}"),
            None => format!("Redis {}", field("redis_version").unwrap_or("of an unknown version")),
        };
        let snapshots = number("rdb_last_save_time") > number("server_start_time_usec").div_euclid(1_000_000);
        Self {
            address,
            version,
            mode: field("redis_mode").unwrap_or("standalone").to_owned(),
            is_primary: field("role") != Some("slave"),
            maxmemory_policy: field("maxmemory_policy").unwrap_or_default().to_owned(),
            maxmemory: number("maxmemory"),
            used_memory: number("used_memory"),
            is_persistent: field("aof_enabled") == Some("1") || snapshots || number("rdb_saves") > 0,
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let at = self.address.as_ref().map_or_else(String::new, |address| format!(" at {address}"));
        let mut found = Vec::new();
        if !self.is_primary {
            return found;
        }
        if self.is_too_old() {
            found.push(Finding::TooOld(self.version.clone()));
        }
        if self.maxmemory > 0 && self.maxmemory_policy != "noeviction" {
            found.push(Finding::Evicts(format!("{}{at}", self.maxmemory_policy)));
        }
        #[expect(clippy::cast_precision_loss, reason = "a share of it")]
        if self.maxmemory > 0 && self.used_memory as f64 > self.maxmemory as f64 * NEARLY_FULL {
            found.push(Finding::NearlyFull(format!("{} of {} bytes{at}", self.used_memory, self.maxmemory)));
        }
        if !self.is_persistent {
            found.push(Finding::Forgets(at));
        }
        found
    }

    fn is_too_old(&self) -> bool {
        let Some(version) = self.version.strip_prefix("Redis ") else { return false };
        let mut parts = version.split('.').map_while(|part| part.parse().ok());
        parts.next().zip(parts.next()).is_some_and(|version: (u32, u32)| version < OLDEST)
    }
}

fn away(error: &QueueError) -> Finding {
    Finding::Away(error.with_source())
}

/// Parses one text, or in a cluster one for each node.
fn nodes(answer: Value) -> Result<Vec<Node>, redis::RedisError> {
    match answer {
        Value::Map(nodes) => nodes
            .into_iter()
            .map(|(address, info)| {
                Ok(Node::read(Some(String::from_redis_value(address)?), &String::from_redis_value(info)?))
            })
            .collect(),
        info => Ok(vec![Node::read(None, &String::from_redis_value(info)?)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: &str = "redis_version:7.0.15\r\nredis_mode:standalone\r\nrole:master\r\naof_enabled:1\r\n";

    fn found(info: &str) -> Vec<Finding> {
        Node::read(None, info).findings()
    }

    #[test]
    fn a_server_that_keeps_what_it_holds_is_as_it_should_be() {
        assert_eq!(found(&format!("{KEPT}maxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n")), [], "it is never full");
        assert_eq!(found(&format!("{KEPT}maxmemory:100\r\nused_memory:10\r\nmaxmemory_policy:noeviction\r\n")), []);
    }

    #[test]
    fn what_will_go_wrong_is_found_before_it_does() {
        let evicts = found(&format!("{KEPT}maxmemory:100\r\nused_memory:90\r\nmaxmemory_policy:allkeys-lru\r\n"));
        assert_eq!(
            evicts,
            [Finding::Evicts("allkeys-lru".to_owned()), Finding::NearlyFull("90 of 100 bytes".to_owned())]
        );
        assert_eq!(found(&KEPT.replace("aof_enabled:1", "aof_enabled:0")), [Finding::Forgets(String::new())]);
        assert_eq!(found(&KEPT.replace("7.0.15", "6.0.16")), [Finding::TooOld("Redis 6.0.16".to_owned())]);
        let valkey = format!("{KEPT}valkey_version:8.1.1\r\n");
        assert_eq!(Node::read(None, &valkey).version, "Valkey 8.1.1");
        assert_eq!(found(&KEPT.replace("role:master", "role:slave").replace("aof_enabled:1", "")), []);
    }
}
