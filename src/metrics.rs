//! `/metrics`: counters since this process started, and the current state of queues, database and Redis.
//!
//! The state is read on demand, at most once per [`FRESH`], so that the cost of scrapes depends neither on the backlog
//! nor on their number. Every process shows all queues, so that no particular one has to be alive.

use std::{
    future::pending,
    sync::{Arc, Mutex as Lock, PoisonError},
    time::Duration,
};

use ::api::{Readiness, Server};
use ::scheduler::Times;
use chrono::{DateTime, Utc};
use domain::Clock;
use entity::DatabaseTime;
use entity::Db;
use metrics::{describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use poem::{Endpoint, EndpointExt, IntoEndpoint, Response, Route, endpoint::BoxEndpoint, get, handler, web::Data};
use queue::{
    Queue,
    admin::{depths, row_stats},
};
use tokio::{sync::Mutex, time::Instant};

use crate::{error::Error, listen::bind, parts::Parts, settings::Settings};

/// How long the state of the queues is cached.
const FRESH: Duration = Duration::from_secs(3);

/// Timeout of reading the state: a scrape must not hang on a dependency that is down.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The most concurrent connections for scrapes.
const MOST_WHO_LOOK: usize = 64;

/// How often measurements are merged into the histograms, so that they do not pile up without scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// The upper bounds of the histograms' buckets in seconds: from a delivery on an idle machine to a long backlog.
const BUCKETS: [f64; 17] =
    [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0];

const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const UP: [&str; 2] = ["paylink_database_up", "paylink_redis_up"];
const CONNECTIONS: &str = "paylink_database_connections";
const MOST_CONNECTIONS: &str = "paylink_database_connections_max";
const CONNECTION_WAIT: &str = "paylink_database_connection_wait_seconds";
const TICK_DONE: &str = "paylink_tick_last_due_timestamp_seconds";
const TICK_LATE: &str = "paylink_tick_late_seconds";
const SKEW: &str = "paylink_clock_skew_seconds";
const DOUBTED: &str = "paylink_time_doubted";
const BUILD: &str = "paylink_build_info";

/// The metrics of this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Inner>);

struct Inner {
    counted: PrometheusHandle,
    db: Db,
    queue: Queue,
    time: DatabaseTime,
    clock: Clock,
    readiness: Readiness,
    times: Times,
    /// When this process began to watch the ticks.
    began: DateTime<Utc>,
    /// When the queues were last read.
    looked: Mutex<Option<Instant>>,
}

impl Metrics {
    /// Starts recording; without this call recording is a no-op. Serves the metrics on the configured address or, if
    /// there is none, returns the endpoint for the public API to serve.
    pub(crate) async fn start(settings: &Settings, parts: &Parts) -> Result<Option<BoxEndpoint<'static>>, Error> {
        let metrics = Self(Arc::new(Inner {
            counted: record()?,
            db: parts.db.clone(),
            queue: parts.queue.clone(),
            time: parts.time.clone(),
            clock: parts.clock.clone(),
            readiness: parts.readiness.clone(),
            times: settings.times()?,
            began: parts.clock.now(),
            looked: Mutex::default(),
        }));
        tokio::spawn(metrics.clone().keep_up());
        let Some(address) = settings.metrics_listen else {
            return Ok(Some(get(show).data(metrics).into_endpoint().boxed()));
        };
        let (listener, address) = bind(address).await?;
        tracing::info!(%address, "showing metrics");
        // It serves as long as the process lives, since a shutdown is worth observing as well.
        tokio::spawn(Server::new(listener, MOST_WHO_LOOK).run(metrics.routes(), pending(), Duration::ZERO));
        Ok(None)
    }

    /// Like [`start`](Self::start) for a process without a public API: only if an address is configured.
    pub(crate) async fn start_apart(settings: &Settings, parts: &Parts) -> Result<(), Error> {
        if settings.metrics_listen.is_some() {
            Self::start(settings, parts).await?;
        }
        Ok(())
    }

    fn routes(self) -> impl Endpoint {
        Route::new().at("/metrics", get(show)).at("/healthz", get(alive)).at("/readyz", get(ready)).data(self)
    }

    async fn keep_up(self) {
        loop {
            histogram!(CONNECTION_WAIT).record(self.0.db.wait_for_connection().await);
            tokio::time::sleep(UPKEEP).await;
            self.0.counted.run_upkeep();
        }
    }

    async fn render(&self) -> String {
        let mut looked = self.0.looked.lock().await;
        if looked.is_none_or(|at| at.elapsed() > FRESH) {
            self.look().await;
            *looked = Some(Instant::now());
        }
        drop(looked);
        self.show_pool();
        gauge!(SKEW).set(self.0.time.skew().as_seconds_f64());
        gauge!(DOUBTED).set(f64::from(u8::from(self.0.time.is_doubted())));
        self.0.counted.render()
    }

    async fn look(&self) {
        let inner = &self.0;
        let (usable, rows, ticks, queues) = tokio::join!(
            inner.readiness.check(),
            tokio::time::timeout(TIMEOUT, row_stats(inner.db.pool())),
            tokio::time::timeout(TIMEOUT, entity::tick::all(inner.db.pool())),
            tokio::time::timeout(TIMEOUT, depths(inner.queue.queues())),
        );
        let rows = rows.ok().and_then(Result::ok);
        let queues = queues.ok().and_then(Result::ok);
        // What can be read may still refuse writes: a standby, a full disk, a Redis without memory.
        let up = [usable.database && rows.is_some(), usable.redis && queues.is_some()];
        for (name, is_up) in UP.into_iter().zip(up) {
            gauge!(name).set(f64::from(u8::from(is_up)));
        }
        let stats = queue::admin::stats(queues.as_deref(), rows.as_deref());
        queue::metrics::show(&stats, inner.clock.now());
        if let Ok(Ok(ticks)) = ticks {
            self.show_ticks(&ticks);
        }
    }

    /// Every process shows the ticks from their rows, because a dead scheduler cannot show its own. A tick that no
    /// scheduler has ever done is due since this process began.
    fn show_ticks(&self, ticks: &[entity::tick::Model]) {
        let now = self.0.clock.now();
        for (tick, calendar) in self.0.times.iter() {
            let done = ticks.iter().find(|done| done.name == tick.name).map(|done| done.last_due);
            if let Some(done) = done {
                gauge!(TICK_DONE, "tick" => tick.name).set(seconds(done));
            }
            let late = calendar.late_by(done.unwrap_or(self.0.began), now);
            gauge!(TICK_LATE, "tick" => tick.name).set(late.as_seconds_f64());
        }
    }

    fn show_pool(&self) {
        let pool = self.0.db.pool_use();
        gauge!(CONNECTIONS, "state" => "in_use").set(pool.in_use);
        gauge!(CONNECTIONS, "state" => "idle").set(pool.idle);
        gauge!(MOST_CONNECTIONS).set(pool.most);
    }
}

