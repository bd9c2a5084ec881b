//! An S3-compatible store: moto's server, which `scripts/setup.sh test` installs.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use super::wait::eventually;

const BUCKET: &str = "paylink-invoices";

/// The running store, with one bucket.
#[derive(Debug)]
pub(crate) struct S3 {
    server: Child,
    pub(crate) port: u16,
    endpoint: String,
    http: reqwest::Client,
}

impl S3 {
    /// Starts it and makes the bucket.
    pub(crate) async fn start() -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/moto/bin/moto_server");
        assert!(program.exists(), "moto's server is needed for this test: scripts/setup.sh test");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let s3 = Self {
            server: command.spawn().unwrap(),
            port,
            endpoint: format!("http://127.0.0.1:{port}"),
            http: reqwest::Client::new(),
        };
        let bucket = format!("{}/{BUCKET}", s3.endpoint);
        eventually("the bucket is made", async || {
            let made = s3.http.put(&bucket).send().await.ok()?;
            made.status().is_success().then_some(())
        })
        .await;
        s3
    }

    /// An app's settings to store its invoices there, below a prefix.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PAYLINK_STORE_URL", format!("s3://{BUCKET}/prod")),
            ("AWS_ENDPOINT", self.endpoint.clone()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ]
    }

    /// The names of all its objects, as S3 lists them.
    pub(crate) async fn listing(&self) -> String {
        let url = format!("{}/{BUCKET}?list-type=2", self.endpoint);
        self.http.get(url).send().await.unwrap().text().await.unwrap()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}
