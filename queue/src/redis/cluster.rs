//! The nodes of a Redis Cluster: those of the URL, and those that it has named since. All nodes of the URL may be
//! replaced while a process runs.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{
    Cmd, ConnectionAddr, FromRedisValue, RedisResult, Value,
    aio::PubSub,
    cluster::{ClusterClient, TlsMode},
    cluster_async::ClusterConnection,
};

use super::{Certificates, QueueError, address::ServerAddress};

/// How often the cluster client follows a moved slot within one command. Beyond that the caller retries.
const FOLLOWED: u32 = 4;
/// Its shortest and longest delay before following, in milliseconds.
const FOLLOW_WAIT: (u64, u64) = (10, 150);
/// How often the cluster is asked for its nodes.
const ASK_EVERY: Duration = Duration::from_secs(30);

/// A cluster, any node of which may be gone.
pub(super) struct ClusterNodes {
    of_url: Vec<ServerAddress>,
    known: Mutex<KnownNodes>,
    certificates: Certificates,
    patience: Duration,
    /// The node to subscribe at next.
    next: AtomicUsize,
}

#[derive(Default)]
struct KnownNodes {
    named: Vec<ServerAddress>,
    asked: Option<Instant>,
}

impl ClusterNodes {
    /// Connects to nothing; an error is one of the URL or the certificates.
    pub(super) fn open(
        of_url: Vec<ServerAddress>,
        certificates: &Certificates,
        patience: Duration,
    ) -> Result<Self, QueueError> {
        let certificates = certificates.clone();
        let nodes = Self { of_url, known: Mutex::default(), certificates, patience, next: AtomicUsize::new(0) };
        nodes.client().map_err(QueueError::Url)?;
        for node in &nodes.of_url {
            node.client().map_err(QueueError::Url)?;
        }
        Ok(nodes)
    }

    /// Those of the URL.
    pub(super) fn of_url(&self) -> &[ServerAddress] {
        &self.of_url
    }

    /// Opens a connection for commands, by whichever node answers.
    pub(super) async fn dial(&self) -> RedisResult<ClusterConnection> {
        self.client()?.get_async_connection().await
    }

    /// Opens a connection for subscriptions, each time at another node: every node receives all messages. Tells which.
    pub(super) async fn listen(&self) -> RedisResult<(PubSub, ConnectionAddr)> {
        let nodes = self.all();
        let next = self.next.fetch_add(1, Ordering::Relaxed) % nodes.len();
        Ok((nodes[next].client()?.get_async_pubsub().await?, nodes[next].info.addr().clone()))
    }

    /// Whether the cluster has named this node last; it may not have named any yet.
    pub(super) fn has(&self, node: &ConnectionAddr) -> bool {
        let named = &self.known().named;
        named.is_empty() || named.iter().any(|other| other.info.addr() == node)
    }

    /// The question which nodes there are.
    pub(super) fn question() -> Cmd {
        redis::cmd("CLUSTER").arg("SLOTS").to_owned()
    }

    /// Whether it is time for the question. Only one caller is told so.
    pub(super) fn is_to_be_asked(&self) -> bool {
        let mut known = self.known();
        let is_due = known.asked.is_none_or(|asked| asked.elapsed() >= ASK_EVERY);
        if is_due {
            known.asked = Some(Instant::now());
        }
        is_due
    }

    /// Remembers the nodes in the answer.
    pub(super) fn are(&self, answer: Value) {
        let Some(like) = self.of_url.first() else { return };
        let named: Vec<_> = named_in(answer).into_iter().map(|(host, port)| like.at(host, port)).collect();
        if !named.is_empty() {
            self.known().named = named;
        }
    }

    /// The nodes that it named last, and then those of the URL.
    fn all(&self) -> Vec<ServerAddress> {
        let mut all = self.known().named.clone();
        for node in &self.of_url {
            if !all.iter().any(|other| other.info.addr() == node.info.addr()) {
                all.push(node.clone());
            }
        }
        all
    }

    fn client(&self) -> RedisResult<ClusterClient> {
        let mut builder = ClusterClient::builder(self.all().into_iter().map(|node| node.info))
            .retries(FOLLOWED)
            .min_retry_wait(FOLLOW_WAIT.0)
            .max_retry_wait(FOLLOW_WAIT.1)
            // Short, so that a node that hangs leaves time to find the others.
            .connection_timeout(self.patience / 3)
            .response_timeout(self.patience);
        if let Some(node) = self.of_url.first() {
            builder = builder.tcp_settings(node.info.tcp_settings().clone());
            if node.certificates.is_some() {
                builder = builder.tls(TlsMode::Secure).certs(self.certificates.to_redis());
            }
        }
        builder.build()
    }

    fn known(&self) -> MutexGuard<'_, KnownNodes> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The hosts and ports in an answer to `CLUSTER SLOTS`, which has of each range its bounds and then its nodes.
fn named_in(answer: Value) -> BTreeSet<(String, u16)> {
    let nodes = elements(answer).into_iter().flat_map(|range| elements(range).into_iter().skip(2));
    let address = |node| {
        let mut fields = elements(node).into_iter();
        let host = String::from_redis_value(fields.next()?).ok()?;
        let port = u16::from_redis_value(fields.next()?).ok()?;
        // So says one that does not know its own name.
        (!["", "?"].contains(&host.as_str())).then_some((host, port))
    };
    nodes.filter_map(address).collect()
}

fn elements(value: Value) -> Vec<Value> {
    if let Value::Array(elements) = value { elements } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::address::Address;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn range(nodes: &[(Value, i64)]) -> Value {
        let nodes = nodes.iter().map(|(host, port)| Value::Array(vec![host.clone(), Value::Int(*port), text("id")]));
        Value::Array([Value::Int(0), Value::Int(1)].into_iter().chain(nodes).collect())
    }

    fn addresses(nodes: &ClusterNodes) -> Vec<String> {
        nodes.all().iter().map(|node| node.info.addr().to_string()).collect()
    }

    #[test]
    fn the_nodes_that_a_cluster_names_go_before_those_of_its_url() {
        let Ok(Address::Cluster(of_url)) = Address::read("redis+cluster://one:1,two:2", &Certificates::default())
        else {
            panic!()
        };
        let nodes = ClusterNodes::open(of_url, &Certificates::default(), Duration::from_secs(1)).unwrap();
        assert!(nodes.is_to_be_asked() && !nodes.is_to_be_asked(), "once in a while");
        assert_eq!(addresses(&nodes), ["one:1", "two:2"]);
        assert!(nodes.has(&ConnectionAddr::Tcp("four".to_owned(), 4)), "it is not known yet what there is");
        let first = range(&[(text("two"), 2), (text("three"), 3)]);
        nodes.are(Value::Array(vec![first, range(&[(text("three"), 3), (Value::Nil, 4), (text("?"), 5)])]));
        assert_eq!(addresses(&nodes), ["three:3", "two:2", "one:1"]);
        nodes.are(Value::Nil);
        assert_eq!(addresses(&nodes), ["three:3", "two:2", "one:1"], "no answer is none");
        let has = |host: &str, port| nodes.has(&ConnectionAddr::Tcp(host.to_owned(), port));
        assert!(has("two", 2) && !has("one", 1), "what it names no more is not of it");
    }
}
