//! The leases that a backend holds.

use std::collections::HashMap;

use uuid::Uuid;

use super::Delivery;

/// Each job that was claimed and not yet acknowledged takes a slot.
#[derive(Debug, Default)]
pub(super) struct Leases(HashMap<Uuid, Hold>);

#[derive(Debug)]
struct Hold {
    delivery: Delivery,
    /// Somebody else may have it: it is not renewed, and the answer will not count.
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

    /// Takes a slot for a job that was claimed. False if it has one: its lease had run out and we claimed it from
    /// ourselves. It is being handled and must not be started again beside itself; its answer counts for the new
    /// delivery.
    pub(super) fn take(&mut self, delivery: Delivery) -> bool {
        let hold = Hold { delivery, lost: false };
        self.0.insert(delivery.job, hold).is_none()
    }

    /// Frees the slot; returns the job as it was claimed last.
    pub(super) fn free(&mut self, job: Uuid) -> Option<Delivery> {
        self.0.remove(&job).map(|hold| hold.delivery)
    }

    /// A job that has a slot, as it was claimed last.
    pub(super) fn get(&self, job: Uuid) -> Option<Delivery> {
        self.0.get(&job).map(|hold| hold.delivery)
    }

    /// What is to be renewed.
    pub(super) fn kept(&self) -> Vec<Delivery> {
        let kept = self.0.values().filter(|hold| !hold.lost);
        kept.map(|hold| hold.delivery).collect()
    }

    /// Notes that a lease went to somebody else.
    pub(super) fn lose(&mut self, job: Uuid) {
        if let Some(hold) = self.0.get_mut(&job) {
            hold.lost = true;
        }
    }
}
