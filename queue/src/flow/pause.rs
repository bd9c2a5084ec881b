//! Pauses as a worker sees them. They are kept in the database, which each worker polls once a second.
//!
//! Jobs of a paused kind are not claimed. Notifications of a paused merchant are dropped at the claim: the jobs stay in
//! their rows, the scheduler does not notify Redis of them during the pause, and the end of the pause notifies it
//! again.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};

use domain::MerchantId;
use entity::pause::{self, PauseSubject};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::{Kind, enqueue::of_lane};

/// What can be paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Paused {
    /// All jobs of a kind.
    Kind(Kind),
    /// All jobs of a merchant.
    Merchant(MerchantId),
}

impl Paused {
    /// Its representation in the database.
    #[must_use]
    pub fn subject(self) -> PauseSubject {
        match self {
            Self::Kind(kind) => PauseSubject::Kind(kind.to_string()),
            Self::Merchant(merchant) => PauseSubject::Merchant(merchant),
        }
    }

    /// The merchant whose jobs are paused, if it is not a kind.
    #[must_use]
    pub const fn merchant(self) -> Option<MerchantId> {
        match self {
            Self::Kind(_) => None,
            Self::Merchant(merchant) => Some(merchant),
        }
    }
}

impl std::fmt::Display for Paused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.subject().fmt(f)
    }
}

/// The pauses as last read. Cheap to clone; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Pauses(Arc<RwLock<KnownPauses>>);

#[derive(Debug, Default, PartialEq, Eq)]
struct KnownPauses {
    kinds: HashSet<String>,
    /// The lanes of paused merchants.
    lanes: HashSet<Uuid>,
}

impl Pauses {
    /// Reads the pauses from the database.
    ///
    /// # Errors
    /// Returns an error if the database query fails; then the last known pauses stay.
    pub async fn read(&self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        let mut known = KnownPauses::default();
        for pause in pause::all(db).await? {
            known.kinds.extend(pause.kind);
            known.lanes.extend(pause.merchant_id.map(MerchantId::uuid));
        }
        let mut before = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if *before != known {
            tracing::info!(kinds = ?known.kinds, merchants = known.lanes.len(), "what is paused has changed");
            *before = known;
        }
        Ok(())
    }

    /// Whether the kind was paused when they were last read.
    #[must_use]
    pub fn has(&self, kind: Kind) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).kinds.contains(kind.as_str())
    }

    /// Whether a claimed job must not run. Jobs that look paused are checked in the database, since notifications sent
    /// at the end of a pause must not be dropped.
    pub(crate) async fn hold(&self, db: &impl ConnectionTrait, kind: Kind, of: Uuid) -> Result<bool, DbErr> {
        let of = of_lane(of);
        let seems = self.has(kind) || self.0.read().unwrap_or_else(PoisonError::into_inner).lanes.contains(&of);
        if !seems {
            return Ok(false);
        }
        let merchant = PauseSubject::Merchant(MerchantId::from_uuid(of));
        pause::is_any(db, &[&Paused::Kind(kind).subject(), &merchant]).await
    }
}
