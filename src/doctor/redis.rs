//! Redis: permissions and configuration.

use chrono::{TimeDelta, Utc};
use domain::Clock;
use entity::SKEW_LIMIT;
use queue::redis::{Finding, Node};

use super::report::Report;
use crate::{data_dir::DataDir, queues::open_queues, settings::Settings};

pub(super) async fn look(settings: &Settings, data: &DataDir, report: &mut Report) {
    let queues = match open_queues(settings, data, Clock::system()) {
        Ok(queues) => queues,
        Err(error) => {
            return report.failed(
                "redis",
                error.with_sources(),
                "set PAYLINK_REDIS_URL to a URL as paylink.example.toml shows them",
            );
        }
    };
    let found = queue::inspect(&queues).await;
    for node in &found.nodes {
        report.ok("redis", told(node));
        clock(node, report);
    }
    for finding in found.findings {
        let (said, change) = told_finding(&finding);
        if finding.is_fatal() { report.failed("redis", said, change) } else { report.warn("redis", said, change) }
    }
}

/// Its clock decides nothing of ours, but its log and ours are read together.
fn clock(node: &Node, report: &mut Report) {
    let off = node.time.map_or(TimeDelta::zero(), |time| Utc::now() - time);
    if off.abs() > SKEW_LIMIT {
        let address = node.address.as_deref().unwrap_or("it");
        report.warn(
            "redis",
            format!("this machine's clock is {} s off that of {address}", off.num_seconds()),
            "set both right (chrony, systemd-timesyncd)",
        );
    }
}

fn told(node: &Node) -> String {
    let Node { address, version, mode, is_primary, .. } = node;
    let address = address.as_deref().unwrap_or("it");
    let role = if *is_primary { "a primary" } else { "a replica" };
    format!("{address} is {version}, {mode}, {role}")
}

/// The text of a finding, which names the problem, and what to change.
fn told_finding(finding: &Finding) -> (String, &'static str) {
    let change = match finding {
        Finding::Away(_) => {
            "see that it runs, that it speaks TLS if the URL begins with rediss and not otherwise, and that the URL, the user, the \
             password and the certificates are right"
        }
        Finding::ServerAway { .. } => "start it again, or take it out of PAYLINK_REDIS_URL",
        Finding::OtherMode { .. } => "change PAYLINK_REDIS_URL; for TLS it begins with rediss; restart every role",
        Finding::Refused { .. } => "ACL SETUSER <user> ~<prefix>:* &<prefix>:* +@all -@admin -@dangerous +info +role",
        Finding::Full(_) => "raise maxmemory (CONFIG SET maxmemory …), or find out what fills it: paylink jobs list",
        Finding::ReadOnly(_) => {
            "lead PAYLINK_REDIS_URL to the primary, or name the Sentinels, which know it: redis+sentinel://…/name"
        }
        Finding::Unsaved(_) => "make room on the disk of Redis; its own log says what failed",
        Finding::Evicts(_) => "CONFIG SET maxmemory-policy noeviction",
        Finding::NearlyFull(_) => "raise maxmemory",
        Finding::Forgets(_) => "CONFIG SET appendonly yes",
        Finding::TooOld(_) => "install a newer one",
        Finding::Silent(_) => "allow its user +info",
    };
    (finding.to_string(), change)
}
