//! The current state of the resources that changes are about.

use std::collections::{BTreeSet, HashMap};

use domain::{AttentionId, LinkId, MerchantId, MessageId, OrderId};
use entity::{
    Order,
    attention::{self, Attention},
    change::{ChangeSubject, NumberedChange},
    conversation, link,
    list::{MOST_AT_ONCE, fitting},
    merchant, message, order, picture,
};
use poem_openapi::Union;
use sea_orm::DbErr;

use crate::{
    Api,
    v1::{
        attention::{AttentionView, MatterSubjects},
        credits::BalanceView,
        link_view::{Around, LinkView},
        message_view::MessageView,
        order_view::OrderView,
    },
};

/// The resource of a change: an order without its links, a payment link, a message, the credits, or a matter that needs
/// a person.
#[derive(Debug, Clone, Union)]
#[oai(rename = "ChangedResource")]
#[expect(clippy::large_enum_variant, reason = "each is built once, for the page that is answered")]
pub(in crate::v1) enum Resource {
    Link(LinkView),
    Message(MessageView),
    Order(OrderView),
    Credits(BalanceView),
    Attention(AttentionView),
}

/// The resources of several changes, each read once.
pub(in crate::v1) struct Resources {
    orders: HashMap<OrderId, OrderView>,
    links: HashMap<LinkId, LinkView>,
    messages: HashMap<MessageId, MessageView>,
    credits: Option<BalanceView>,
    matters: HashMap<AttentionId, AttentionView>,
}

impl Resources {
    /// Reads the resources of these changes of a merchant.
    pub(in crate::v1) async fn of(api: &Api, merchant: MerchantId, changes: &[NumberedChange]) -> Result<Self, DbErr> {
        let orders = changes.iter().filter_map(NumberedChange::order).collect();
        let links = changes.iter().filter_map(NumberedChange::link).collect();
        let messages = changes.iter().filter_map(NumberedChange::message).collect();
        let needs_credits = changes.iter().any(|change| change.kind.about() == ChangeSubject::Credits);
        Ok(Self {
            orders: read_orders(api, merchant, orders).await?,
            links: read_links(api, merchant, links).await?,
            messages: read_messages(api, merchant, messages).await?,
            matters: read_matters(api, merchant, changes.iter().filter_map(NumberedChange::attention).collect())
                .await?,
            credits: if needs_credits { Some(read_credits(api, merchant).await?) } else { None },
        })
    }

    /// The resource of a change; `None` if nothing is left of it.
    pub(in crate::v1) fn of_change(&self, change: &NumberedChange) -> Option<Resource> {
        match change.kind.about() {
            ChangeSubject::Order => self.orders.get(&change.order()?).cloned().map(Resource::Order),
            ChangeSubject::Link => self.links.get(&change.link()?).cloned().map(Resource::Link),
            ChangeSubject::Message => self.messages.get(&change.message()?).cloned().map(Resource::Message),
            ChangeSubject::Credits => self.credits.clone().map(Resource::Credits),
            ChangeSubject::Attention => self.matters.get(&change.attention()?).cloned().map(Resource::Attention),
        }
    }
}

/// The first of these changes whose resources fit into one answer, at least one. A resource counts once for each of its
/// changes, since each shows it. Also returns the size.
pub(in crate::v1) async fn of_a_size(
    api: &Api,
    merchant: MerchantId,
    mut changes: Vec<NumberedChange>,
) -> Result<(Vec<NumberedChange>, u64), DbErr> {
    let of_orders = |change: &&NumberedChange| change.kind.about() == ChangeSubject::Order;
    let orders = changes.iter().filter(of_orders).filter_map(NumberedChange::order).collect();
    let of_links = |change: &&NumberedChange| change.kind.about() == ChangeSubject::Link;
    let links = changes.iter().filter(of_links).filter_map(NumberedChange::link).collect();
    let orders = order::sizes(api.db.pool(), merchant, orders).await?;
    let links = link::sizes(api.db.pool(), merchant, links).await?;
    let bytes = |change: &NumberedChange| match change.kind.about() {
        ChangeSubject::Order => change.order().and_then(|order| orders.get(&order)).copied(),
        ChangeSubject::Link => change.link().and_then(|link| links.get(&link)).copied(),
        ChangeSubject::Message | ChangeSubject::Credits | ChangeSubject::Attention => None,
    };
    let sizes: Vec<u64> = changes.iter().map(|change| bytes(change).unwrap_or_default()).collect();
    let few = fitting(sizes.iter().copied(), MOST_AT_ONCE);
    changes.truncate(few);
    let bytes = sizes.iter().take(few).sum();
    api.budgets.charge_bytes(merchant, bytes);
    Ok((changes, bytes))
}

async fn read_matters(
    api: &Api,
    merchant: MerchantId,
    ids: BTreeSet<AttentionId>,
) -> Result<HashMap<AttentionId, AttentionView>, DbErr> {
    let pool = api.db.pool();
    let found = attention::find_all(pool, merchant, ids).await?;
    let subjects = MatterSubjects::read(pool, merchant, &found).await?;
    let view = |matter: Attention| Ok((matter.id, AttentionView::of(matter, &subjects)?.in_feed()));
    found.into_iter().map(view).collect()
}

async fn read_orders(
    api: &Api,
    merchant: MerchantId,
    ids: BTreeSet<OrderId>,
) -> Result<HashMap<OrderId, OrderView>, DbErr> {
    let found = order::find_all(api.db.pool(), merchant, ids).await?;
    let view = |order: Order| Ok((order.id, OrderView::of(order, None)?));
    found.into_iter().map(view).collect()
}

async fn read_links(
    api: &Api,
    merchant: MerchantId,
    ids: BTreeSet<LinkId>,
) -> Result<HashMap<LinkId, LinkView>, DbErr> {
    let found = link::find_all(api.db.pool(), merchant, ids).await?;
    let all = Around::of(api.db.pool(), found.iter().map(|(link, _)| link).collect()).await?;
    let view = |(link, timeline): (link::Model, _)| {
        let around = all.of_link(&link);
        Ok((link.id, LinkView::of(api, link, timeline, around)?))
    };
    found.into_iter().map(view).collect()
}

async fn read_messages(
    api: &Api,
    merchant: MerchantId,
    ids: BTreeSet<MessageId>,
) -> Result<HashMap<MessageId, MessageView>, DbErr> {
    let found = message::find_all(api.db.pool(), merchant, ids).await?;
    let of: BTreeSet<_> = found.iter().map(|message| message.conversation_id).collect();
    let phones = if of.is_empty() { HashMap::new() } else { conversation::phones(api.db.pool(), of).await? };
    let pictures = picture::of_messages(api.db.pool(), found.iter().map(|message| message.id)).await?;
    let view = |message: entity::Message| {
        let phone = phones.get(&message.conversation_id);
        let pictures = pictures.get(&message.id).cloned().unwrap_or_default();
        (message.id, MessageView::of(message, phone).with_pictures(pictures))
    };
    Ok(found.into_iter().map(view).collect())
}

async fn read_credits(api: &Api, merchant: MerchantId) -> Result<BalanceView, DbErr> {
    BalanceView::read(api, merchant::get(api.db.pool(), merchant).await?).await
}
