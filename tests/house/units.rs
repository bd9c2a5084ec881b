//! The systemd units give a process no more than it needs, according to systemd itself.

use std::{fs, process::Command};

use crate::root;

#[test]
fn units_are_exposed_to_little() {
    let folder = root().join("packaging/systemd");
    let units: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(units.len(), 4);
    for unit in units {
        // 3.0 of 10, in tenths.
        let judged =
            Command::new("systemd-analyze").args(["security", "--offline=true", "--threshold=30"]).arg(&unit).output();
        match judged {
            Ok(judged) => {
                assert!(judged.status.success(), "{}: {}", unit.display(), String::from_utf8_lossy(&judged.stdout));
            }
            Err(_) => eprintln!("NOT TESTED: systemd-analyze is not there"),
        }
    }
}
