//! One Redis for all tests of a run that do not damage it, each with a prefix of its own.

use std::{
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::wait::comes_true;

/// Ends the server, and removes its folder, when the tests are over: see `postgres.rs`.
const WATCHDOG: &str = r#"
trap '' INT TERM HUP
redis-server --port 0 --unixsocket "$1/redis.sock" --save "" --appendonly no --dir "$1" &
cat
kill -KILL $!
rm -rf "$1"
"#;

/// The running server.
struct SharedRedis {
    url: String,
    /// Holds the pipe that keeps the server running.
    _watchdog: Child,
}

/// The settings that give an installation a part of it.
pub(crate) fn a_part_of_redis() -> [(&'static str, String); 2] {
    static SERVER: OnceLock<SharedRedis> = OnceLock::new();
    static COUNT: AtomicUsize = AtomicUsize::new(1);
    let prefix = format!("paylink-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    [("PAYLINK_REDIS_URL", SERVER.get_or_init(start).url.clone()), ("PAYLINK_REDIS_PREFIX", prefix)]
}

fn start() -> SharedRedis {
    let place = tempfile::Builder::new().prefix("paylink-redis-").tempdir().unwrap().keep();
    let mut watchdog = Command::new("sh");
    watchdog.args(["-c", WATCHDOG, "watchdog"]).arg(&place);
    let watchdog = watchdog.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let socket = place.join("redis.sock");
    let answers = || {
        let asked = Command::new("redis-cli").arg("-s").arg(&socket).arg("PING").output().unwrap();
        asked.stdout.starts_with(b"PONG")
    };
    assert!(comes_true(answers), "Redis does not start");
    SharedRedis { url: format!("redis+unix://{}", socket.display()), _watchdog: watchdog }
}
