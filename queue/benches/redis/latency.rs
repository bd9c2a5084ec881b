//! From the push to the start of the handler, on an idle queue.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::server::{Failure, QUEUE, Server, connect, lpush, some_jobs};
use crate::worker::Worker;

const PUSHES: usize = 10_000;

pub(crate) async fn latency(server: &Server) -> Result<(), Failure> {
    let started = Arc::new((Notify::new(), Mutex::new(None)));
    let seen = Arc::clone(&started);
    let worker = Worker::start(server, 10, move || {
        if let Ok(mut at) = seen.1.lock() {
            *at = Some(Instant::now());
        }
        seen.0.notify_one();
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut ours = Vec::with_capacity(PUSHES);
    for job in some_jobs(PUSHES) {
        let begun = Instant::now();
        server.queues.push(QUEUE, &[job]).await?;
        started.0.notified().await;
        let at = started.1.lock().ok().and_then(|mut at| at.take()).ok_or("no start")?;
        ours.push(at - begun);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    worker.stop().await?;
    let mut bare = bare(server).await?;
    let late = ours.iter().filter(|latency| **latency > Duration::from_millis(100)).count();
    for (what, share) in [("p50", 5_000), ("p99", 9_900), ("max", 9_999)] {
        let (ours, bare) = (of(&mut ours, share), of(&mut bare, share));
        let ratio = ours.as_secs_f64() / bare.as_secs_f64();
        let what = format!("push to start, {what} of 10,000");
        println!("{what:<46}{:>9} µs{:>9} µs{ratio:>8.2}", ours.as_micros(), bare.as_micros());
    }
    println!("{:<46}{late:>12}", "  of them later than 100 ms");
    server.flush().await
}

/// From `LPUSH` to the answer of a `BRPOP` that waits for it.
async fn bare(server: &Server) -> Result<Vec<Duration>, Failure> {
    let waiting = connect(&server.url).await?;
    let mut latencies = Vec::with_capacity(PUSHES);
    for job in some_jobs(PUSHES) {
        let (wait, mut pop) = (Arc::new(Notify::new()), waiting.clone());
        let popping = Arc::clone(&wait);
        let popper = tokio::spawn(async move {
            let mut brpop = redis::cmd("BRPOP");
            brpop.arg("bare").arg(0);
            popping.notify_one();
            brpop.query_async::<()>(&mut pop).await.map(|()| Instant::now())
        });
        wait.notified().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        let begun = Instant::now();
        lpush(&[job]).query_async::<()>(&mut server.plain.clone()).await?;
        latencies.push(popper.await?? - begun);
    }
    Ok(latencies)
}

/// The latency that so many are below.
fn of(latencies: &mut [Duration], share: usize) -> Duration {
    latencies.sort_unstable();
    latencies.get(share).copied().unwrap_or_default()
}
