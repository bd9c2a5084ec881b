//! Streams everything stored about a buyer, who may have a thousand orders of five hundred lines each.

use std::io;

use chrono::{DateTime, Utc};
use domain::{MerchantId, OrderId, PhoneNumber};
use entity::{Message, buyer::Buyer, order, picture};
use futures_util::{
    Stream,
    stream::{self, StreamExt},
};
use poem::{Body, IntoResponse, Response};
use poem_openapi::{
    ApiResponse, Object,
    payload::{Json, Payload},
    registry::{MetaResponses, Registry},
    types::{ToJSON, Type},
};
use serde_json::Value;

use crate::{
    Api, Problem,
    http::{described::answers_with, serialized::Serialized, typed::E164},
    v1::{link_view::LinkView, message_view::MessageView, order_view::OrderView},
};

/// How many messages are written at once.
const TEXTS: usize = 100;

/// Everything stored about a buyer.
#[derive(Debug, Object)]
#[oai(rename = "BuyerExport", skip_serializing_if_is_none)]
struct ExportView {
    /// E.164.
    phone: E164,
    /// The name in the latest order.
    name: Option<String>,
    /// When the buyer opted out of texts.
    opted_out_at: Option<DateTime<Utc>>,
    /// The orders with their payment links, newest first.
    orders: Vec<OrderView>,
    /// The messages, newest first.
    messages: Vec<MessageView>,
}

/// The response; see the module.
pub(super) struct BuyerExport(Body);

impl BuyerExport {
    /// The export of this buyer.
    pub(super) async fn of(
        api: &Api,
        merchant: MerchantId,
        phone: &PhoneNumber,
        found: Buyer,
    ) -> Result<Self, Problem> {
        let mut pictures = picture::of_messages(api.db.pool(), found.messages.iter().map(|it| it.id)).await?;
        let view = |message: Message| {
            let pictures = pictures.remove(&message.id).unwrap_or_default();
            MessageView::of(message, Some(phone)).with_pictures(pictures)
        };
        let messages: Vec<String> = found.messages.into_iter().map(view).map(|view| view.to_json_string()).collect();
        let texts = messages.chunks(TEXTS).enumerate().map(|(at, group)| listed(at == 0, group.join(","))).collect();
        let conversation = found.conversations.into_iter().next();
        let view = ExportView {
            phone: phone.as_e164().into(),
            name: conversation.as_ref().and_then(|conversation| conversation.customer_name.clone()),
            opted_out_at: conversation.and_then(|conversation| conversation.opted_out_at),
            orders: Vec::new(),
            messages: Vec::new(),
        };
        let orders = orders(api.clone(), merchant, found.orders);
        Ok(Self(Body::from_bytes_stream(pieces(head(&view), orders, texts))))
    }
}

/// Streams each order as JSON, in a turn of its own, so that a slow client does not hold one.
fn orders(api: Api, merchant: MerchantId, ids: Vec<OrderId>) -> impl Stream<Item = io::Result<String>> + Send {
    stream::iter(ids).then(move |id| {
        let api = api.clone();
        async move {
            let order = read(&api, merchant, id).await.map_err(|problem| {
                tracing::warn!(code = problem.code(), "the export of a buyer ends before its end");
                io::Error::other(problem.to_string())
            })?;
            api.budgets.charge_bytes(merchant, order.len() as u64);
            Ok(order)
        }
    })
}

async fn read(api: &Api, merchant: MerchantId, id: OrderId) -> Result<String, Problem> {
    let _turn = api.readers.take(merchant).await?;
    let order = order::find(api.db.pool(), merchant, id).await?.ok_or_else(Problem::not_found)?;
    let links = LinkView::all_of_order(api, &order).await?;
    let view = Serialized::of(&api.serializers, order.bytes(), move || OrderView::of(order, Some(links))).await?;
    Ok(view.into_text())
}

/// The JSON before the orders. The view has no orders and no messages.
fn head(view: &ExportView) -> String {
    let mut known = view.to_json().unwrap_or_default();
    if let Value::Object(fields) = &mut known {
        fields.remove("orders");
        fields.remove("messages");
    }
    let mut head = known.to_string();
    // Removes the closing brace; the object is not empty, since the phone number comes first.
    head.pop();
    head.push_str(",\"orders\":[");
    head
}

/// Streams the view with these orders and messages.
fn pieces<O>(head: String, orders: O, texts: Vec<String>) -> impl Stream<Item = io::Result<String>> + Send + 'static
where
    O: Stream<Item = io::Result<String>> + Send + 'static,
{
    let orders = orders.enumerate().map(|(at, order)| order.map(|order| listed(at == 0, order)));
    let alone = |text: String| stream::once(std::future::ready(Ok(text)));
    alone(head)
        .chain(orders)
        .chain(alone("],\"messages\":[".to_owned()))
        .chain(stream::iter(texts.into_iter().map(Ok)))
        .chain(alone("]}".to_owned()))
}

/// A list item with a comma unless it is the first.
fn listed(is_first: bool, item: String) -> String {
    if is_first { item } else { format!(",{item}") }
}

impl IntoResponse for BuyerExport {
    fn into_response(self) -> Response {
        Response::builder().content_type(Json::<ExportView>::CONTENT_TYPE).body(self.0)
    }
}

impl ApiResponse for BuyerExport {
    fn meta() -> MetaResponses {
        answers_with("", Json::<ExportView>::CONTENT_TYPE, ExportView::schema_ref())
    }

    fn register(registry: &mut Registry) {
        ExportView::register(registry);
    }
}
