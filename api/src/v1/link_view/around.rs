//! What is shown of links and stands in other tables.

use std::collections::HashMap;

use domain::{LinkId, link::money_back::UnfinishedRefund, message::MessageStatus};
use entity::{link, message};
use sea_orm::{ConnectionTrait, DbErr};

/// What stands there of some links.
pub(in crate::v1) struct Around {
    texts: HashMap<LinkId, MessageStatus>,
    refunds: HashMap<LinkId, UnfinishedRefund>,
}

/// The same of one link. A new link has none of it.
#[derive(Clone, Copy, Default)]
pub(in crate::v1) struct OfLink {
    /// The status of its last text.
    pub(super) delivery: Option<MessageStatus>,
    /// Its refund that is under way, or failed.
    pub(super) refund: Option<UnfinishedRefund>,
}

impl Around {
    /// What stands there of these links of one merchant.
    pub(in crate::v1) async fn of(db: &impl ConnectionTrait, links: Vec<&link::Model>) -> Result<Self, DbErr> {
        let Some(first) = links.first() else {
            return Ok(Self { texts: HashMap::new(), refunds: HashMap::new() });
        };
        let texts = message::last_of_links(db, first.merchant_id, links.iter().map(|link| link.id)).await?;
        Ok(Self { texts, refunds: link::unfinished_refunds(db, links).await? })
    }

    pub(in crate::v1) fn of_link(&self, link: &link::Model) -> OfLink {
        OfLink { delivery: self.texts.get(&link.id).copied(), refund: self.refunds.get(&link.id).copied() }
    }
}
