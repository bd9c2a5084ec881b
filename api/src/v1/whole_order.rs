//! An order with its links, its conversation, its history and its notices.

use std::{collections::HashMap, slice};

use chrono::NaiveDate;
use domain::ApiKeyId;
use entity::{
    Conversation, Order, api_key,
    audit::{self, AuditFilter},
    conversation, merchant, notice,
    order::Tag,
};
use sea_orm::DbErr;

use super::{
    link_view::LinkView,
    order_input::landline_warning,
    order_view::{HistoryView, OrderView},
};
use crate::{Api, Problem};

/// The most entries of an order's history.
const MOST_HISTORY: u64 = 100;

/// The order with everything that is shown when it is read alone.
pub(super) async fn whole(api: &Api, order: Order) -> Result<OrderView, Problem> {
    Ok(whole_and_bytes(api, order).await?.0)
}

/// The order as [`whole`] returns it, and its approximate size in bytes.
pub(super) async fn whole_and_bytes(api: &Api, order: Order) -> Result<(OrderView, u64), Problem> {
    let (links, of_links) = LinkView::newest_of_order(api, &order).await?;
    let bytes = order.bytes() + of_links;
    let conversation = find_conversation(api, &order).await?;
    let history = history(api, &order).await?;
    let owner = (order.merchant_id, today_of(api, &order).await?);
    let notices = notice::of_orders(api.db.pool(), &api.vault, owner, slice::from_ref(&order)).await?;
    let notices = notices.into_values().next().unwrap_or_default();
    let landline = order.customer_phone.as_ref().and_then(landline_warning);
    let view = OrderView::of(order, Some(links))?.with_warnings(landline.into_iter().collect());
    Ok((view.within(conversation.as_ref()).with_history(history).with_notices(&notices), bytes))
}

/// The day by the merchant's clock, which matters to an order that may be overdue.
async fn today_of(api: &Api, order: &Order) -> Result<NaiveDate, DbErr> {
    let now = api.clock.now();
    if order.tag != Tag::Unpaid || order.due_date.is_none() {
        return Ok(now.date_naive());
    }
    Ok(merchant::get(api.db.pool(), order.merchant_id).await?.day_of(now))
}

/// The history of an order, newest first.
async fn history(api: &Api, order: &Order) -> Result<Vec<HistoryView>, Problem> {
    let filter = AuditFilter {
        merchant: Some(order.merchant_id),
        subject: Some(order.id.to_string()),
        limit: MOST_HISTORY,
        ..AuditFilter::default()
    };
    let entries = audit::search(api.db.pool(), filter).await?;
    let keys: Vec<ApiKeyId> = entries.iter().filter_map(|entry| entry.actor.parse().ok()).collect();
    let names: HashMap<String, String> = api_key::names(api.db.pool(), keys).await?.into_iter().collect();
    let named = |entry: audit::Model| {
        let name = names.get(&entry.actor).cloned();
        HistoryView::of(entry, name)
    };
    Ok(entries.into_iter().map(named).collect())
}

async fn find_conversation(api: &Api, order: &Order) -> Result<Option<Conversation>, Problem> {
    let Some(phone) = &order.customer_phone else { return Ok(None) };
    Ok(conversation::with(api.db.pool(), &api.vault, order.merchant_id, phone).await?)
}
