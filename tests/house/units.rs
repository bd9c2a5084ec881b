//! The systemd units give a process no more than it needs, according to systemd itself, and as compose.yaml does, the
//! time that it takes to stop.

use std::{fs, process::Command};

use crate::{not_tested, root};

#[test]
fn units_are_exposed_to_little() {
    let folder = root().join("packaging/systemd");
    let units: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(units.len(), 5);
    for unit in units {
        // 3.0 of 10, in tenths.
        let judged =
            Command::new("systemd-analyze").args(["security", "--offline=true", "--threshold=30"]).arg(&unit).output();
        match judged {
            Ok(judged) => {
                assert!(judged.status.success(), "{}: {}", unit.display(), String::from_utf8_lossy(&judged.stdout));
            }
            Err(_) => not_tested("systemd-analyze is not there; scripts/setup.sh test installs it"),
        }
    }
}

/// The whole number that follows `name` in a text, each time.
fn numbers(text: &str, name: &str) -> Vec<u64> {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    text.split(name).skip(1).map(|rest| digits(rest).parse().unwrap()).collect()
}

#[test]
fn a_process_is_given_the_time_that_it_takes_to_stop() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let example = read("paylink.example.toml");
    let takes: u64 =
        ["\nstop_grace_seconds = ", "\nstop_within_seconds = "].map(|name| numbers(&example, name)[0]).iter().sum();
    let mut given = numbers(&read("compose.yaml"), "stop_grace_period: ");
    for unit in ["paylink", "paylink-api", "paylink-worker", "paylink-scheduler"] {
        given.extend(numbers(&read(&format!("packaging/systemd/{unit}.service")), "TimeoutStopSec="));
    }
    assert!(
        given.len() == 5 && given.iter().all(|seconds| *seconds > takes),
        "{given:?} seconds, and it takes {takes}"
    );
}
