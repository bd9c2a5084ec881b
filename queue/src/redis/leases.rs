//! The leases held by one backend.

use std::collections::HashMap;

use uuid::Uuid;

use super::Delivery;

/// The claimed jobs that are not yet acknowledged. Each takes a slot.
#[derive(Debug, Default)]
pub(super) struct Leases(HashMap<Uuid, Hold>);

#[derive(Debug)]
struct Hold {
    delivery: Delivery,
    /// Another worker may hold it: it is not renewed, and its answer is ignored.
    lost: bool,
}

impl Leases {
    /// How many slots are taken.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a slot for a claimed job. Returns `false` if the job already has one: its lease ran out and we claimed it
    /// again ourselves. It is still running and must not be started twice; its answer counts for the new delivery.
    pub(super) fn take(&mut self, delivery: Delivery) -> bool {
        let hold = Hold { delivery, lost: false };
        self.0.insert(delivery.job, hold).is_none()
    }

    /// Frees the slot and returns the latest delivery of the job.
    pub(super) fn free(&mut self, job: Uuid) -> Option<Delivery> {
        self.0.remove(&job).map(|hold| hold.delivery)
    }

    /// The latest delivery of a job that has a slot.
    pub(super) fn get(&self, job: Uuid) -> Option<Delivery> {
        self.0.get(&job).map(|hold| hold.delivery)
    }

    /// The leases to renew.
    pub(super) fn kept(&self) -> Vec<Delivery> {
        let kept = self.0.values().filter(|hold| !hold.lost);
        kept.map(|hold| hold.delivery).collect()
    }

    /// Marks a lease as lost to another worker.
    pub(super) fn lose(&mut self, job: Uuid) {
        if let Some(hold) = self.0.get_mut(&job) {
            hold.lost = true;
        }
    }
}
