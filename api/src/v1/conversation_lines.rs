//! `/v1/conversations/{id}/timeline` and `…/preview`: messages and link events in one timeline, and the cost of a text
//! while it is being written.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    ConversationId, LinkId, OrderId,
    sms::{Body, Encoding},
};
use entity::{
    Order, buyer, conversation,
    link::{self, TimelineEntry, TimelineEvent},
    order::Tag,
};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Path, payload::Json};
use sea_orm::DbErr;
use serde::Deserialize;

use super::Group;
use crate::{
    Api, Problem,
    auth::{Principal, Reader},
    http::{
        json_body::JsonBody,
        paging::id,
        typed::{Amount, CurrencyCode, Text, TextOf},
    },
};

pub(super) struct ConversationLines;

/// The number of orders, newest first.
const ORDERS: u64 = 20;
/// The number of entries, newest first.
const ENTRIES: usize = 100;

/// Whether the event is shown between messages. Events of the texts themselves are not.
const fn is_worth_a_line(event: TimelineEvent) -> bool {
    use TimelineEvent::{
        CloseFailed, ClosedAtStripe, Creating, DisputeClosed, Disputed, Expired, Expiring, Failed, InvoiceStored,
        NewLinkWanted, Paid, PaidAgain, PaymentExpected, PaymentFailed, Processing, Purged, Recognised, RefundFailed,
        RefundPending, Refunded, Reminded, RemindersChanged, RenewalFailed, Renewed, Review, Sent, Settling, Unpaid,
        Unrecognised, Viewed, VoidRefused, Voided, Voiding,
    };
    match event {
        Unpaid | Failed | Processing | Paid | PaidAgain | PaymentFailed | Refunded | RefundPending | RefundFailed
        | Disputed | DisputeClosed | Voided | Expired | PaymentExpected | NewLinkWanted | Unrecognised | Recognised
        | Viewed => true,
        Creating | Settling | Voiding | Expiring | InvoiceStored | Sent | Reminded | RemindersChanged | VoidRefused
        | Review | Renewed | RenewalFailed | CloseFailed | ClosedAtStripe | Purged => false,
    }
}

/// Events shown between messages, newest first.
#[derive(Debug, Object)]
#[oai(rename = "ConversationTimeline")]
struct TimelineView {
    /// The hundred newest entries of the twenty newest orders.
    items: Vec<LineView>,
    /// Those orders, newest first.
    orders: Vec<OrderOfBuyer>,
}

/// An order of the buyer.
#[derive(Debug, Object)]
#[oai(rename = "OrderOfBuyer", skip_serializing_if_is_none)]
struct OrderOfBuyer {
    id: Text<OrderId>,
    number: String,
    /// Whether it has an open payment link.
    has_open_link: bool,
    /// The order's tag: a paid order needs no further link.
    tag: Option<Text<Tag>>,
    /// What its open link asks for; absent where none is open.
    open_amount: Option<Amount>,
    /// In which currency; absent with it.
    currency: Option<CurrencyCode>,
}

impl OrderOfBuyer {
    fn of(order: &Order, links: &[link::Model]) -> Result<Self, DbErr> {
        let open = links.iter().find(|link| link.state.is_open());
        let asked = open.map(link::Model::money).transpose()?.flatten();
        Ok(Self {
            id: Text(order.id),
            number: order.number.clone(),
            has_open_link: open.is_some(),
            tag: Some(Text(order.tag)),
            open_amount: asked.map(|money| money.to_decimal_string().into()),
            currency: asked.map(|money| money.currency().as_str().into()),
        })
    }
}

/// An event.
#[derive(Debug, Object)]
#[oai(rename = "ConversationEvent", skip_serializing_if_is_none)]
struct LineView {
    at: DateTime<Utc>,
    /// As in the timeline of a link, or `opted_out`: the buyer opted out of texts.
    event: String,
    link_id: Option<Text<LinkId>>,
    order_id: Option<Text<OrderId>>,
    order_number: Option<String>,
    invoice_number: Option<String>,
    /// The link's amount; of a refund, its own, or, once it is made, all that was refunded until then.
    amount: Option<Amount>,
    currency: Option<CurrencyCode>,
    /// The final status of a dispute at Stripe, if the event is its end.
    dispute_status: Option<String>,
    /// Who did it: a key (`key_…`) or an operator, or `buyer`, `stripe`, `carrier` or `system`.
    actor: String,
}

/// A draft of a text to a buyer.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "TextDraft")]
struct DraftInput {
    /// The text so far.
    body: String,
}

