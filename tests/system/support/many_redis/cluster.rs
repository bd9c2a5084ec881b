//! Redis as a cluster.

use std::process::Command;

use tempfile::TempDir;

use super::{
    super::{installation::free_port, wait::eventually},
    CountKeys, RedisServer,
    guard::{Access, RIGHTS},
    keeps, place,
};

/// Three primaries, each with a replica.
#[derive(Debug)]
pub(crate) struct RedisCluster {
    _folder: TempDir,
    access: Access,
    pub(crate) nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts it; a primary that is away for a second is replaced by its replica.
    pub(crate) async fn start() -> Self {
        Self::start_with(place(), Access::Open).await
    }

    /// The same with TLS and a user of few rights.
    pub(crate) async fn start_guarded() -> Self {
        let folder = place();
        let access = Access::guarded(folder.path(), RIGHTS);
        Self::start_with(folder, access).await
    }

    async fn start_with(folder: TempDir, access: Access) -> Self {
        let mut nodes = Vec::new();
        for _ in 0..6 {
            let (port, bus) = (free_port(), free_port().to_string());
            let mut further = vec!["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"];
            further.extend(["--cluster-port", &bus, "--repl-diskless-sync-delay", "0"]);
            let (home, arguments) = (folder.path().join(port.to_string()), keeps(&access, port, &further));
            nodes.push(RedisServer::start(&home, port, arguments, access.reach()).await);
        }
        let made = Command::new("redis-cli")
            .args(access.reach())
            .args(["--cluster", "create"])
            .args(nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)))
            .args(["--cluster-replicas", "1", "--cluster-yes"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let all = Self { _folder: folder, access, nodes };
        eventually("the cluster is whole", async || {
            let whole = |node: &RedisServer| {
                node.says("CLUSTER INFO").contains("cluster_state:ok")
                    && node.says("CLUSTER NODES").matches("slave").count() == 3
            };
            all.nodes.iter().all(whole).then_some(())
        })
        .await;
        eventually("the replicas are up to date", async || {
            let links = all.nodes.iter().filter(|node| node.says("INFO replication").contains("master_link_status:up"));
            (links.count() == 3).then_some(())
        })
        .await;
        all
    }

    /// The URL.
    pub(crate) fn url(&self) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        self.access.url("+cluster", &hosts.join(","))
    }

    /// A process's settings to use it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        self.access.environment(self.url())
    }

    /// A process's settings to use it by those nodes only that are primaries at first.
    pub(crate) fn environment_by_primaries(&self) -> Vec<(&'static str, String)> {
        let primaries = self.nodes.iter().filter(|node| node.is_primary());
        let hosts: Vec<String> = primaries.map(|node| format!("127.0.0.1:{}", node.port)).collect();
        self.access.environment(self.access.url("+cluster", &hosts.join(",")))
    }

    /// All that are primaries die for good, one after the other, each when there is another in the place of the one
    /// before.
    pub(crate) async fn loses_its_primaries(&mut self) {
        let (primaries, rest): (Vec<_>, Vec<_>) = self.nodes.drain(..).partition(RedisServer::is_primary);
        self.nodes = rest;
        let mut left = primaries.len();
        for mut primary in primaries {
            primary.is_killed();
            left -= 1;
            eventually("the cluster is whole without it", async || {
                let are = self.nodes.iter().filter(|node| node.is_primary()).count();
                let is_whole = |node: &RedisServer| node.says("CLUSTER INFO").contains("cluster_state:ok");
                (are + left == 3 && self.nodes.iter().all(is_whole)).then_some(())
            })
            .await;
        }
    }

    /// How many subscribe to a channel at the nodes that are left.
    pub(crate) fn subscribers_of(&self, channel: &str) -> usize {
        self.nodes.iter().map(|node| node.subscribers_of(channel)).sum()
    }

    /// The node at which a channel is subscribed to is taken out, without its slots if it has any. It lives on, alone.
    pub(crate) async fn forgets_the_node_of(&mut self, channel: &str) -> RedisServer {
        let at = self.nodes.iter().position(|node| node.subscribers_of(channel) > 0).unwrap();
        let forgotten = self.nodes.remove(at);
        let id = forgotten.says("CLUSTER MYID");
        if forgotten.is_primary() {
            let is_its = |node: &&RedisServer| {
                let nodes = node.says("CLUSTER NODES");
                nodes.lines().any(|line| line.contains("myself,slave") && line.contains(&id))
            };
            assert_eq!(self.nodes.iter().find(is_its).unwrap().says("CLUSTER FAILOVER"), "OK");
            eventually("its replica takes its place", async || (!forgotten.is_primary()).then_some(())).await;
        }
        let any = format!("127.0.0.1:{}", self.nodes[0].port);
        let mut taken_out = Command::new("redis-cli");
        taken_out.args(self.access.reach()).args(["--cluster", "del-node", &any, &id]);
        eventually("it is taken out", async || taken_out.output().unwrap().status.success().then_some(())).await;
        forgotten
    }

    /// The node with the keys of a queue dies; its replica takes its place, and it comes back as the replica of that.
    pub(crate) async fn loses_the_primary_of(&mut self, queue: &str) {
        let port = self.node_of(queue).port;
        let lost = self.nodes.iter().position(|node| node.port == port).unwrap();
        let slot = self.slot_of(queue);
        self.nodes[lost].is_killed();
        eventually("its replica takes its place", async || {
            let mut others = self.nodes.iter().filter(|node| node.port != port);
            others.any(|node| node.has_slot(slot)).then_some(())
        })
        .await;
        self.nodes[lost].comes_up().await;
        self.nodes[lost].follows().await;
    }

    fn slot_of(&self, queue: &str) -> u32 {
        let node = self.nodes.iter().find(|node| node.process.is_some()).unwrap();
        node.says(&format!("CLUSTER KEYSLOT {{{queue}}}")).parse().unwrap()
    }

    /// The node with the keys of a queue.
    pub(crate) fn node_of(&mut self, queue: &str) -> &mut RedisServer {
        let slot = self.slot_of(queue);
        let mut nodes = self.nodes.iter_mut().filter(|node| node.process.is_some());
        nodes.find(|node| node.has_slot(slot)).unwrap()
    }

    /// Moves the keys of a queue to another node while they are in use, like a slow reshard.
    pub(crate) async fn moves_queue(&self, queue: &str) {
        let slot = self.slot_of(queue);
        let from = self.nodes.iter().find(|node| node.is_primary() && node.has_slot(slot)).unwrap();
        let to = self.nodes.iter().find(|node| node.is_primary() && !node.has_slot(slot)).unwrap();
        let (from_id, to_id) = (from.says("CLUSTER MYID"), to.says("CLUSTER MYID"));
        assert_eq!(to.says(&format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}")), "OK");
        assert_eq!(from.says(&format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}")), "OK");
        eventually("all its keys are moved", async || {
            let keys = from.says(&format!("CLUSTER GETKEYSINSLOT {slot} 100"));
            for key in keys.lines() {
                from.says(&format!("MIGRATE 127.0.0.1 {} {key} 0 1000", to.port));
            }
            keys.is_empty().then_some(())
        })
        .await;
        for node in [to, from] {
            assert_eq!(node.says(&format!("CLUSTER SETSLOT {slot} NODE {to_id}")), "OK");
        }
    }
}

impl CountKeys for RedisCluster {
    fn keys(&self) -> usize {
        let primaries: Vec<&RedisServer> = self.nodes.iter().filter(|node| node.is_primary()).collect();
        assert_eq!(primaries.len(), 3, "all slots have a primary");
        primaries.iter().map(|node| node.keys_of_database(0)).sum()
    }
}

impl RedisServer {
    fn subscribers_of(&self, channel: &str) -> usize {
        let says = self.says(&format!("PUBSUB NUMSUB {channel}"));
        says.lines().last().and_then(|count| count.trim().parse().ok()).unwrap_or_default()
    }

    fn has_slot(&self, slot: u32) -> bool {
        let nodes = self.says("CLUSTER NODES");
        let Some(own) = nodes.lines().find(|line| line.contains("myself,master")) else { return false };
        own.split(' ').skip(8).any(|range| {
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            let read = |text: &str| text.parse::<u32>().ok();
            read(from).zip(read(to)).is_some_and(|(from, to)| (from..=to).contains(&slot))
        })
    }
}
