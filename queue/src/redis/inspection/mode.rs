//! The modes of a Redis server.

use std::fmt;

/// How a server works: alone, for others, or as a part of a cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ServerMode {
    /// A server that has all keys.
    #[default]
    Standalone,
    /// A Sentinel, which has no keys and names the primary.
    Sentinel,
    /// A node that has some of the keys and refuses the others.
    Cluster,
}

impl ServerMode {
    /// Reads it from an answer to `INFO`, where Redis and Valkey name it differently. What stands before a server may
    /// leave it out.
    pub(crate) fn of_info(info: &str) -> Option<Self> {
        let mut lines = info.lines().map(str::trim);
        let named =
            lines.find_map(|line| line.strip_prefix("redis_mode:").or_else(|| line.strip_prefix("server_mode:")))?;
        match named {
            "standalone" => Some(Self::Standalone),
            "sentinel" => Some(Self::Sentinel),
            "cluster" => Some(Self::Cluster),
            _ => None,
        }
    }

    /// The form of its URL.
    pub(super) const fn url(self) -> &'static str {
        match self {
            Self::Standalone => "redis://host:port",
            Self::Sentinel => "redis+sentinel://host:port,host:port/name",
            Self::Cluster => "redis+cluster://host:port,host:port",
        }
    }
}

impl fmt::Display for ServerMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standalone => "standalone",
            Self::Sentinel => "sentinel",
            Self::Cluster => "cluster",
        })
    }
}
