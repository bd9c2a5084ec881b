//! `HAProxy` in front of two fronts, with the settings that operators are given.

use std::{
    fs,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use super::{installation::free_port, wait::eventually};

/// The settings for operators, with other addresses.
const SETTINGS: &str = include_str!("../../../packaging/haproxy/haproxy.cfg");

/// A running `HAProxy`. It ends with the test.
#[derive(Debug)]
pub(crate) struct HaProxy {
    folder: TempDir,
    pub(crate) port: u16,
    process: Child,
}

impl HaProxy {
    /// Starts one in front of these two ports.
    pub(crate) async fn start([first, second]: [u16; 2]) -> Self {
        let folder = tempfile::Builder::new().prefix("paylink-haproxy-").tempdir().unwrap();
        let port = free_port();
        let socket = folder.path().join("admin.sock").display().to_string();
        let mut settings = SETTINGS.to_owned();
        for (theirs, ours) in [
            ("bind :443 ssl crt /etc/haproxy/paylink.pem alpn h2,http/1.1", format!("bind 127.0.0.1:{port}")),
            ("/run/haproxy/admin.sock", socket),
            ("10.0.0.11:8080", format!("127.0.0.1:{first}")),
            ("10.0.0.12:8080", format!("127.0.0.1:{second}")),
        ] {
            assert!(settings.contains(theirs), "the settings say nothing of {theirs}");
            settings = settings.replace(theirs, &ours);
        }
        let file = folder.path().join("haproxy.cfg");
        fs::write(&file, settings).unwrap();
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("HAProxy is needed for this test: scripts/setup.sh test");
        let balancer = Self { folder, port, process };
        balancer.sends_to("api1").await;
        balancer
    }

    /// Waits until it sends requests to this one of its servers.
    pub(crate) async fn sends_to(&self, server: &str) {
        self.says(server, "UP").await;
    }

    /// Waits until it sends no more requests there.
    pub(crate) async fn sends_nobody_to(&self, server: &str) {
        self.says(server, "DOWN").await;
    }

    async fn says(&self, server: &str, status: &str) {
        eventually(&format!("{server} is {status}"), async || {
            let table = self.table().await?;
            // The proxy's name, the server's, and as the 18th field its status.
            let line = table.lines().find(|line| line.starts_with(&format!("api,{server},")))?;
            (line.split(',').nth(17)? == status).then_some(())
        })
        .await;
    }

    async fn table(&self) -> Option<String> {
        let mut socket = UnixStream::connect(self.folder.path().join("admin.sock")).await.ok()?;
        socket.write_all(b"show stat\n").await.ok()?;
        let mut table = String::new();
        socket.read_to_string(&mut table).await.ok()?;
        Some(table)
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
