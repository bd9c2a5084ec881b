//! The parts of the tests: the running product, the people around it, and the world outside.

mod app;
mod browser;
mod buyer;
mod certificates;
mod collector;
mod database;
mod described;
mod figures;
mod gateway;
mod haproxy;
mod http;
mod hush;
mod installation;
mod lying_store;
mod many_redis;
mod merchant;
mod mirror;
mod operator;
mod own_redis;
mod pgbouncer;
mod place;
mod postgres;
mod postgres_pair;
mod postgres_programs;
mod private_redis;
mod process;
mod proxy;
mod reads;
mod receiver;
mod running;
mod s3;
mod sandbox;
mod shared_redis;
mod signature;
mod small_disk;
mod stripe_events;
mod template;
mod twilio;
mod wait;
mod webhook_copy;
mod wrong_clock;

pub(crate) use app::App;
pub(crate) use browser::{Browser, asks_to_sign_in, marked};
pub(crate) use buyer::Buyer;
pub(crate) use collector::{Collector, attribute, hex};
pub(crate) use database::Database;
pub(crate) use figures::Figures;
pub(crate) use gateway::{Gateway, Manner};
pub(crate) use haproxy::HaProxy;
pub(crate) use http::{Answer, Http};
pub(crate) use hush::{Hush, SMS_TOKEN, STRIPE_KEY};
pub(crate) use installation::{PROGRAM, command, command_of, free_port};
pub(crate) use lying_store::{Lie, LyingStore};
pub(crate) use many_redis::{CountKeys, RIGHTS, RedisCluster, RedisServer, Sentinels, TlsRedis};
pub(crate) use merchant::{Invoice, Link, Merchant, Order, large_order_body, new_merchant, order_body, with_key};
pub(crate) use mirror::Mirror;
pub(crate) use own_redis::OwnRedis;
pub(crate) use pgbouncer::{PgBouncer, Pools};
pub(crate) use place::folder;
pub(crate) use postgres::{PostgresServer as OwnPostgres, fresh_database as fresh_postgresql};
pub(crate) use postgres_pair::PostgresPair;
pub(crate) use postgres_programs::postgres_program;
pub(crate) use process::Process;
pub(crate) use proxy::{Line, Proxy};
pub(crate) use reads::CountingPostgres;
pub(crate) use receiver::{Receiver, Taking, Webhook};
pub(crate) use s3::S3;
pub(crate) use sandbox::{AtStripe, Sandbox};
pub(crate) use signature::sign;
pub(crate) use small_disk::SmallDisk;
pub(crate) use stripe_events::StripeEvent;
pub(crate) use template::{postgresql as migrated_postgresql, sqlite as migrated_sqlite};
pub(crate) use wait::{comes_true, eventually};
pub(crate) use webhook_copy::WebhookCopy;
pub(crate) use wrong_clock::WrongClock;

/// What a test needs is missing: that is said, and is a failure where everything has to be there (`PAYLINK_TEST_STRICT`).
pub(crate) fn not_tested(why: &str) {
    assert!(std::env::var_os("PAYLINK_TEST_STRICT").is_none(), "NOT TESTED: {why}");
    eprintln!("NOT TESTED: {why}");
}

/// A PDF of three pages, made with a real tool.
pub(crate) const INVOICE: &[u8] = include_bytes!("../../fixtures/invoice-3-pages.pdf");

/// Runs a test twice: on SQLite and on PostgreSQL, with a fresh database and a data directory of its own. Everything
/// runs in the process of the tests; a test that damages a process, or Redis, or needs its metrics for itself, is
/// declared `apart: …`, with the binary as its users start it. One that kills the process is declared `killed: …`, and
/// waits less long than users do until the jobs of a dead worker are released.
macro_rules! on_both_databases {
    ($($story:ident),+ $(,)?) => { $(
        mod $story {
            use crate::support::{App, Database};

            #[tokio::test]
            async fn on_sqlite() {
                super::$story(&mut App::start(Database::sqlite()).await).await;
            }

            #[tokio::test]
            async fn on_postgresql() {
                super::$story(&mut App::start(Database::postgresql().await).await).await;
            }
        }
    )+ };
    (apart: $($story:ident),+ $(,)?) => { on_both_databases!(apart_with []: $($story),+); };
    (killed: $($story:ident),+ $(,)?) => {
        on_both_databases!(apart_with [("PAYLINK_LEASE_SECONDS", "4".to_owned())]: $($story),+);
    };
    (apart_with $environment:tt: $($story:ident),+) => { $(
        mod $story {
            use crate::support::{App, Database};

            #[tokio::test]
            async fn on_sqlite() {
                super::$story(&mut App::start_apart_with(Database::sqlite(), &$environment).await).await;
            }

            #[tokio::test]
            async fn on_postgresql() {
                let database = Database::empty_postgresql().await;
                super::$story(&mut App::start_apart_with(database, &$environment).await).await;
            }
        }
    )+ };
}
pub(crate) use on_both_databases;
