//! What has changed, for whoever is looking at it: ids, and no more.
//!
//! A change is noted by the function that makes it, and published by whoever runs the whole ([`collect`]) once it is committed: if
//! each caller had to publish by hand, one of them would forget. A change that was rolled back may be published too; whoever looks
//! again then sees what was there before.

use std::cell::RefCell;

use crate::{Message, link};
use domain::{ConversationId, LinkId, MerchantId, MessageId, OrderId};

/// Something that has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// A payment link, or its timeline.
    Link {
        /// The merchant that owns it.
        merchant: MerchantId,
        /// The payment link.
        link: LinkId,
        /// What it is for.
        order: OrderId,
    },
    /// A message, or that there is one.
    Message {
        /// The merchant that owns it.
        merchant: MerchantId,
        /// The message.
        message: MessageId,
        /// Where it was said.
        conversation: ConversationId,
        /// The link that it carries.
        link: Option<LinkId>,
    },
    /// An order's tag, or that there is an order.
    Order {
        /// The merchant that owns it.
        merchant: MerchantId,
        /// The order.
        order: OrderId,
    },
    /// A merchant's credits.
    Credits {
        /// The merchant whose balance has changed.
        merchant: MerchantId,
    },
}

impl Change {
    /// Whose it is.
    #[must_use]
    pub const fn merchant(&self) -> MerchantId {
        match self {
            Self::Link { merchant, .. }
            | Self::Message { merchant, .. }
            | Self::Order { merchant, .. }
            | Self::Credits { merchant } => *merchant,
        }
    }
}

tokio::task_local! {
    static NOTED: RefCell<Vec<Change>>;
}

/// Runs something to its end, and answers what it has changed too.
pub async fn collect<F: Future>(work: F) -> (F::Output, Vec<Change>) {
    NOTED
        .scope(RefCell::default(), async {
            let output = work.await;
            (output, NOTED.with(RefCell::take))
        })
        .await
}

/// Notes a change. Where nobody gathers, nobody is told.
pub fn note(change: Change) {
    let _nobody_gathers = NOTED.try_with(|noted| {
        let mut noted = noted.borrow_mut();
        if !noted.contains(&change) {
            noted.push(change);
        }
    });
}

pub(crate) fn link(link: &link::Model) {
    note(Change::Link { merchant: link.merchant_id, link: link.id, order: link.order_id });
}

pub(crate) fn message(message: &Message) {
    note(Change::Message {
        merchant: message.merchant_id,
        message: message.id,
        conversation: message.conversation_id,
        link: message.link_id,
    });
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;

    #[tokio::test]
    async fn what_is_noted_is_gathered_once_and_by_the_innermost() {
        let one = Change::Credits { merchant: MerchantId::new(Utc::now()) };
        let other = Change::Credits { merchant: MerchantId::new(Utc::now()) };
        note(one);
        let (inner, outer) = collect(async {
            note(one);
            tokio::task::yield_now().await;
            note(one);
            let ((), inner) = collect(async { note(other) }).await;
            inner
        })
        .await;
        assert_eq!((inner, outer), (vec![other], vec![one]));
    }
}
