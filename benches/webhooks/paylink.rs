//! The product as in production: each role a process, with a merchant whose Stripe account is connected.

use std::{
    fs::{self, File},
    net::SocketAddr,
    process::{Child, Stdio},
};

use entity::Db;
use serde_json::json;
use tempfile::TempDir;

use super::{
    cpu::Part,
    database,
    events::{self, SECRET},
    load::Source,
    support::{Database, Http, Hush, OwnPostgres, OwnRedis, STRIPE_KEY, command, eventually, free_port},
};

/// The secret key of the bench.
pub(crate) const SECRET_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// A running `paylink api` and, optionally, a `paylink worker` for Stripe's events.
pub(crate) struct Paylink {
    api: Child,
    worker: Option<Child>,
    pub(crate) address: SocketAddr,
    pub(crate) merchant: String,
    /// An API key of the merchant.
    pub(crate) key: String,
    /// Its database, for inspection.
    pub(crate) db: Db,
    database: Database,
    place: TempDir,
}

impl Paylink {
    /// Starts on an empty database, with a prefix of its own in a shared `redis`.
    pub(crate) async fn start(database: &Database, redis: &OwnRedis, works: bool) -> Self {
        let place = tempfile::Builder::new().prefix("paylink-bench-").tempdir().unwrap();
        redis.loses_everything();
        let sqlite = match database {
            Database::Sqlite => {
                format!("PAYLINK_DATABASE_URL=sqlite://{}/paylink.db?mode=rwc\n", place.path().display())
            }
            Database::Postgresql { .. } => String::new(),
        };
        let settings = format!(
            "PAYLINK_REDIS_URL=redis://127.0.0.1:{}\nPAYLINK_SECRET_KEY={SECRET_KEY}\n\
             PAYLINK_REQUESTS_PER_SECOND=0\nPAYLINK_PUBLIC_URL=http://127.0.0.1\nPAYLINK_STORE_URL=file://{}/store\n{sqlite}",
            redis.port,
            place.path().display(),
        );
        fs::write(place.path().join("environment"), settings).unwrap();
        let port = free_port();
        let prints = |arguments: &[&str]| {
            let output = command(database, place.path(), port).args(arguments).output().unwrap();
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let runs = |arguments: &[&str]| {
            let log = File::create(place.path().join(arguments[0])).unwrap();
            command(database, place.path(), port).args(arguments).stdout(Stdio::null()).stderr(log).spawn().unwrap()
        };
        prints(&["migrate"]);
        let merchant = prints(&["merchant", "create", "Example Merchant"]);
        let key = prints(&["merchant", "key", &merchant]);
        let db = open(database, &place).await;
        database::has_a_yesterday(&db, merchant.parse().unwrap()).await;
        let api = runs(&["api"]);
        let worker = works.then(|| runs(&["worker", "--queues", "process_stripe_event"]));
        let http = Http::new(&format!("http://127.0.0.1:{port}"), &Hush::new()).with_key(&key);
        let ready = async || http.try_ask(http.request(reqwest::Method::GET, "/readyz")).await;
        eventually("the API is ready", async || ready().await.is_ok_and(|answer| answer.status == 200).then_some(()))
            .await;
        let stripe = json!({"secret_key": STRIPE_KEY, "webhook_secret": SECRET});
        http.put("/v1/stripe-integration", &stripe).await.with_status(202);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Self { api, worker, address, merchant, key, db, database: database.clone(), place }
    }

    /// Its API, with the merchant's key.
    pub(crate) fn http(&self) -> Http {
        Http::new(&format!("http://{}", self.address), &Hush::new()).with_key(&self.key)
    }

    /// Its processes.
    pub(crate) fn parts(&self, postgresql: &OwnPostgres, redis: &OwnRedis) -> Vec<Part> {
        let mut parts = vec![Part::new("api", &self.api), Part { name: "redis", process: redis.id() }];
        parts.extend(self.worker.as_ref().map(|worker| Part::new("worker", worker)));
        match self.database {
            Database::Postgresql { .. } => {
                parts.push(Part { name: "postgresql", process: postgresql.process().unwrap() });
            }
            Database::Sqlite => {}
        }
        parts
    }

    /// Events of its merchant.
    pub(crate) fn events(&self) -> impl Source + use<> {
        let merchant = self.merchant.clone();
        move |seed| events::events_of(&merchant, seed)
    }
}

async fn open(database: &Database, place: &TempDir) -> Db {
    let url = match database {
        Database::Postgresql { url } => url.clone(),
        Database::Sqlite => format!("sqlite://{}", place.path().join("paylink.db").display()),
    };
    Db::open(&url, 2).await.unwrap()
}

impl Drop for Paylink {
    fn drop(&mut self) {
        for process in self.worker.iter_mut().chain([&mut self.api]) {
            process.kill().unwrap();
            process.wait().unwrap();
        }
        if std::thread::panicking() {
            for role in ["api", "worker"] {
                let log = fs::read_to_string(self.place.path().join(role)).unwrap_or_default();
                eprintln!("--- what {role} logged\n{log}---");
            }
        }
    }
}
