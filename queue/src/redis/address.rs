//! Redis URLs: those of the `redis` crate, and two forms of our own for Sentinel and Cluster.

use std::{fmt, time::Duration};

use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisResult,
    TlsCertificates,
};
use url::Url;

use super::{QueueError, ServerMode};

/// A peer that acknowledges nothing for this long is considered gone, regardless of TCP's retransmissions.
const PEER_GONE_AFTER: Duration = Duration::from_secs(10);

/// TLS certificates in PEM. By default the system's roots are trusted and no client certificate is presented.
#[derive(Clone, Default)]
pub struct Certificates {
    /// The roots to trust instead of the system's.
    pub roots: Option<Vec<u8>>,
    /// Our certificate chain and its private key.
    pub own: Option<(Vec<u8>, Vec<u8>)>,
}

impl Certificates {
    pub(super) fn to_redis(&self) -> TlsCertificates {
        let own = self.own.clone();
        TlsCertificates {
            client_tls: own.map(|(client_cert, client_key)| ClientTlsConfig { client_cert, client_key }),
            root_cert: self.roots.clone(),
        }
    }
}

/// Written by hand to keep the private key out.
impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").field("roots", &self.roots.is_some()).field("own", &self.own.is_some()).finish()
    }
}

/// A parsed URL.
pub(super) enum Address {
    One(ServerAddress),
    Sentinel { sentinels: Vec<ServerAddress>, primary: ServerAddress, name: String },
    Cluster(Vec<ServerAddress>),
}

/// One server's address, user, password and database.
#[derive(Clone)]
pub(super) struct ServerAddress {
    pub(super) info: ConnectionInfo,
    /// The TLS certificates; `None` without TLS.
    pub(super) certificates: Option<TlsCertificates>,
}

impl ServerAddress {
    fn read(url: &str, certificates: &Certificates) -> Result<Self, QueueError> {
        let info = url.into_connection_info().map_err(QueueError::Url)?;
        let tcp = TcpSettings::default().set_nodelay(true);
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(PEER_GONE_AFTER);
        let certificates = url.starts_with("rediss://").then(|| certificates.to_redis());
        Ok(Self { info: info.set_tcp_settings(tcp), certificates })
    }

    pub(super) fn client(&self) -> RedisResult<Client> {
        match &self.certificates {
            None => Client::open(self.info.clone()),
            Some(certificates) => Client::build_with_tls(self.info.clone(), certificates.clone()),
        }
    }

    /// What it says of its mode. That is the same in all databases, of which only the first is in all modes.
    pub(super) async fn mode(&self, config: &AsyncConnectionConfig) -> RedisResult<Option<ServerMode>> {
        let settings = self.info.redis_settings().clone().set_db(0);
        let itself =
            Self { info: self.info.clone().set_redis_settings(settings), certificates: self.certificates.clone() };
        let mut connection = itself.client()?.get_multiplexed_async_connection_with_config(config).await?;
        let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
        Ok(ServerMode::of_info(&info))
    }

    /// Another server of the same kind.
    pub(super) fn at(&self, host: String, port: u16) -> Self {
        let address = match self.info.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
            }
            _ => ConnectionAddr::Tcp(host, port),
        };
        Self { info: self.info.clone().set_addr(address), certificates: self.certificates.clone() }
    }
}

