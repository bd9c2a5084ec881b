//! What the bell costs: `cargo bench -p queue --bench bell` starts a Redis of its own, measures, and prints each
//! figure beside what the same Redis does with bare lists, as other work on the machine slows both.
//!
//! Redis's own CPU time for an operation hardly depends on what else the machine does.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use futures_util::future::try_join_all;
use queue::bell::{BackendOptions, Bell, BellBackend, Bells, Ringing, Verdict};
use redis::aio::MultiplexedConnection;
use tokio::sync::Notify;
use uuid::Uuid;

const QUEUE: &str = "bench";

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("bell-bench-{}", Uuid::now_v7()));
    std::fs::create_dir(&folder)?;
    let measured = compare(&folder).await;
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn compare(folder: &Path) -> Result<(), Failure> {
    let server = Server::start(folder).await?;
    println!("{:<44}{:>12}{:>12}{:>8}{:>16}", "", "bell", "bare list", "ratio", "Redis CPU/op");
    enqueue(&server).await?;
    latency(&server).await?;
    for (slots, jobs) in [(1, 10_000), (10, 60_000), (100, 200_000), (500, 200_000)] {
        drain(&server, slots, jobs).await?;
    }
    drain(&server, 100, 1_000_000).await?;
    idle(&server).await
}

/// The Redis that is measured. It ends with the benchmark.
struct Server {
    child: Child,
    url: String,
    bells: Bells,
    plain: MultiplexedConnection,
}

impl Server {
    async fn start(folder: &Path) -> Result<Self, Failure> {
        let socket = folder.join("redis.sock");
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()?;
        let url = format!("redis+unix://{}", socket.display());
        let bells = Bells::open(&url, "bench")?;
        while bells.ping().await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let plain = connect(&url).await?;
        Ok(Self { child, url, bells, plain })
    }

    /// Redis's CPU time since it started, in seconds.
    async fn cpu(&self) -> Result<f64, Failure> {
        let info: String = redis::cmd("INFO").arg("cpu").query_async(&mut self.plain.clone()).await?;
        let of = |name: &str| -> Option<f64> {
            info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.parse().ok())
        };
        let (user, system) = (of("used_cpu_user"), of("used_cpu_sys"));
        Ok(user.zip(system).map(|(user, system)| user + system).ok_or("INFO has no CPU times")?)
    }

    async fn flush(&self) -> Result<(), Failure> {
        Ok(redis::cmd("FLUSHALL").query_async(&mut self.plain.clone()).await?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing can be done here if it has gone already.
        self.child.kill().unwrap_or_default();
        self.child.wait().map(|_| ()).unwrap_or_default();
    }
}

async fn connect(url: &str) -> Result<MultiplexedConnection, Failure> {
    Ok(redis::Client::open(url)?.get_multiplexed_async_connection().await?)
}

/// How fast something went, and what it cost Redis.
struct Rate {
    per_second: f64,
    redis_micros: f64,
}

async fn measure(
    server: &Server,
    count: usize,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<Rate, Failure> {
    let (cpu, start) = (server.cpu().await?, Instant::now());
    work.await?;
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), server.cpu().await? - cpu);
    let count = f64::from(u32::try_from(count)?);
    Ok(Rate { per_second: count / seconds, redis_micros: cpu / count * 1e6 })
}

fn print(what: &str, bell: &Rate, bare: &Rate) {
    println!(
        "{what:<44}{:>10.0}/s{:>10.0}/s{:>8.2}{:>9.1}/{:.1} µs",
        bell.per_second,
        bare.per_second,
        bell.per_second / bare.per_second,
        bell.redis_micros,
        bare.redis_micros,
    );
}

/// Bells of fifty merchants.
fn some_bells(count: usize) -> Vec<Bell> {
    let lanes: Vec<Uuid> = (0..50).map(|_| Uuid::now_v7()).collect();
    (0..count).map(|n| Bell { job: Uuid::now_v7(), lane: lanes[n % lanes.len()], at: None }).collect()
}

async fn enqueue(server: &Server) -> Result<(), Failure> {
    for (what, callers, count) in [("enqueue, one caller", 1, 10_000), ("enqueue, 64 callers", 64, 64_000)] {
        let bells = some_bells(count);
        let bell = measure(server, count, async {
            try_join_all(bells.chunks(count / callers).map(|share| async move {
                for bell in share {
                    server.bells.ring(QUEUE, std::slice::from_ref(bell)).await?;
                }
                Ok::<_, Failure>(())
            }))
            .await
            .map(|_| ())
        });
        let bell = bell.await?;
        let bare = measure(server, count, async {
            try_join_all(bells.chunks(count / callers).map(|share| async move {
                let mut plain = server.plain.clone();
                for bell in share {
                    lpush(std::slice::from_ref(bell)).query_async::<()>(&mut plain).await?;
                }
                Ok::<_, Failure>(())
            }))
            .await
            .map(|_| ())
        });
        print(what, &bell, &bare.await?);
        server.flush().await?;
    }
    let bells = some_bells(200_000);
    let bell = measure(server, bells.len(), async {
        server.bells.ring(QUEUE, &bells).await?;
        Ok(())
    });
    let bell = bell.await?;
    let bare = measure(server, bells.len(), async {
        for page in bells.chunks(500) {
            lpush(page).query_async::<()>(&mut server.plain.clone()).await?;
        }
        Ok(())
    });
    print("enqueue, bulk", &bell, &bare.await?);
    server.flush().await
}

