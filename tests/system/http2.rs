//! HTTP/2, where one connection carries many requests, and the client decides how much of an answer it reads.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{App, Database};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;

/// The time a client has to read part of an answer, with a margin for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30 + 20);

/// A frame of this kind.
fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), content].concat()
}

/// The head of a GET that has no body.
fn get(stream: u32, path: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).unwrap();
    let path_and_host =
        [&[0x82, 0x86, 0x04, length(path)][..], path.as_bytes(), &[0x01, length("paylink")], b"paylink"];
    frame(HEADERS, 0x5, stream, &path_and_host.concat())
}

/// Connects, and says with how many bytes of an answer the other side may begin.
async fn connected(app: &App, window: u32) -> TcpStream {
    let mut stream = TcpStream::connect(app.hello.url.trim_start_matches("http://")).await.unwrap();
    let settings = [&4_u16.to_be_bytes()[..], &window.to_be_bytes()].concat();
    stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &settings)].concat()).await.unwrap();
    stream
}

/// The next frame: its kind, its flags and its content; `None` once the connection has ended.
async fn next(stream: &mut TcpStream) -> Option<(u8, u8, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut content = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut content).await.ok()?;
    Some((head[3], head[4], content))
}

#[tokio::test]
async fn a_connection_is_told_how_many_requests_it_may_have_at_once() {
    let app = App::start(Database::sqlite()).await;
    let mut stream = connected(&app, 0xffff).await;
    let (kind, flags, settings) = next(&mut stream).await.expect("it begins with its settings");
    assert_eq!((kind, flags), (SETTINGS, 0));
    let settings: Vec<(u16, u32)> = settings
        .chunks_exact(6)
        .map(|one| (u16::from_be_bytes([one[0], one[1]]), u32::from_be_bytes([one[2], one[3], one[4], one[5]])))
        .collect();
    assert!(settings.contains(&(3, 100)), "streams at once: {settings:?}");
    assert!(settings.contains(&(6, 16 * 1024)), "bytes of headers: {settings:?}");
}

#[tokio::test]
async fn whoever_asks_much_by_http2_and_takes_nothing_is_not_waited_for() {
    let app = App::start_apart(Database::sqlite()).await;
    app.anybody().get("/console").await.with_status(200);
    let before = app.status_of_process("VmRSS");
    let mut crowd = Vec::new();
    for _ in 0..20 {
        let mut stream = connected(&app, 0).await;
        // Odd numbers are the asking side's.
        let all: Vec<u8> = (0..100).flat_map(|number| get(2 * number + 1, "/console")).collect();
        stream.write_all(&all).await.unwrap();
        crowd.push(stream);
    }
    for mut stream in crowd {
        let (mut answers, mut bytes) = (0, 0);
        let told = async {
            while let Some((kind, _, content)) = next(&mut stream).await {
                match kind {
                    HEADERS => answers += 1,
                    DATA => bytes += content.len(),
                    _ => {}
                }
            }
        };
        timeout(PATIENCE, told).await.expect("it is closed");
        assert_eq!((answers, bytes), (100, 0), "it was answered, and took nothing");
    }
    let grown = app.status_of_process("VmRSS").saturating_sub(before) / 1024;
    println!("20 × 100 pages that nobody takes: {grown} MiB more memory");
    assert!(grown < 64, "{grown} MiB");
    app.anybody().get("/readyz").await.with_status(200);
}