impl Address {
    pub(super) fn read(url: &str, certificates: &Certificates) -> Result<Self, QueueError> {
        let Some((scheme, kind, rest)) = of_several(url) else {
            return ServerAddress::read(url, certificates).map(Self::One);
        };
        let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = before.split_once('/').unwrap_or((before, ""));
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (format!("{user}@"), hosts),
            None => (String::new(), authority),
        };
        let hosts = || hosts.split(',').map(str::trim);
        if hosts().any(str::is_empty) {
            return Err(QueueError::Address("each host must be named, separated by commas: host:port,host:port"));
        }
        if kind == SeveralServers::Cluster {
            if !path.is_empty() || !query.is_empty() {
                return Err(QueueError::Address("a cluster has one database, and nothing follows the hosts"));
            }
            let nodes = hosts().map(|host| ServerAddress::read(&format!("{scheme}://{user}{host}"), certificates));
            return nodes.collect::<Result<_, _>>().map(Self::Cluster);
        }
        let (name, database) = path.split_once('/').unwrap_or((path, ""));
        if name.is_empty() {
            return Err(QueueError::Address("the Sentinels' name of the primary is missing: …host:port/name"));
        }
        // The host is a placeholder for the primary that the Sentinels name.
        let primary = ServerAddress::read(&format!("{scheme}://{user}sentinel/{database}"), certificates)?;
        let user = sentinel_user(query)?;
        let default_port = |host: &str| if has_port(host) { host.to_owned() } else { format!("{host}:26379") };
        let sentinels =
            hosts().map(|host| ServerAddress::read(&format!("{scheme}://{user}{}", default_port(host)), certificates));
        Ok(Self::Sentinel { sentinels: sentinels.collect::<Result<_, _>>()?, primary, name: name.to_owned() })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SeveralServers {
    Sentinel,
    Cluster,
}

/// Splits a Sentinel or Cluster URL into the scheme for one server, the kind, and what follows `://`. Returns `None`
/// for a single server's URL.
fn of_several(url: &str) -> Option<(&str, SeveralServers, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (scheme, kind) = scheme.split_once('+')?;
    let kind = match kind {
        "sentinel" => SeveralServers::Sentinel,
        "cluster" => SeveralServers::Cluster,
        _ => return None,
    };
    ["redis", "rediss"].contains(&scheme).then_some((scheme, kind, rest))
}

/// Whether a host, possibly a bracketed IPv6 address, includes a port.
fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'))
}

/// The Sentinels' own user and password, as the start of a URL.
fn sentinel_user(query: &str) -> Result<String, QueueError> {
    let mut url = Url::parse("redis://sentinel").map_err(|_| QueueError::Address("it is no URL"))?;
    let asked = Url::parse(&format!("redis://sentinel/?{query}")).map_err(|_| QueueError::Address("it is no URL"))?;
    for (name, value) in asked.query_pairs() {
        match name.as_ref() {
            "sentinel_username" => url.set_username(&value),
            "sentinel_password" => url.set_password(Some(&value)),
            _ => return Err(QueueError::Address("only sentinel_username and sentinel_password may follow the ?")),
        }
        .map_err(|()| QueueError::Address("it is no URL"))?;
    }
    let user = url.as_str().trim_start_matches("redis://");
    Ok(user.rsplit_once('@').map_or_else(String::new, |(user, _)| format!("{user}@")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Address, QueueError> {
        Address::read(url, &Certificates::default())
    }

    fn of(server: &ServerAddress) -> (String, Option<&str>, Option<&str>, i64) {
        let settings = server.info.redis_settings();
        (server.info.addr().to_string(), settings.username(), settings.password(), settings.db())
    }

    #[test]
    fn sentinels_have_a_primary_a_database_and_users_of_their_own() {
        let url = "redis+sentinel://app:p%40ss@one:1,[::1]:2,three/main/4?sentinel_password=o%2Fther";
        let Ok(Address::Sentinel { sentinels, primary, name }) = read(url) else { panic!("{url}") };
        assert_eq!(name, "main");
        assert_eq!(of(&primary).1, Some("app"));
        assert_eq!((of(&primary).2, of(&primary).3), (Some("p@ss"), 4));
        let addresses: Vec<String> = sentinels.iter().map(|sentinel| of(sentinel).0).collect();
        assert_eq!(addresses, ["one:1", "::1:2", "three:26379"]);
        assert!(sentinels.iter().all(|sentinel| of(sentinel).2 == Some("o/ther") && of(sentinel).1.is_none()));
        assert!(sentinels.iter().all(|sentinel| sentinel.certificates.is_none()));
    }

    #[test]
    fn a_cluster_is_each_of_its_nodes() {
        let Ok(Address::Cluster(nodes)) = read("rediss+cluster://app:secret@one:1,two:2") else { panic!() };
        let nodes: Vec<_> = nodes.iter().map(|node| (of(node), node.certificates.is_some())).collect();
        let expected = |host: &str| ((host.to_owned(), Some("app"), Some("secret"), 0), true);
        assert_eq!(nodes, [expected("one:1"), expected("two:2")]);
    }

    #[test]
    fn what_means_nothing_is_refused_in_words() {
        for url in [
            "redis+sentinel://one:1,two:2",
            "redis+sentinel://one:1,,two:2/main",
            "redis+sentinel://one:1/main?password=x",
            "redis+sentinel://one:1/main/x",
            "redis+cluster://one:1/3",
            "redis+cluster://",
            "redis+magic://one:1",
            "http://one:1",
        ] {
            assert!(read(url).is_err(), "{url}");
        }
    }
}
