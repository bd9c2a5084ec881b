//! The load: HTTP/1.1 over plain sockets, one request at a time on each connection. Requests are built and signed
//! before the clock starts, since the load shares the cores with what it measures.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{
        Mutex,
        mpsc::{UnboundedReceiver, unbounded_channel},
    },
    task::JoinSet,
};

/// How many requests are built at a time.
pub(crate) const BATCH: usize = 2_000;

/// The results of a load.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The duration of each request.
    pub(crate) latencies: Vec<Duration>,
    /// The duration of the load.
    pub(crate) elapsed: Duration,
    /// Answers per second, in each round.
    pub(crate) rounds: Vec<f64>,
    /// How many were not answered successfully.
    pub(crate) refused: usize,
    /// CPU time of each server, by name.
    pub(crate) cpu: Vec<(&'static str, Duration)>,
}

/// Builds a batch of requests; the number tells batches apart.
pub(crate) trait Source: Fn(u64) -> Vec<Vec<u8>> + Clone + Send + 'static {}
impl<F: Fn(u64) -> Vec<Vec<u8>> + Clone + Send + 'static> Source for F {}

/// Each connection sends the next request when the previous one is answered, for this long. Building requests does not
/// count.
pub(crate) async fn closed(to: SocketAddr, connections: usize, long: Duration, source: impl Source) -> Report {
    let mut sockets = connect(to, connections).await;
    let mut report = Report::default();
    let mut batch = 0;
    while report.elapsed < long {
        let seed = u64::from(std::process::id()) << 32 | u64::try_from(connections).unwrap() << 20 | batch;
        batch += 1;
        let requests = Arc::new(Mutex::new(source(seed)));
        let began = Instant::now();
        let mut running = JoinSet::new();
        for mut socket in sockets.drain(..) {
            let requests = Arc::clone(&requests);
            running.spawn(async move {
                let (mut latencies, mut refused) = (Vec::new(), 0);
                loop {
                    let Some(request) = requests.lock().await.pop() else { break };
                    let sent = Instant::now();
                    refused += usize::from(!is_well(ask(&mut socket, &request).await));
                    latencies.push(sent.elapsed());
                }
                (socket, latencies, refused)
            });
        }
        let before = report.latencies.len();
        while let Some(done) = running.join_next().await {
            let (socket, latencies, refused) = done.unwrap();
            sockets.push(socket);
            report.latencies.extend(latencies);
            report.refused += refused;
        }
        let took = began.elapsed();
        report.rounds.push(each_second(report.latencies.len() - before, took));
        report.elapsed += took;
    }
    report
}

/// This many requests a second, whether the previous ones are answered or not. A request's time counts from when it was
/// due.
pub(crate) async fn open(to: SocketAddr, (rate, long): (u32, Duration), source: impl Source) -> Report {
    let total = usize::try_from(u64::from(rate) * long.as_secs()).unwrap();
    let mut requests = Vec::new();
    while requests.len() < total {
        requests.extend(source(u64::MAX - u64::try_from(requests.len()).unwrap()));
    }
    requests.truncate(total);
    paced(to, rate, requests).await
}

/// The same for these requests.
pub(crate) async fn paced(to: SocketAddr, rate: u32, requests: Vec<Vec<u8>>) -> Report {
    // In turn, since servers close connections that are idle too long.
    let idle = Arc::new(Mutex::new(VecDeque::from(connect(to, 64).await)));
    let began = Instant::now();
    let mut due = clock(began, rate, requests.len());
    let (mut running, mut requests) = (JoinSet::new(), requests.into_iter());
    while let (Some(due), Some(request)) = (due.recv().await, requests.next()) {
        let idle = Arc::clone(&idle);
        running.spawn(async move {
            let waiting = idle.lock().await.pop_front();
            // No request waits for a connection: another one is opened.
            let mut socket = match waiting {
                Some(socket) => socket,
                None => connect(to, 1).await.remove(0),
            };
            let status = ask(&mut socket, &request).await;
            let took = due.elapsed();
            idle.lock().await.push_back(socket);
            (took, status)
        });
    }
    let mut report = Report::default();
    while let Some(done) = running.join_next().await {
        let (took, status) = done.unwrap();
        report.latencies.push(took);
        report.refused += usize::from(!is_well(status));
    }
    report.elapsed = began.elapsed();
    report
}

/// Signals when each request is due. The runtime's timers have a resolution of a millisecond, a thread's sleep a finer
/// one.
fn clock(began: Instant, rate: u32, total: usize) -> UnboundedReceiver<Instant> {
    let (tell, told) = unbounded_channel();
    thread::spawn(move || {
        for number in 0..u32::try_from(total).unwrap() {
            let due = began + Duration::from_secs(1) / rate * number;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            tell.send(due).unwrap();
        }
    });
    told
}

/// Sends all of them, on this many connections.
pub(crate) async fn all(to: SocketAddr, connections: usize, requests: Vec<Vec<u8>>) -> Report {
    let requests = Arc::new(std::sync::Mutex::new(Some(requests)));
    closed(to, connections, Duration::from_nanos(1), move |_| requests.lock().unwrap().take().unwrap_or_default()).await
}

/// A request that posts a signed body.
pub(crate) fn request(path: &str, signature: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nStripe-Signature: {signature}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

async fn connect(to: SocketAddr, connections: usize) -> Vec<TcpStream> {
    let mut sockets = Vec::new();
    for _ in 0..connections {
        let socket = TcpStream::connect(to).await.unwrap();
        socket.set_nodelay(true).unwrap();
        sockets.push(socket);
    }
    sockets
}

const fn is_well(status: u16) -> bool {
    status / 100 == 2
}

/// Sends a request and reads the whole answer. Returns its status.
async fn ask(socket: &mut TcpStream, request: &[u8]) -> u16 {
    socket.write_all(request).await.unwrap();
    let mut answer = Vec::with_capacity(4096);
    loop {
        let read = socket.read_buf(&mut answer).await.unwrap();
        assert!(read > 0, "the server hung up");
        if let Some(status) = whole(&answer) {
            return status;
        }
    }
}

/// The status of an answer, once it is complete.
fn whole(answer: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, length)| length.trim().parse().unwrap());
    (body.len() >= length).then(|| head.split(' ').nth(1).unwrap().parse().unwrap())
}

impl Report {
    /// The header of the table.
    pub(crate) fn head() -> String {
        format!(
            "{:<42} {:>8} {:>9} {:>9} {:>9} {:>8}  CPU µs each",
            "webhooks", "load", "per s", "p50 ms", "p99 ms", "refused"
        )
    }

    /// Answers per second.
    pub(crate) fn rate(&self) -> f64 {
        each_second(self.latencies.len(), self.elapsed)
    }

    /// A line of the table.
    pub(crate) fn line(mut self, name: &str, load: &str) -> String {
        self.latencies.sort_unstable();
        let at = |share: usize| self.latencies[(self.latencies.len() - 1) * share / 100].as_secs_f64() * 1_000.0;
        #[expect(clippy::cast_precision_loss, reason = "a few hundred thousand")]
        let count = self.latencies.len() as f64;
        let each = |time: &Duration| time.as_secs_f64() * 1_000_000.0 / count;
        let cpu: Vec<String> = self.cpu.iter().map(|(who, time)| format!("{who} {:.0}", each(time))).collect();
        let rate = self.rate();
        let (refused, cpu) = (self.refused, cpu.join(", "));
        format!("{name:<42} {load:>8} {rate:>9.0} {:>9.2} {:>9.2} {refused:>8}  {cpu}", at(50), at(99))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred thousand")]
fn each_second(count: usize, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}
