//! The CPU time of processes, from `/proc`.

use std::{fs, process::Child, time::Duration};

use nix::unistd::Pid;

use super::load::Report;

/// A server and its processes: this one, and optionally its children.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) process: Pid,
}

impl Part {
    pub(crate) fn new(name: &'static str, process: &Child) -> Self {
        Self { name, process: Pid::from_raw(i32::try_from(process.id()).unwrap()) }
    }
}

/// Runs a load, and records its cost for each of these.
pub(crate) async fn of(parts: &[Part], load: impl Future<Output = Report>) -> Report {
    let before: Vec<Duration> = parts.iter().map(|part| spent(part.process)).collect();
    let mut report = load.await;
    report.cpu = parts
        .iter()
        .zip(before)
        .map(|(part, before)| (part.name, spent(part.process).checked_sub(before).unwrap()))
        .collect();
    report
}

/// The CPU time of a process and its children, including those that have ended.
fn spent(process: Pid) -> Duration {
    let process = process.as_raw();
    let children = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let all = children.filter_map(stat).filter(|stat| stat.process == process || stat.parent == process);
    all.map(|stat| if stat.process == process { stat.own + stat.ended_children } else { stat.own }).sum()
}

struct Stat {
    process: i32,
    parent: i32,
    own: Duration,
    ended_children: Duration,
}

fn stat(process: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may contain anything.
    let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
    // A clock tick is a hundredth of a second on every Linux that Rust supports.
    let ticks = |at: usize| Some(Duration::from_millis(fields.get(at)?.parse::<u64>().ok()? * 10));
    Some(Stat {
        process,
        parent: fields.get(1)?.parse().ok()?,
        own: ticks(11)? + ticks(12)?,
        ended_children: ticks(13)? + ticks(14)?,
    })
}