/// One `LPUSH` for each bell.
fn lpush(bells: &[Bell]) -> redis::Pipeline {
    let mut pipeline = redis::pipe();
    for bell in bells {
        pipeline.cmd("LPUSH").arg("bare").arg(bell.job.to_string()).ignore();
    }
    pipeline
}

/// From the push to the start of the handler, on an idle queue.
async fn latency(server: &Server) -> Result<(), Failure> {
    const PUSHES: usize = 1000;
    let started = Arc::new((Notify::new(), Mutex::new(None)));
    let seen = Arc::clone(&started);
    let worker = Worker::start(server, 10, move || {
        if let Ok(mut at) = seen.1.lock() {
            *at = Some(Instant::now());
        }
        seen.0.notify_one();
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut bell = Vec::new();
    for ring in some_bells(PUSHES) {
        let begun = Instant::now();
        server.bells.ring(QUEUE, &[ring]).await?;
        started.0.notified().await;
        let at = started.1.lock().ok().and_then(|mut at| at.take()).ok_or("no start")?;
        bell.push(at - begun);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    worker.stop().await?;
    let bare = bare_latency(server, PUSHES).await?;
    for (what, share) in [("push to start, p50", 50), ("push to start, p99", 99)] {
        let (bell, bare) = (percentile(&mut bell, share), percentile(&mut bare.clone(), share));
        let ratio = bell.as_secs_f64() / bare.as_secs_f64();
        println!("{what:<44}{:>9} µs{:>9} µs{ratio:>8.2}", bell.as_micros(), bare.as_micros());
    }
    Ok(())
}

/// From `LPUSH` to the answer of a `BRPOP` that waits for it.
async fn bare_latency(server: &Server, pushes: usize) -> Result<Vec<Duration>, Failure> {
    let mut waiting = redis::Client::open(server.url.as_str())?
        .get_multiplexed_async_connection_with_config(&redis::AsyncConnectionConfig::new().set_response_timeout(None))
        .await?;
    let mut latencies = Vec::new();
    for bell in some_bells(pushes) {
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
        lpush(&[bell]).query_async::<()>(&mut server.plain.clone()).await?;
        latencies.push(popper.await?? - begun);
    }
    redis::cmd("PING").query_async::<()>(&mut waiting).await?;
    Ok(latencies)
}

fn percentile(durations: &mut [Duration], share: usize) -> Duration {
    durations.sort_unstable();
    durations.get(durations.len() * share / 100).copied().unwrap_or_default()
}

/// No-op jobs through a worker, from a backlog.
async fn drain(server: &Server, slots: usize, jobs: usize) -> Result<(), Failure> {
    let bells = some_bells(jobs);
    server.bells.ring(QUEUE, &bells).await?;
    let (done, all) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (count, tell) = (Arc::clone(&done), Arc::clone(&all));
    let bell = measure(server, jobs, async {
        let worker = Worker::start(server, slots, move || {
            if count.fetch_add(1, Ordering::Relaxed) + 1 == jobs {
                tell.notify_one();
            }
        });
        all.notified().await;
        worker.stop().await
    });
    let bell = bell.await?;
    for page in bells.chunks(500) {
        lpush(page).query_async::<()>(&mut server.plain.clone()).await?;
    }
    let bare = measure(server, jobs, async {
        for _ in 0..jobs / slots {
            let mut pipeline = redis::pipe();
            for _ in 0..slots {
                pipeline.cmd("BRPOP").arg("bare").arg(0).ignore();
            }
            pipeline.query_async::<()>(&mut server.plain.clone()).await?;
        }
        Ok(())
    });
    print(&format!("handle {jobs} no-op jobs, {slots} slots"), &bell, &bare.await?);
    server.flush().await
}

/// What a worker costs that has nothing to do.
async fn idle(server: &Server) -> Result<(), Failure> {
    let worker = Worker::start(server, 10, || {});
    let seconds = 5;
    let before = own_cpu_ticks()?;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let ticks = own_cpu_ticks()? - before;
    println!("{:<44}{ticks:>10} %", "CPU of an idle worker, per 500 of a core");
    worker.stop().await
}

/// The CPU time of this process in hundredths of a second.
fn own_cpu_ticks() -> Result<u64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(") ").next().ok_or("no name")?;
    let fields: Vec<&str> = after_name.split(' ').collect();
    let (user, system) = (fields.get(11).ok_or("no utime")?, fields.get(12).ok_or("no stime")?);
    Ok(user.parse::<u64>()? + system.parse::<u64>()?)
}

/// A worker whose handler does one thing and is done.
struct Worker {
    context: WorkerContext,
    task: tokio::task::JoinHandle<Result<(), apalis_core::error::WorkerError>>,
}

impl Worker {
    fn start(server: &Server, slots: usize, act: impl Fn() + Clone + Send + Sync + 'static) -> Self {
        let context = WorkerContext::new("bench");
        let options = BackendOptions { slots, ..BackendOptions::default() };
        let worker = WorkerBuilder::new(&context)
            .backend(BellBackend::new(server.bells.clone(), QUEUE, options))
            .build(move |_: Ringing| {
                act();
                async { Ok::<_, std::io::Error>(Verdict::Done) }
            });
        Self { context, task: tokio::spawn(worker.run()) }
    }

    async fn stop(self) -> Result<(), Failure> {
        self.context.stop()?;
        Ok(self.task.await??)
    }
}
