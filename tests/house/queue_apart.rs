//! The queues in Redis know nothing of payments, so that they could be a crate of their own.

use crate::{Source, assert_none, sources};

const HOME: &str = "queue/src/redis/";

/// The crates of the product.
const CRATES: [&str; 5] = ["api::", "domain::", "entity::", "scheduler::", "worker::"];

/// What the product is about, its name, and files beside the folder.
const OURS: [&str; 3] = ["merchant", "paylink", "\"../"];

/// The lines that reach out of the queues.
fn reaching_out(source: &Source) -> Vec<String> {
    let below = source.path.trim_start_matches(HOME);
    let top = "super::".repeat(if below == "mod.rs" { 1 } else { 2 + below.matches('/').count() });
    let reaches = |line: &str| {
        let elsewhere = line.replace("crate::redis::", "").contains("crate::");
        let mut paths = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
        let elsewhere = elsewhere || paths.any(|path| CRATES.iter().any(|ours| path.starts_with(ours)));
        elsewhere || line.contains(&top) || OURS.iter().any(|ours| line.to_lowercase().contains(ours))
    };
    let lines = source.text.lines().enumerate().filter(|(_, line)| reaches(line));
    lines.map(|(at, line)| format!("{}:{}: {}", source.path, at + 1, line.trim())).collect()
}

#[test]
fn the_queues_in_redis_use_nothing_of_the_product() {
    let mut all = sources(&[".rs", ".lua"]);
    all.retain(|source| source.path.starts_with(HOME));
    assert!(all.len() > 20, "they are found");
    assert_none(&all.iter().flat_map(reaching_out).collect::<Vec<_>>(), "of the product, not of a queue");
}

#[test]
fn what_reaches_out_of_the_queues_is_found() {
    for line in [
        "use super::super::Kind;",
        "use crate::flow::Urgency;",
        "    domain::with_sources(&error)",
        "/// The merchant's lane.",
        "include_str!(\"../live/look.lua\")",
        "const ERRORS: &str = \"paylink_redis_errors_total\";",
    ] {
        let source = Source { path: format!("{HOME}ack.rs"), text: line.to_owned() };
        assert_eq!(reaching_out(&source).len(), 1, "{line}");
    }
    let own = Source {
        path: format!("{HOME}ack.rs"),
        text: "use crate::redis::metrics;\nuse apalis_core::worker::Event;".to_owned(),
    };
    assert_eq!(reaching_out(&own), Vec::<String>::new());
}
