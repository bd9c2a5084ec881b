//! The Redis that is measured, and the table that comes of it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use queue::redis::{DueJob, RedisQueues};
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use uuid::Uuid;

pub(crate) const QUEUE: &str = "bench";

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The Redis that is measured. It ends with the benchmark.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    pub(crate) queues: RedisQueues,
    pub(crate) plain: MultiplexedConnection,
}

impl Server {
    pub(crate) async fn start(folder: &Path) -> Result<Self, Failure> {
        let socket = folder.join("redis.sock");
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()?;
        let url = format!("redis+unix://{}", socket.display());
        let queues = RedisQueues::open(&url, "bench", domain::Clock::system())?;
        while queues.ping().await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let plain = connect(&url).await?;
        Ok(Self { child, url, queues, plain })
    }

    /// Redis's CPU time since it started, in seconds.
    async fn cpu(&self) -> Result<f64, Failure> {
        Ok(self.info("cpu", "used_cpu_user").await? + self.info("cpu", "used_cpu_sys").await?)
    }

    /// The bytes that Redis has given out.
    pub(crate) async fn memory(&self) -> Result<f64, Failure> {
        self.info("memory", "used_memory").await
    }

    async fn info(&self, section: &str, name: &str) -> Result<f64, Failure> {
        let info: String = redis::cmd("INFO").arg(section).query_async(&mut self.plain.clone()).await?;
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        Ok(line.ok_or("INFO has no such number")?.parse()?)
    }

    /// How many keys there are.
    pub(crate) async fn keys(&self) -> Result<u64, Failure> {
        Ok(redis::cmd("DBSIZE").query_async(&mut self.plain.clone()).await?)
    }

    pub(crate) async fn flush(&self) -> Result<(), Failure> {
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

/// A plain connection, which waits for as long as Redis takes.
pub(crate) async fn connect(url: &str) -> Result<MultiplexedConnection, Failure> {
    let patient = AsyncConnectionConfig::new().set_response_timeout(None);
    Ok(redis::Client::open(url)?.get_multiplexed_async_connection_with_config(&patient).await?)
}

/// How fast something went, and what it cost Redis.
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    pub(crate) redis_micros: f64,
}

pub(crate) async fn measure(
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

pub(crate) fn head() {
    println!("{:<46}{:>12}{:>12}{:>8}{:>20}", "", "job", "bare list", "ratio", "Redis CPU/op");
}

pub(crate) fn line(what: &str, job: &Rate, bare: &Rate) {
    println!(
        "{what:<46}{:>10.0}/s{:>10.0}/s{:>8.2}{:>10.1} / {:>4.1} µs",
        job.per_second,
        bare.per_second,
        job.per_second / bare.per_second,
        job.redis_micros,
        bare.redis_micros,
    );
}

/// `RedisQueues` of fifty merchants.
pub(crate) fn some_jobs(count: usize) -> Vec<DueJob> {
    let lanes: Vec<Uuid> = (0..50).map(|_| Uuid::now_v7()).collect();
    (0..count).map(|n| DueJob { job: Uuid::now_v7(), lane: lanes[n % lanes.len()], at: None }).collect()
}

/// One `LPUSH` for each job.
pub(crate) fn lpush(queues: &[DueJob]) -> redis::Pipeline {
    let mut pipeline = redis::pipe();
    for job in queues {
        pipeline.cmd("LPUSH").arg("bare").arg(job.job.to_string()).ignore();
    }
    pipeline
}
