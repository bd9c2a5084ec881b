//! The alert rules: their metrics exist, each is documented, and they fire when they should.

use std::{collections::BTreeSet, fs, process::Command};

use crate::{assert_none, not_tested, root, sources};

fn rules() -> String {
    fs::read_to_string(root().join("docs/prometheus/alerts.yml")).unwrap()
}

#[test]
fn each_alert_is_told_of_and_tested_and_about_figures_that_there_are() {
    let (rules, told) = (rules(), fs::read_to_string(root().join("docs/alerts.md")).unwrap());
    let tests = fs::read_to_string(root().join("docs/prometheus/alerts.test.yml")).unwrap();
    let rust: String = sources(&[".rs"])
        .into_iter()
        .filter(|source| !source.path.starts_with("tests/"))
        .map(|source| source.text)
        .collect();
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() >= 10);
    let mut wrong = Vec::new();
    for alert in &alerts {
        if !told.contains(&format!("\n## {alert}\n")) {
            wrong.push(format!("{alert} is not in docs/alerts.md"));
        }
        if !tests.contains(alert) {
            wrong.push(format!("{alert} is not tested"));
        }
    }
    let words = rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let metrics: BTreeSet<&str> = words.filter(|word| word.starts_with("paylink_")).collect();
    let known = |name: &str| rust.contains(name) || rust.contains(name.trim_end_matches("_bucket"));
    wrong.extend(metrics.iter().filter(|name| !known(name)).map(|name| format!("{name} is no metric")));
    assert_none(&wrong, "alerts");
}

#[test]
fn alerts_fire_when_they_should_and_not_otherwise() {
    let tested = Command::new("promtool")
        .args(["test", "rules", "alerts.test.yml"])
        .current_dir(root().join("docs/prometheus"))
        .output();
    match tested {
        Ok(tested) => assert!(tested.status.success(), "{tested:?}"),
        Err(_) => not_tested("promtool is not there; scripts/setup.sh test installs it"),
    }
}
