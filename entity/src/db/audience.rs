//! Callbacks that are told what was committed.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, OnceLock},
};

use domain::MerchantId;

use crate::change::Change;

type Tell = Box<dyn Fn(BTreeSet<MerchantId>) + Send + Sync>;

/// Is told, after each commit, whose changes were written by it. There is at most one, for all connections to a database.
#[derive(Clone, Default)]
pub(super) struct Audience(Arc<OnceLock<Tell>>);

impl Audience {
    pub(super) fn set(&self, tell: Tell) {
        // The first stays: a process has one place where changes are numbered.
        let _ = self.0.set(tell);
    }

    pub(super) fn tell(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        if let Some(tell) = self.0.get() {
            tell(changes.iter().map(Change::merchant).collect());
        }
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audience")
    }
}