/// The cost of sending it.
#[derive(Debug, Object)]
#[oai(rename = "TextCost")]
struct CostView {
    /// The text as it would be sent.
    text: String,
    /// `GSM-7` or `UCS-2`.
    encoding: String,
    segments: u32,
    credits: i64,
    /// The credits available.
    available: i64,
}

#[OpenApi(tag = "Group::Conversations")]
impl ConversationLines {
    /// See events between messages
    ///
    /// Links, payments, refunds and opt-outs of a conversation's buyer. These entries are not texts and cost nothing.
    #[oai(path = "/conversations/:id/timeline", method = "get")]
    async fn timeline(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] conversation_id: Path<TextOf<ConversationId>>,
    ) -> Result<Json<TimelineView>, Problem> {
        let found = find(&api, &key.0, &conversation_id).await?;
        let Some(phone) = &found.phone else {
            return Ok(Json(TimelineView { items: Vec::new(), orders: Vec::new() }));
        };
        let _turn = api.readers.take(key.0.merchant).await?;
        let pool = api.db.pool();
        let orders = buyer::orders_of(pool, key.0.merchant, phone, ORDERS).await?;
        let links: HashMap<LinkId, (&Order, &link::Model)> =
            orders.iter().flat_map(|(order, links)| links.iter().map(move |link| (link.id, (order, link)))).collect();
        let entries = link::timelines(pool, links.keys().copied()).await?;
        let told = entries.into_iter().filter(|entry| entry.event().is_some_and(is_worth_a_line));
        let lines = told.filter_map(|entry| {
            let (order, link) = links.get(&entry.link_id)?;
            Some(LineView::of(&entry, order, link))
        });
        let mut items: Vec<LineView> = lines.collect::<Result<_, _>>()?;
        items.extend(found.opted_out_at.map(LineView::opted_out));
        items.sort_by_key(|line| std::cmp::Reverse(line.at));
        items.truncate(ENTRIES);
        let orders = orders.iter().map(|(order, links)| OrderOfBuyer::of(order, links)).collect::<Result<_, _>>()?;
        Ok(Json(TimelineView { items, orders }))
    }

    /// See the cost of a draft
    #[oai(path = "/conversations/:id/preview", method = "post")]
    async fn preview(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] conversation_id: Path<TextOf<ConversationId>>,
        input: JsonBody<DraftInput>,
    ) -> Result<Json<CostView>, Problem> {
        let conversation = find(&api, &key.0, &conversation_id).await?;
        let owner = key.0.owner(&api).await?;
        let body =
            Body::set(&input.0.body, owner.typography()).map_err(|error| Problem::field("body", error.to_string()))?;
        let segments = body.segments();
        let (count, encoding) = (segments.count(), segments.encoding());
        Ok(Json(CostView {
            encoding: match encoding {
                Encoding::Gsm7 => "GSM-7",
                Encoding::Ucs2 => "UCS-2",
            }
            .to_owned(),
            segments: count,
            credits: owner.cost(count, conversation.phone.as_ref()),
            available: owner.available,
            text: body.into_text(),
        }))
    }
}

impl LineView {
    fn of(entry: &TimelineEntry, order: &Order, link: &link::Model) -> Result<Self, Problem> {
        let money = match entry.event() {
            // Each says what was so then.
            Some(TimelineEvent::Refunded | TimelineEvent::RefundPending | TimelineEvent::RefundFailed) => {
                entry.refund().map(|refund| refund.money)
            }
            Some(TimelineEvent::Paid) if link.is_otherwise_paid() => None,
            Some(_) | None => link.money()?,
        };
        Ok(Self {
            at: entry.at,
            event: entry.event.clone(),
            link_id: Some(Text(link.id)),
            order_id: Some(Text(order.id)),
            order_number: Some(order.number.clone()),
            invoice_number: link.invoice_number.clone(),
            amount: money.map(|money| money.to_decimal_string().into()),
            currency: money.map(|money| money.currency().as_str().into()),
            dispute_status: entry.dispute_end().map(str::to_owned),
            actor: entry.actor().to_owned(),
        })
    }

    fn opted_out(at: DateTime<Utc>) -> Self {
        Self {
            at,
            event: "opted_out".to_owned(),
            link_id: None,
            order_id: None,
            order_number: None,
            invoice_number: None,
            amount: None,
            currency: None,
            dispute_status: None,
            actor: "buyer".to_owned(),
        }
    }
}

async fn find(api: &Api, key: &Principal, conversation_id: &str) -> Result<entity::Conversation, Problem> {
    conversation::find(api.db.pool(), key.merchant, id(conversation_id)?).await?.ok_or_else(Problem::not_found)
}
