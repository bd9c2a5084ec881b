//! The callback for committed changes.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, OnceLock},
};

use domain::MerchantId;

use crate::change::Change;

type OnCommit = Box<dyn Fn(BTreeSet<MerchantId>) + Send + Sync>;

/// Is called after each commit with the merchants whose changes it wrote. There is at most one, for all connections to
/// a database.
#[derive(Clone, Default)]
pub(super) struct CommitListener(Arc<OnceLock<OnCommit>>);

impl CommitListener {
    pub(super) fn set(&self, on_commit: OnCommit) {
        // The first one stays: a process numbers changes in one place.
        let _ = self.0.set(on_commit);
    }

    pub(super) fn publish(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        if let Some(on_commit) = self.0.get() {
            on_commit(changes.iter().map(Change::merchant).collect());
        }
    }
}

impl fmt::Debug for CommitListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommitListener")
    }
}