/// Seconds since 1970.
fn seconds(time: DateTime<Utc>) -> f64 {
    (time - DateTime::UNIX_EPOCH).as_seconds_f64()
}

/// The recorder of this process. It is installed once, however many roles run.
static COUNTED: Lock<Option<PrometheusHandle>> = Lock::new(None);

fn record() -> Result<PrometheusHandle, BuildError> {
    let mut counted = COUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(counted) = &*counted {
        return Ok(counted.clone());
    }
    Ok(counted.insert(begin_to_count()?).clone())
}

/// Installs the recorder, with all metrics at zero.
fn begin_to_count() -> Result<PrometheusHandle, BuildError> {
    let counted = PrometheusBuilder::new().set_buckets(&BUCKETS)?.install_recorder()?;
    entity::metrics::declare();
    queue::metrics::declare();
    ::api::metrics::declare();
    ::worker::metrics::declare();
    describe_gauge!(UP[0], "Whether the database answers and accepts writes.");
    describe_gauge!(UP[1], "Whether Redis answers and accepts writes.");
    describe_gauge!(CONNECTIONS, "Connections to the database that this process has open.");
    describe_gauge!(MOST_CONNECTIONS, "The most connections to the database that this process opens.");
    describe_histogram!(
        CONNECTION_WAIT,
        "How long a connection of the pool is waited for, tried every 5 seconds, in vain or not."
    );
    describe_gauge!(
        TICK_DONE,
        "The last time at which a tick of the scheduler was due and was done, by whichever scheduler."
    );
    describe_gauge!(TICK_LATE, "For how long a tick should have been done again; 0 if it is not due yet.");
    describe_gauge!(SKEW, "How far the clock of this machine is ahead of the database's; negative: behind.");
    describe_gauge!(
        DOUBTED,
        "1 while the scheduler here holds what cannot be taken back, because the time has jumped."
    );
    describe_gauge!(BUILD, "Always 1; the label says the version.");
    gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1);
    Ok(counted)
}

#[handler]
async fn show(Data(metrics): Data<&Metrics>) -> Response {
    Response::builder().content_type(CONTENT_TYPE).body(metrics.render().await)
}

#[handler]
fn alive() -> &'static str {
    "ok\n"
}

#[handler]
async fn ready(Data(metrics): Data<&Metrics>) -> Response {
    metrics.0.readiness.answer().await
}
