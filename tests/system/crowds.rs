//! Crowds of clients that send too much, too slowly or nothing at all: what they cost, and what others notice.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::support::{App, Database, Http, INVOICE, Invoice, eventually};

const MIB: u64 = 1024 * 1024;

/// The time that a head or a small body has, and a few seconds for a machine that has more to do.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

const A_LITTLE: Duration = Duration::from_secs(10);

/// What a machine that has more to do may add to a look. Whoever is starved by a crowd waits until the crowd is gone,
/// half a minute.
pub(crate) const A_MOMENT: Duration = Duration::from_secs(5);

/// For those who do not speak HTTP as one should.
async fn connected(app: &App) -> TcpStream {
    TcpStream::connect(app.hello.url.trim_start_matches("http://")).await.unwrap()
}

/// The slowest of twenty looks at the console.
pub(crate) async fn slowest_look(somebody: &Http) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let since = Instant::now();
        somebody.get("/console").await.with_status(200);
        slowest = slowest.max(since.elapsed());
    }
    slowest
}

/// So many who connect and say this.
pub(crate) async fn crowd(app: &App, size: usize, words: &str) -> Vec<TcpStream> {
    let mut crowd = Vec::with_capacity(size);
    for _ in 0..size {
        let mut one = connected(app).await;
        one.write_all(words.as_bytes()).await.unwrap();
        crowd.push(one);
    }
    crowd
}

/// What each client receives until its connection ends; `None` if it does not end in time.
pub(crate) async fn ends(mut stream: TcpStream, within: Duration) -> Option<(String, Duration)> {
    let (since, mut answer) = (Instant::now(), Vec::new());
    let ended = timeout(within, stream.read_to_end(&mut answer)).await;
    ended.is_ok().then(|| (String::from_utf8_lossy(&answer).into_owned(), since.elapsed()))
}

