//! How long the disk alone takes to store something: no commit can be faster, and when it stalls, so do commits.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    thread,
    time::{Duration, Instant},
};

use super::load::Report;

/// At least as much as a commit writes.
const PAGE: [u8; 8192] = [7; 8192];
const PAGES: u64 = 2_000;

/// Writes and syncs a page this many times a second, for this long.
pub(crate) fn alone((rate, long): (u32, Duration)) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let file = File::create(folder.path().join("log")).unwrap();
    (0..PAGES).for_each(|page| file.write_all_at(&PAGE, page * 8192).unwrap());
    file.sync_all().unwrap();
    let (began, mut latencies) = (Instant::now(), Vec::new());
    for number in 0..rate * u32::try_from(long.as_secs()).unwrap() {
        let due = began + Duration::from_secs(1) / rate * number;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        file.write_all_at(&PAGE, u64::from(number) % PAGES * 8192).unwrap();
        file.sync_data().unwrap();
        latencies.push(due.elapsed());
    }
    Report { latencies, elapsed: began.elapsed(), ..Report::default() }
}
