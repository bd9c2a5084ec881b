//! A merchant's feed of changes, written in the transaction that makes them.
//!
//! A function that changes something reports it to its [`Transaction`](crate::Transaction)
//! ([`changed`](crate::Transaction::changed)), which writes all changes with one statement on commit: one row for each
//! merchant, holding the set of what changed. So there is no effect without its change and no change without its
//! effect, and callers need not think about it. A row holds ids and no contents: the contents are looked up when the
//! feed is read, so erased data cannot linger in it.
//!
//! Numbers are assigned after the commit ([`number()`]), under one lock per merchant. They have no gaps, and each
//! becomes visible only after all before it.

mod count;
mod feed;
mod number;
mod numbered;
mod set;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub(crate) use feed::first_since;
pub use feed::{Feed, after, begin_anew, feed, forget_before, oldest};
pub use number::{Numbered, number, unnumbered};
pub use numbered::NumberedChange;
pub(crate) use set::insert_all;

pub use domain::change::{ChangeKind, ChangeSubject};

use crate::{link, message::Model as Message};
use domain::{LinkId, MerchantId, OrderId};

/// A change to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    merchant: MerchantId,
    kind: ChangeKind,
    at: DateTime<Utc>,
    subject: Uuid,
    order: Option<Uuid>,
    conversation: Option<Uuid>,
    link: Option<Uuid>,
}

impl Change {
    const fn new(merchant: MerchantId, kind: ChangeKind, subject: Uuid, at: DateTime<Utc>) -> Self {
        Self { merchant, kind, at, subject, order: None, conversation: None, link: None }
    }

    /// A change of an order.
    #[must_use]
    pub const fn order(kind: ChangeKind, merchant: MerchantId, order: OrderId, at: DateTime<Utc>) -> Self {
        Self::new(merchant, kind, order.uuid(), at)
    }

    /// A change of a link.
    #[must_use]
    pub const fn link(kind: ChangeKind, link: &link::Model, at: DateTime<Utc>) -> Self {
        let change = Self::new(link.merchant_id, kind, link.id.uuid(), at);
        Self { order: Some(link.order_id.uuid()), ..change }
    }

    /// A link reached its current state.
    #[must_use]
    pub(crate) const fn of_state(link: &link::Model, at: DateTime<Utc>) -> Self {
        Self::link(ChangeKind::of_link_in(link.state), link, at)
    }

    /// An entry was added to the timeline of a link of which only the id is known.
    #[must_use]
    pub(crate) const fn timeline(merchant: MerchantId, link: LinkId, at: DateTime<Utc>) -> Self {
        Self::new(merchant, ChangeKind::LinkUpdated, link.uuid(), at)
    }

    /// A change of a message.
    #[must_use]
    pub fn message(kind: ChangeKind, message: &Message, at: DateTime<Utc>) -> Self {
        let change = Self::new(message.merchant_id, kind, message.id.uuid(), at);
        Self { conversation: Some(message.conversation_id.uuid()), link: message.link_id.map(LinkId::uuid), ..change }
    }

    /// A message reached its current status.
    #[must_use]
    pub(crate) fn of_status(message: &Message, at: DateTime<Utc>) -> Self {
        Self::message(ChangeKind::of_message_in(message.status), message, at)
    }

    /// A change of a merchant's credits.
    #[must_use]
    pub const fn credits(kind: ChangeKind, merchant: MerchantId, at: DateTime<Utc>) -> Self {
        Self::new(merchant, kind, merchant.uuid(), at)
    }

    /// A change of a matter, by its plain id: [`ChangeKind::AttentionOpened`] or [`ChangeKind::AttentionResolved`].
    #[must_use]
    pub const fn attention(kind: ChangeKind, merchant: MerchantId, attention: Uuid, at: DateTime<Utc>) -> Self {
        Self::new(merchant, kind, attention, at)
    }

    /// The merchant it belongs to.
    #[must_use]
    pub const fn merchant(&self) -> MerchantId {
        self.merchant
    }
}

/// The changes of one transaction so far.
#[derive(Debug, Default)]
pub(crate) struct TransactionChanges(Vec<Change>);

impl TransactionChanges {
    /// Adds a change. A link shows the status of its last text, so a change of a text also changes its link.
    pub(crate) fn add(&mut self, change: Change) {
        self.0.push(change);
        if let Some(link) = change.link {
            self.0.push(Change::new(change.merchant, ChangeKind::LinkUpdated, link, change.at));
        }
    }

    pub(crate) fn append(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    /// Takes the changes to write, without duplicates and without general updates that another change of the same
    /// resource implies.
    pub(crate) fn take(&mut self) -> Vec<Change> {
        let all = std::mem::take(&mut self.0);
        let about = |change: &Change| (change.merchant, change.kind.about().as_str(), change.subject);
        let told: std::collections::HashSet<_> =
            all.iter().filter(|change| !change.kind.says_little()).map(about).collect();
        let mut seen = std::collections::HashSet::new();
        all.into_iter()
            .filter(|change| !(change.kind.says_little() && told.contains(&about(change))))
            .filter(|change| seen.insert((about(change), change.kind)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_tells_each_change_once_and_says_the_most_of_it() {
        let (now, mut changes) = (Utc::now(), TransactionChanges::default());
        let merchant = MerchantId::new(now);
        let (one, other) = (OrderId::new(now), OrderId::new(now));
        let kinds =
            |changes: &mut TransactionChanges| changes.take().iter().map(|change| change.kind).collect::<Vec<_>>();
        for (kind, order) in [
            (ChangeKind::OrderUpdated, one),
            (ChangeKind::OrderCreated, one),
            (ChangeKind::OrderUpdated, one),
            (ChangeKind::OrderUpdated, other),
            (ChangeKind::OrderUpdated, other),
        ] {
            changes.add(Change::order(kind, merchant, order, now));
        }
        assert_eq!(kinds(&mut changes), [ChangeKind::OrderCreated, ChangeKind::OrderUpdated]);
        assert!(changes.take().is_empty());
        for kind in [ChangeKind::CreditsUpdated, ChangeKind::CreditsLow, ChangeKind::CreditsUpdated] {
            changes.add(Change::credits(kind, merchant, now));
        }
        assert_eq!(kinds(&mut changes), [ChangeKind::CreditsLow]);
    }
}
