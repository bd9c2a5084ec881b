//! No-op jobs through a worker, from a backlog.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::server::{Failure, QUEUE, Rate, Server, line, lpush, measure, some_jobs};
use crate::worker::Worker;

/// A few, some and many slots, beside a list that gives as many at a time.
pub(crate) async fn drain(server: &Server) -> Result<(), Failure> {
    for (slots, jobs) in [(1, 20_000), (10, 100_000), (100, 300_000), (500, 300_000)] {
        let job = handle(server, slots, jobs).await?;
        let bare = bare(server, slots, jobs).await?;
        line(&format!("handle no-op jobs, {slots} slots"), &job, &bare);
    }
    Ok(())
}

/// A long backlog beside a short one: how fast it goes, what it weighs, and what is left.
pub(crate) async fn backlog(server: &Server) -> Result<(), Failure> {
    let before = server.memory().await?;
    let queues = some_jobs(1_000_000);
    server.queues.push(QUEUE, &queues).await?;
    let bytes = (server.memory().await? - before) / 1e6;
    let long = work_off(server, 100, queues.len()).await?;
    let keys = server.keys().await?;
    // Several short ones, as one alone is over in a tenth of a second.
    let mut short = Vec::new();
    for _ in 0..5 {
        short.push(handle(server, 100, 10_000).await?.per_second);
    }
    short.sort_unstable_by(f64::total_cmp);
    println!("{:<46}{:>10.0}/s", "drain a backlog of 1,000,000, 100 slots", long.per_second);
    println!("{:<46}{:>10.0}/s (median of 5)", "drain a backlog of 10,000, 100 slots", short[2]);
    println!("{:<46}{:>12.2}", "  ratio", long.per_second / short[2]);
    println!("{:<46}{bytes:>12.0}", "  bytes of Redis for a queued job");
    println!("{:<46}{keys:>12}", "  keys left after");
    Ok(())
}

async fn handle(server: &Server, slots: usize, jobs: usize) -> Result<Rate, Failure> {
    server.queues.push(QUEUE, &some_jobs(jobs)).await?;
    work_off(server, slots, jobs).await
}

async fn work_off(server: &Server, slots: usize, jobs: usize) -> Result<Rate, Failure> {
    let (done, all) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (count, tell) = (Arc::clone(&done), Arc::clone(&all));
    measure(server, jobs, async {
        let worker = Worker::start(server, slots, move || {
            if count.fetch_add(1, Ordering::Relaxed) + 1 == jobs {
                tell.notify_one();
            }
        });
        all.notified().await;
        worker.stop().await
    })
    .await
}

async fn bare(server: &Server, slots: usize, jobs: usize) -> Result<Rate, Failure> {
    for page in some_jobs(jobs).chunks(500) {
        lpush(page).query_async::<()>(&mut server.plain.clone()).await?;
    }
    let rate = measure(server, jobs, async {
        for _ in 0..jobs / slots {
            let mut pipeline = redis::pipe();
            for _ in 0..slots {
                pipeline.cmd("BRPOP").arg("bare").arg(0).ignore();
            }
            pipeline.query_async::<()>(&mut server.plain.clone()).await?;
        }
        Ok(())
    });
    let rate = rate.await?;
    server.flush().await?;
    Ok(rate)
}
