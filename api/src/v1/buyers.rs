//! `/v1/buyers/{phone}`: what a buyer may ask a merchant for by law, to see what is kept of them and to have it erased.

use std::time::Instant;

use chrono::{DateTime, Utc};
use domain::PhoneNumber;
use entity::{
    Message,
    buyer::{self, Buyer},
    credits::CreditError,
    merchant, picture,
};
use poem::web::Data;
use poem_openapi::{ApiResponse, Object, OpenApi, param::Path, payload::Json};
use queue::{EnqueueOptions, PurgeLink, enqueue};

use super::{Group, link_view::LinkView, message_view::MessageView, order_view::OrderView};
use crate::http::typed::{E164, PhoneText};
use crate::{
    Api, Problem,
    auth::audit::act_of_key,
    auth::{Administrator, Principal, Reader},
};

pub(super) struct Buyers;

/// All that is kept of a buyer.
#[derive(Debug, Object)]
#[oai(rename = "BuyerExport", skip_serializing_if_is_none)]
struct ExportView {
    /// E.164.
    phone: E164,
    /// The name, as the latest order has it.
    name: Option<String>,
    /// Since when the buyer wants no texts.
    opted_out_at: Option<DateTime<Utc>>,
    /// The orders with their payment links, newest first.
    orders: Vec<OrderView>,
    /// What was said, newest first.
    messages: Vec<MessageView>,
}

/// What is being erased.
#[derive(Debug, Object)]
#[oai(rename = "BuyerErasure")]
struct ErasureView {
    /// How many orders the buyer has: their numbers, amounts and tags stay, and nothing of the buyer or of what was ordered.
    orders: u64,
    /// How many payment links are erased one by one, each closed at Stripe before if it is open.
    links: u64,
}

#[derive(ApiResponse)]
enum Erasing {
    /// It is being erased; the links follow within moments.
    #[oai(status = 202)]
    Accepted(Json<ErasureView>),
}

#[OpenApi(tag = "Group::Merchant")]
impl Buyers {
    /// Export a buyer
    ///
    /// All that is kept of the buyer with this number: orders, payment links, messages, and whether they want texts.
    #[oai(path = "/buyers/:phone/export", method = "get")]
    async fn export(&self, api: Data<&Api>, key: Reader, phone: Path<PhoneText>) -> Result<Json<ExportView>, Problem> {
        // It reads much.
        let _turn = api.turns.take(key.0.merchant).await?;
        let since = Instant::now();
        let (phone, found) = find(&api, &key.0, &phone).await?;
        let mut orders = Vec::with_capacity(found.orders.len());
        for (order, links) in found.orders {
            let mut views = Vec::with_capacity(links.len());
            for link in links {
                views.push(LinkView::read(&api, api.db.pool(), link).await?);
            }
            orders.push(OrderView::of(order, Some(views))?);
        }
        let mut pictures = picture::of_messages(api.db.pool(), found.messages.iter().map(|it| it.id)).await?;
        let view = |message: Message| {
            let pictures = pictures.remove(&message.id).unwrap_or_default();
            MessageView::of(message, Some(&phone)).with_pictures(pictures)
        };
        let messages = found.messages.into_iter().map(view).collect();
        let conversation = found.conversations.into_iter().next();
        api.budgets.charge(key.0.merchant, since.elapsed());
        Ok(Json(ExportView {
            phone: phone.as_e164().into(),
            name: conversation.as_ref().and_then(|conversation| conversation.customer_name.clone()),
            opted_out_at: conversation.and_then(|conversation| conversation.opted_out_at),
            orders,
            messages,
        }))
    }

    /// Erase a buyer
    ///
    /// Of a buyer with more than 1,000 orders the newest 1,000; ask again for the rest. At once what is no payment link's; each payment link as soon as it is closed. That the buyer wants no texts outlives it, without
    /// the number. What Stripe and the carrier keep is theirs.
    #[oai(path = "/buyers/:phone", method = "delete")]
    async fn erase(&self, api: Data<&Api>, key: Administrator, phone: Path<PhoneText>) -> Result<Erasing, Problem> {
        let _turn = api.turns.take(key.0.merchant).await?;
        let (phone, found) = find(&api, &key.0, &phone).await?;
        let (merchant, now) = (key.0.merchant, api.clock.now());
        let tx = api.db.begin().await?;
        buyer::erase(&tx, &found, merchant, &phone, now).await.map_err(not_erased)?;
        let mut enqueued = Vec::new();
        for link in found.links() {
            let job = PurgeLink { merchant, link: link.id, as_of: now, on_request: true };
            let once = EnqueueOptions::for_merchant(merchant).unique(format!("erase:{}", link.id));
            enqueued.extend(enqueue(&tx, &job, once, now).await?);
        }
        let subject = found.conversations.first().map_or_else(|| "buyer".to_owned(), |it| it.id.to_string());
        act_of_key(&tx, &key.0, "buyer.erase", subject, None, now).await?;
        tx.commit().await?;
        let view = ErasureView { orders: found.orders.len() as u64, links: enqueued.len() as u64 };
        api.queue.notify(enqueued);
        if let Err(error) = picture::remove_erased(api.db.pool(), &api.documents).await {
            tracing::warn!(%error, "erased pictures stay in the store until the next tick");
        }
        api.db.truncate_log().await;
        Ok(Erasing::Accepted(Json(view)))
    }
}

/// The buyer with this number, written as anybody writes it; the same answer for one who is unknown and for what is no number.
async fn find(api: &Api, key: &Principal, text: &str) -> Result<(PhoneNumber, Buyer), Problem> {
    let owner = merchant::get(api.db.pool(), key.merchant).await?;
    let phone = PhoneNumber::parse(text, owner.region).map_err(|_| Problem::not_found())?;
    let found = buyer::find(api.db.pool(), &api.vault, owner.id, &phone).await?;
    if found.is_unknown() { Err(Problem::not_found()) } else { Ok((phone, found)) }
}

fn not_erased(error: CreditError) -> Problem {
    match error {
        CreditError::Db(error) => error.into(),
        other => Problem::internal(other),
    }
}
