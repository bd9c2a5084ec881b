//! What reading one file may cost.

use std::cell::Cell;

use super::syntax::Fault;

/// Bytes read, bytes decompressed and bytes of memory for what was read, all together. An invoice of a thousand pages
/// takes a few million.
const MOST: usize = 128 << 20;

/// The most that one stream of the structure may expand to.
const ONE_STREAM: usize = 32 << 20;

/// What is left to spend on a file. Everything that a hostile file could multiply is charged to it.
#[derive(Debug)]
pub(super) struct Budget {
    left: Cell<usize>,
}

impl Default for Budget {
    fn default() -> Self {
        Self::of(MOST)
    }
}

impl Budget {
    pub(super) fn of(bytes: usize) -> Self {
        Self { left: Cell::new(bytes) }
    }

    /// Pays for `cost` bytes of work or memory.
    pub(super) fn spend(&self, cost: usize) -> Result<(), Fault> {
        let left = self.left.get().checked_sub(cost).ok_or(Fault::OverBudget)?;
        self.left.set(left);
        Ok(())
    }

    /// How many bytes the next stream may expand to.
    pub(super) fn stream_limit(&self) -> usize {
        self.left.get().min(ONE_STREAM)
    }
}