/// Sends this many bytes of a body without a declared length. Returns the answer, and how many were read.
async fn pours(mut stream: TcpStream, path: String, bytes: u64) -> (String, u64) {
    const CHUNK: usize = 0x10000;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: paylink\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = [b"10000\r\n".as_slice(), &vec![b' '; CHUNK], b"\r\n"].concat();
    let (mut reading, mut writing) = stream.split();
    let (mut answer, mut sent) = (Vec::new(), 0);
    let pouring = async {
        while sent < bytes && writing.write_all(&chunk).await.is_ok() {
            sent += CHUNK as u64;
        }
    };
    let _ = tokio::join!(pouring, reading.read_to_end(&mut answer));
    (String::from_utf8_lossy(&answer).into_owned(), sent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_who_pour_300_mb_each_cost_no_memory() {
    let app = App::start_apart(Database::sqlite()).await;
    slowest_look(&app.anybody()).await;
    let before = app.status_of_process("VmHWM");
    let upload = format!("/v1/orders/{}/payment-links", app.order().id);
    let merchant = app.hello.merchant_id.clone();
    for path in ["/v1/orders", "/console/session", &format!("/webhooks/stripe/{merchant}"), "/nowhere", &upload] {
        let since = Instant::now();
        let mut crowd = JoinSet::new();
        for _ in 0..100 {
            crowd.spawn(pours(connected(&app).await, path.to_owned(), 300 * MIB));
        }
        let poured = crowd.join_all().await;
        let taken = poured.iter().map(|(_, sent)| sent).sum::<u64>() / MIB;
        let grown = app.status_of_process("VmHWM").saturating_sub(before) / 1024;
        println!("100 × 300 MiB to {path}: {taken} MiB taken in {:.1?}, {grown} MiB more memory", since.elapsed());
        // A hundred webhooks of 1 MiB each are held while they are read; of all else there is less.
        assert!(grown < 160, "memory grew by {grown} MiB");
        assert!(taken < 3_000, "{taken} MiB were taken");
        // A client that keeps sending may lose the answer, but usually gets it.
        let refused = poured.iter().filter(|(answer, _)| answer.starts_with("HTTP/1.1 4")).count();
        assert!(refused > 50, "{refused} were refused, the others were told {:?}", poured[0].0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_who_say_nothing_leave_others_unharmed_and_are_closed() {
    raise_own_limit();
    let app = App::start_apart(Database::sqlite()).await;
    let somebody = app.anybody();
    let (alone, memory) = (slowest_look(&somebody).await, app.status_of_process("VmRSS"));

    let mut idle = crowd(&app, 2_000, "").await;
    let (among, grown) = (slowest_look(&app.anybody()).await, app.status_of_process("VmRSS").saturating_sub(memory));
    println!("slowest look alone: {alone:.1?}; among 2,000 idle connections: {among:.1?}, {grown} KiB more memory");

    assert!(among < alone + A_MOMENT, "{alone:?} alone, {among:?} among them");
    assert!(grown < 64 * 1024, "{grown} KiB");
    let last = ends(idle.pop().unwrap(), HALF_A_MINUTE + A_LITTLE).await;
    assert!(last.is_some_and(|(told, _)| told.is_empty()));
    for one in idle {
        assert!(ends(one, A_LITTLE).await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sends_a_head_or_a_body_drop_by_drop_is_not_waited_for() {
    let app = App::start_apart(Database::sqlite()).await;
    let body =
        "POST /v1/orders HTTP/1.1\r\nHost: paylink\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n";
    let key = format!("Authorization: Bearer {}\r\nHost", app.hello.api_key);
    let slow_body = body.replace("Host", &key);
    let mut crowds = JoinSet::new();
    for (words, told) in [("GET /console HTTP/1.1\r\nHost: paylink\r\n", ""), (&slow_body, "HTTP/1.1 408")] {
        for one in crowd(&app, 200, words).await {
            crowds.spawn(drips(one, told));
        }
    }
    let mut looks = Vec::new();
    while !crowds.is_empty() {
        looks.push(slowest_look(&app.anybody()).await);
        let _ = timeout(Duration::from_secs(1), async {
            while let Some(ended) = crowds.join_next().await {
                ended.unwrap();
            }
        })
        .await;
    }
    let slowest = looks.into_iter().max().unwrap();
    println!("slowest look among 200 slow heads and 200 slow bodies: {slowest:.1?}");
    assert!(slowest < A_MOMENT, "{slowest:?}");
}

/// Sends a byte each second until the connection ends, which must be in time, with an answer that begins so.
async fn drips(stream: TcpStream, told: &str) {
    let since = Instant::now();
    let (mut reading, mut writing) = stream.into_split();
    let dripping = tokio::spawn(async move {
        while writing.write_all(b"x").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let mut answer = Vec::new();
    let _ = timeout(HALF_A_MINUTE + A_LITTLE, reading.read_to_end(&mut answer)).await.expect("it is closed");
    dripping.abort();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with(told) && answer.is_empty() == told.is_empty(), "{answer:?}");
    assert!(
        since.elapsed() > HALF_A_MINUTE.checked_sub(A_LITTLE).unwrap(),
        "it was closed after {:?}",
        since.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_files_run_out_idle_connections_go_first_and_nobody_turns_in_a_circle() {
    raise_own_limit();
    let app = App::start_apart(Database::sqlite()).await;
    let has_files = |most: &str| {
        let limit = format!("--nofile={most}:");
        let changed = Command::new("prlimit").args(["--pid", &app.process_id().to_string(), &limit]).status().unwrap();
        assert!(changed.success());
    };
    has_files("300");
    let idle = crowd(&app, 600, "").await;
    let newcomer = app.anybody();
    let since = Instant::now();
    timeout(A_LITTLE, newcomer.get("/healthz")).await.expect("there is room for a newcomer").with_status(200);
    println!("a newcomer among 600 idle connections with 300 files is answered in {:.1?}", since.elapsed());

    // Now there is no room at all.
    has_files("10");
    let late = crowd(&app, 10, "GET /healthz HTTP/1.1\r\nHost: paylink\r\nConnection: close\r\n\r\n").await;
    drop(idle);
    // What it uses is measured over a while, in which there is nothing to wait for.
    let (before, since) = (app.processor_time(), Instant::now());
    sleep(Duration::from_secs(3)).await;
    let used = app.processor_time().checked_sub(before).unwrap();
    println!("without any file left it used {used:.1?} in {:.1?}", since.elapsed());
    assert!(used < Duration::from_secs(1), "it used {used:?} of the processor while it waited");

    has_files("1000");
    for one in late {
        let (answer, _) = ends(one, A_LITTLE).await.expect("it is answered when there is room");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
    }
    assert_eq!(app.log().matches("nobody can connect for now").count(), 1, "it is told once a minute");
    eventually("it is well", async || (app.anybody().get("/readyz").await.status == 200).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_who_read_an_invoice_slowly_cost_no_memory() {
    raise_own_limit();
    let app = App::start_apart(Database::sqlite()).await;
    let merchant = app.merchant();
    let padded = [INVOICE, &b"\n".repeat(9 * 1024 * 1024)].concat();
    let link = merchant.uploads(&app.order(), &Invoice { pdf: Some(&padded), ..Invoice::default() }).await;
    let link = merchant.has_the_link(&link).await;
    let path = format!("{}/invoice.pdf", link.url.trim_start_matches(&app.hello.url));
    slowest_look(&app.anybody()).await;
    let before = app.status_of_process("VmRSS");

    let words = format!("GET {path} HTTP/1.1\r\nHost: paylink\r\n\r\n");
    let mut slow = crowd(&app, 200, &words).await;
    for one in &mut slow {
        let mut first = [0; 16];
        one.read_exact(&mut first).await.unwrap();
        assert!(first.starts_with(b"HTTP/1.1 200"), "{first:?}");
    }
    let among = slowest_look(&app.anybody()).await;
    let grown = app.status_of_process("VmRSS").saturating_sub(before) / 1024;
    println!("200 who read an invoice of 9 MiB slowly: {grown} MiB more memory; slowest look among them: {among:.1?}");
    assert!(grown < 64, "{grown} MiB");

    // A client that keeps reading gets everything.
    let whole = app.anybody().get(&path).await.with_status(200);
    assert_eq!(whole.header("content-length"), padded.len().to_string());
    assert_eq!(whole.body.len(), padded.len());
    let last = slow.pop().unwrap();
    drop(slow);
    let (mut last, mut read) = (last, 0);
    let mut buffer = vec![0; 1024 * 1024];
    while read < padded.len() {
        let more = timeout(A_LITTLE, last.read(&mut buffer)).await.expect("more of it comes").unwrap();
        assert!(more > 0, "it ended after {read} bytes");
        read += more;
    }
}

fn raise_own_limit() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
}
