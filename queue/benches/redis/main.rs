//! What a queue in Redis costs: `cargo bench --workspace --bench redis` starts a Redis of its own, measures, and prints
//! each figure beside what the same Redis does with bare lists, as other work on the machine slows both.
//!
//! Redis's own CPU time for an operation hardly depends on what else the machine does. An argument measures only the
//! parts whose names have it in them: `cargo bench --workspace --bench redis -- drain`.

mod drain;
mod enqueue;
mod latency;
mod server;
mod worker;

use std::path::Path;
use std::time::Duration;

use uuid::Uuid;

use crate::server::{Failure, Server};
use crate::worker::Worker;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("job-bench-{}", Uuid::now_v7()));
    std::fs::create_dir(&folder)?;
    // `cargo bench` adds `--bench` to what it was given.
    let parts: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let measured = compare(&folder, &parts).await;
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn compare(folder: &Path, parts: &[String]) -> Result<(), Failure> {
    let wanted = |name: &str| parts.is_empty() || parts.iter().any(|part| name.contains(part.as_str()));
    let server = Server::start(folder).await?;
    server::head();
    if wanted("enqueue") {
        enqueue::enqueue(&server).await?;
    }
    if wanted("latency") {
        latency::latency(&server).await?;
    }
    if wanted("drain") {
        drain::drain(&server).await?;
    }
    if wanted("backlog") {
        drain::backlog(&server).await?;
    }
    if wanted("idle") {
        idle(&server).await?;
    }
    Ok(())
}

/// What a worker costs that has nothing to do.
async fn idle(server: &Server) -> Result<(), Failure> {
    const SECONDS: u64 = 10;
    let worker = Worker::start(server, 10, || {});
    let before = own_cpu_hundredths()?;
    tokio::time::sleep(Duration::from_secs(SECONDS)).await;
    let hundredths = own_cpu_hundredths()? - before;
    let tenths = hundredths * 10 / SECONDS;
    println!("{:<46}{:>10}.{} %", "CPU of an idle worker, of a core", tenths / 10, tenths % 10);
    worker.stop().await
}

/// The CPU time of this process in hundredths of a second.
fn own_cpu_hundredths() -> Result<u64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(") ").next().ok_or("no name")?;
    let fields: Vec<&str> = after_name.split(' ').collect();
    let (user, system) = (fields.get(11).ok_or("no utime")?, fields.get(12).ok_or("no stime")?);
    Ok(user.parse::<u64>()? + system.parse::<u64>()?)
}
