//! What changes are about, as it is now.

use std::collections::{BTreeSet, HashMap};

use domain::{LinkId, MerchantId, MessageId, OrderId};
use entity::{
    Order,
    change::{About, NumberedChange},
    conversation, link, merchant, message, notice, order,
};
use poem_openapi::Union;

use crate::{
    Api, Problem,
    v1::{credits::BalanceView, link_view::LinkView, message_view::MessageView, order_view::OrderView},
};

/// What a change is about: an order without its links, a payment link, a message, or the credits.
#[derive(Debug, Clone, Union)]
#[oai(rename = "ChangedResource")]
pub(in crate::v1) enum Resource {
    Link(LinkView),
    Message(MessageView),
    Order(OrderView),
    Credits(BalanceView),
}

/// What some changes are about, each read once.
pub(in crate::v1) struct Resources {
    orders: HashMap<OrderId, OrderView>,
    links: HashMap<LinkId, LinkView>,
    messages: HashMap<MessageId, MessageView>,
    credits: Option<BalanceView>,
}

impl Resources {
    /// Reads what these changes of a merchant are about.
    pub(in crate::v1) async fn of(
        api: &Api,
        merchant: MerchantId,
        changes: &[NumberedChange],
    ) -> Result<Self, Problem> {
        let orders = changes.iter().filter_map(NumberedChange::order).collect();
        let links = changes.iter().filter_map(NumberedChange::link).collect();
        let messages = changes.iter().filter_map(NumberedChange::message).collect();
        let needs_credits = changes.iter().any(|change| change.kind.about() == About::Credits);
        Ok(Self {
            orders: read_orders(api, merchant, orders).await?,
            links: read_links(api, merchant, links).await?,
            messages: read_messages(api, merchant, messages).await?,
            credits: if needs_credits { Some(read_credits(api, merchant).await?) } else { None },
        })
    }

    /// What this one is about; `None` if nothing is left of it.
    pub(in crate::v1) fn of_change(&self, change: &NumberedChange) -> Option<Resource> {
        match change.kind.about() {
            About::Order => self.orders.get(&change.order()?).cloned().map(Resource::Order),
            About::Link => self.links.get(&change.link()?).cloned().map(Resource::Link),
            About::Message => self.messages.get(&change.message()?).cloned().map(Resource::Message),
            About::Credits => self.credits.clone().map(Resource::Credits),
            About::Attention => None,
        }
    }
}

async fn read_orders(
    api: &Api,
    merchant: MerchantId,
    ids: BTreeSet<OrderId>,
) -> Result<HashMap<OrderId, OrderView>, Problem> {
    let found = order::find_all(api.db.pool(), merchant, ids).await?;
    let notices = notice::of_orders(api.db.pool(), &api.vault, merchant, &found).await?;
    let view = |order: Order| {
        let notices = notices.get(&order.id).map(Vec::as_slice).unwrap_or_default();
        Ok((order.id, OrderView::of(order, None)?.with_notices(notices)))
    };
    found.into_iter().map(view).collect()
}

async fn read_links(
    api: &Api,
    merchant: MerchantId,
    ids: BTreeSet<LinkId>,
) -> Result<HashMap<LinkId, LinkView>, Problem> {
    let found = link::find_all(api.db.pool(), merchant, ids).await?;
    let texts = message::last_of_links(api.db.pool(), merchant, found.iter().map(|(link, _)| link.id)).await?;
    let view = |(link, timeline): (link::Model, _)| {
        let delivery = texts.get(&link.id).copied();
        Ok((link.id, LinkView::of(api, link, timeline, delivery)?))
    };
    found.into_iter().map(view).collect()
}

async fn read_messages(
    api: &Api,
    merchant: MerchantId,
    ids: BTreeSet<MessageId>,
) -> Result<HashMap<MessageId, MessageView>, Problem> {
    let found = message::find_all(api.db.pool(), merchant, ids).await?;
    let of: BTreeSet<_> = found.iter().map(|message| message.conversation_id).collect();
    let phones = if of.is_empty() { HashMap::new() } else { conversation::phones(api.db.pool(), of).await? };
    let view = |message: entity::Message| {
        let phone = phones.get(&message.conversation_id);
        (message.id, MessageView::of(message, phone))
    };
    Ok(found.into_iter().map(view).collect())
}

async fn read_credits(api: &Api, merchant: MerchantId) -> Result<BalanceView, Problem> {
    BalanceView::read(api, merchant::get(api.db.pool(), merchant).await?).await
}
