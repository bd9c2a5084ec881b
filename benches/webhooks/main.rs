//! Throughput of incoming webhooks and of applying them, and the cost of commands and lists: `cargo bench --bench
//! webhooks`, or a part of it by name (`-- commands`). `-- hour 60` runs an hour of steady load instead (see [`hour`]).
//!
//! Each figure is compared with others from the same run: a bare handler that verifies the same signature, the same
//! with parsing and one push to Redis, and the database alone given the same rows. The servers are processes of their
//! own, so that their CPU time is separate from the load's; PostgreSQL runs with its defaults, durable.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

mod bare;
mod commands;
mod cpu;
mod database;
mod disk;
mod events;
mod hour;
mod load;
mod paylink;
mod results;
mod story;
#[expect(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "made for the system tests; this uses what starts databases, Redis and the product"
)]
#[path = "../../tests/system/support/mod.rs"]
mod support;

use std::time::Duration;

use load::Report;
use results::Results;
use support::{Database, OwnPostgres, OwnRedis};

/// The duration of each closed loop.
const CLOSED: Duration = Duration::from_secs(6);
/// The open loop: requests per second, and the duration.
const OPEN: (u32, Duration) = (500, Duration::from_secs(10));
/// The numbers of connections of the closed loops.
const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// How many links are paid from end to end.
const LINKS: usize = 20_000;

fn main() {
    // `cargo bench` adds `--bench` to the arguments.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match arguments.first().map(String::as_str) {
        // This program again, as one of the servers for comparison.
        Some("serve-orders") => runtime.block_on(commands::serve()),
        Some("serve-bare") => runtime.block_on(bare::serve(arguments.get(1).cloned())),
        // Only on request, since it takes as long as it is told to.
        Some("hour") => runtime.block_on(hour::run(arguments.get(1).map_or(60, |minutes| minutes.parse().unwrap()))),
        _ => runtime.block_on(run(&arguments)),
    }
}

/// Measures the parts whose names contain an argument, or all.
async fn run(parts: &[String]) {
    let wanted = |name: &str| parts.is_empty() || parts.iter().any(|part| name.contains(part.as_str()));
    println!("{}", Report::head());
    let mut results = Results::default();
    let redis = OwnRedis::start().await;
    if wanted("bare") {
        bare(&redis, &mut results).await;
    }
    if wanted("disk") {
        let report = tokio::task::block_in_place(|| disk::alone(OPEN));
        println!("{}", report.line("the disk alone: write and sync 8 KiB", &format!("{}/s", OPEN.0)));
    }
    if wanted("commands bare") {
        commands::bare(&redis, &mut results).await;
    }
    let postgresql = OwnPostgres::of_its_own();
    for name in ["postgresql", "sqlite"] {
        let fresh = async || match name {
            "postgresql" => Database::Postgresql { url: postgresql.fresh_database().await },
            _ => Database::sqlite(),
        };
        if wanted(&format!("database {name}")) {
            database::alone(&fresh().await, name).await;
        }
        if wanted(&format!("ingest {name}")) {
            ingest(&fresh().await, name, (&postgresql, &redis), &mut results).await;
        }
        if wanted(&format!("paid {name}")) {
            story::from_webhook_to_paid(&fresh().await, name, (&postgresql, &redis), &mut results).await;
        }
        if wanted(&format!("commands {name}")) {
            commands::alone(&fresh().await, name).await;
            commands::of_paylink(&fresh().await, name, (&postgresql, &redis), &mut results).await;
        }
    }
    results.end();
}

async fn bare(redis: &OwnRedis, results: &mut Results) {
    for push in [false, true] {
        let url = format!("redis://127.0.0.1:{}", redis.port);
        let server = bare::Bare::start(push.then_some(url.as_str()));
        let name = if push { results::CEILING } else { "bare poem: verify" };
        for connections in CONNECTIONS {
            let load = load::closed(server.address, connections, CLOSED, events::nobodys_events);
            results.tell(cpu::of(&server.parts(redis), load).await, name, &connections.to_string());
        }
    }
}

async fn ingest(
    database: &Database,
    name: &str,
    (postgresql, redis): (&OwnPostgres, &OwnRedis),
    results: &mut Results,
) {
    let paylink = paylink::Paylink::start(database, redis, false).await;
    let parts = paylink.parts(postgresql, redis);
    let name = format!("paylink api on {name}");
    let source = paylink.events();
    for connections in CONNECTIONS {
        let load = load::closed(paylink.address, connections, CLOSED, source.clone());
        results.tell(cpu::of(&parts, load).await, &name, &connections.to_string());
    }
    let load = load::open(paylink.address, OPEN, source);
    println!("{}", cpu::of(&parts, load).await.line(&name, &format!("{}/s", OPEN.0)));
}
