//! Servers that ask who calls: certificates on both sides, and users.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{
    super::{certificates::make_certificates, installation::free_port},
    CountKeys, RedisServer, keeps, place,
};

/// The user's name and password.
const USER: &str = "paylink:p%40ss";
/// The rights it needs.
pub(crate) const RIGHTS: &str = "~paylink:* &paylink:* +@all -@admin -@dangerous +info +role";
/// The password of Sentinels.
pub(super) const SENTINELS_PASSWORD: &str = "s3ntinels";

/// Who may call a server.
#[derive(Debug)]
pub(super) enum Access {
    /// Everybody.
    Open,
    /// Whoever has one of the certificates in this folder. There is a user of few rights.
    Guarded(PathBuf),
}

impl Access {
    /// Makes certificates and users in this folder.
    pub(super) fn guarded(folder: &Path, rights: &str) -> Self {
        make_certificates(folder);
        let users = format!("user default on nopass ~* &* +@all\nuser paylink on >p@ss {rights}\n");
        fs::write(folder.join("users.acl"), users).unwrap();
        Self::Guarded(folder.to_owned())
    }

    /// The arguments of a server or a Sentinel that listens on this port.
    pub(super) fn arguments(&self, port: u16) -> Vec<String> {
        let port = port.to_string();
        let Self::Guarded(folder) = self else { return vec!["--port".to_owned(), port] };
        let at = |name: &str| folder.join(name).display().to_string();
        let arguments = [
            ("--port", "0".to_owned()),
            ("--tls-port", port),
            ("--tls-ca-cert-file", at("ca.pem")),
            ("--tls-cert-file", at("server.pem")),
            ("--tls-key-file", at("server.key")),
            ("--tls-auth-clients", "yes".to_owned()),
            ("--tls-replication", "yes".to_owned()),
            ("--tls-cluster", "yes".to_owned()),
        ];
        arguments.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }

    /// The arguments that name the users.
    pub(super) fn users(&self) -> Vec<String> {
        let Self::Guarded(folder) = self else { return Vec::new() };
        vec!["--aclfile".to_owned(), folder.join("users.acl").display().to_string()]
    }

    /// The further arguments of `redis-cli`.
    pub(super) fn reach(&self) -> Vec<String> {
        let Self::Guarded(folder) = self else { return Vec::new() };
        let at = |name: &str| folder.join(name).display().to_string();
        let named = [("--cacert", at("ca.pem")), ("--cert", at("server.pem")), ("--key", at("server.key"))];
        let named = named.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
        ["--tls".to_owned()].into_iter().chain(named).collect()
    }

    /// The scheme of a URL, which this follows: `+sentinel` or such.
    pub(super) fn url(&self, kind: &str, rest: &str) -> String {
        match self {
            Self::Open => format!("redis{kind}://{rest}"),
            Self::Guarded(_) => format!("rediss{kind}://{USER}@{rest}"),
        }
    }

    /// A process's settings to use it by this URL.
    pub(super) fn environment(&self, url: String) -> Vec<(&'static str, String)> {
        let mut environment = vec![("PAYLINK_REDIS_URL", url)];
        if let Self::Guarded(folder) = self {
            let at = |name: &str| folder.join(name).display().to_string();
            environment.extend([
                ("PAYLINK_REDIS_CA_FILE", at("ca.pem")),
                ("PAYLINK_REDIS_CERT_FILE", at("client.pem")),
                ("PAYLINK_REDIS_KEY_FILE", at("client.key")),
            ]);
        }
        environment
    }
}

/// A server with TLS, which requires client certificates and has a user with these rights.
#[derive(Debug)]
pub(crate) struct TlsRedis {
    _folder: TempDir,
    access: Access,
    pub(crate) server: RedisServer,
}

impl TlsRedis {
    /// Starts it with newly created certificates.
    pub(crate) async fn start(rights: &str) -> Self {
        let (folder, port) = (place(), free_port());
        let access = Access::guarded(folder.path(), rights);
        let server = RedisServer::start(folder.path(), port, keeps(&access, port, &[]), access.reach()).await;
        Self { _folder: folder, access, server }
    }

    /// A process's settings to use it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        self.access.environment(self.access.url("", &format!("localhost:{}", self.server.port)))
    }
}

impl CountKeys for TlsRedis {
    fn keys(&self) -> usize {
        self.server.keys_of_database(0)
    }
}
