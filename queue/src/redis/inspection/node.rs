//! What one node reports about itself, and what of it will go wrong.

use chrono::{DateTime, Utc};
use redis::{FromRedisValue, Value};

use super::{
    ServerMode,
    finding::{Finding, OLDEST},
};

/// The share of its memory above which a Redis is nearly full.
const NEARLY_FULL: f64 = 0.8;

/// What one node reports about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// Its address in a cluster.
    pub address: Option<String>,
    /// `Redis` or `Valkey`, and the version.
    pub version: String,
    /// Its mode.
    pub mode: ServerMode,
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
    /// Its clock, if it tells.
    pub time: Option<DateTime<Utc>>,
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
            mode: ServerMode::of_info(info).unwrap_or_default(),
            is_primary: field("role") != Some("slave"),
            maxmemory_policy: field("maxmemory_policy").unwrap_or_default().to_owned(),
            maxmemory: number("maxmemory"),
            used_memory: number("used_memory"),
            is_persistent: field("aof_enabled") == Some("1") || snapshots || number("rdb_saves") > 0,
            time: field("server_time_usec").and_then(|time| DateTime::from_timestamp_micros(time.parse().ok()?)),
        }
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
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

/// Parses one text, or in a cluster one for each node.
pub(super) fn nodes(answer: Value) -> Result<Vec<Node>, redis::RedisError> {
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
        let in_cluster = valkey.replace("redis_mode:standalone", "server_mode:cluster");
        assert_eq!(Node::read(None, &in_cluster).mode, ServerMode::Cluster);
        assert_eq!(found(&KEPT.replace("role:master", "role:slave").replace("aof_enabled:1", "")), []);
    }
}
