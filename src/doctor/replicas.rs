//! The number of processes of each role and their database connections.

use std::str::FromStr;

use crate::role::Role;

/// The number of processes of each role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Replicas {
    up: u32,
    api: u32,
    worker: u32,
    scheduler: u32,
}

impl Replicas {
    /// The most connections that they open, with pools of this size.
    pub(super) fn connections(self, pool: u32) -> u32 {
        let roles = [
            (self.up, Role::Up),
            (self.api, Role::Api),
            (self.worker, Role::Worker),
            (self.scheduler, Role::Scheduler),
        ];
        roles.iter().map(|(count, role)| count.saturating_mul(pool.saturating_add(role.connections_aside()))).sum()
    }
}

impl FromStr for Replicas {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut replicas = Self::default();
        for part in text.split(',') {
            let count = part.split_once('=').and_then(|(role, count)| Some((role.trim(), count.trim().parse().ok()?)));
            match count {
                Some(("up", count)) => replicas.up = count,
                Some(("api", count)) => replicas.api = count,
                Some(("worker", count)) => replicas.worker = count,
                Some(("scheduler", count)) => replicas.scheduler = count,
                _ => return Err(format!("{part:?} is not like api=2, worker=4, scheduler=2 or up=1")),
            }
        }
        Ok(replicas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_added_up_over_all_processes() {
        let replicas: Replicas = "api=2,worker=3, scheduler=1".parse().unwrap();
        assert_eq!(replicas.connections(10), 2 * 14 + 3 * 16 + 10);
        assert_eq!("up=1".parse::<Replicas>().unwrap().connections(10), 20);
        for wrong in ["", "api", "api=x", "web=1"] {
            assert!(wrong.parse::<Replicas>().is_err(), "{wrong}");
        }
    }
}
