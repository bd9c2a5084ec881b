//! `/v1/payment-links/{id}/evidence.pdf`: evidence for the bank when a buyer disputes a payment.
//!
//! It is generated on request from what is stored, so it is no longer available after the purge.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{ApiKeyId, LinkId, message::MessageStatus};
use entity::{
    Merchant, Message, Order, api_key, conversation, link, logo, merchant,
    message::{self, Direction},
    order,
};
use poem::{http::StatusCode, web::Data};
use poem_openapi::{OpenApi, param::Path};

use super::{
    Group,
    details_page::{draw, seller},
    evidence_words::EvidenceWords,
    link_answers::find_link,
};
use crate::{
    Api, Problem,
    auth::Reader,
    buyer::Words,
    details_pdf::{self, DetailsPage, Evidence, Paper, Section},
    http::{hex::hex, pdf_response::Pdf, typed::TextOf},
};

pub(super) struct EvidenceCalls;

/// The most messages of the conversation, newest first.
const MOST_TEXTS: u64 = 500;

#[OpenApi(tag = "Group::PaymentLinks")]
impl EvidenceCalls {
    /// Evidence for a dispute
    ///
    /// A PDF with the request and its recipient, the texts as sent with the carrier's times, when the buyer viewed the
    /// page, the invoice's SHA-256, the buyer's replies, and Stripe's ids. It is made from stored data, so after 90
    /// days there is none: 410 `purged`.
    #[oai(path = "/payment-links/:id/evidence.pdf", method = "get")]
    async fn evidence(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
    ) -> Result<Pdf, Problem> {
        let pool = api.db.pool();
        let link = find_link(pool, &key.0, &link_id).await?;
        let (Some(number), None) = (link.invoice_number.clone(), link.purged_at) else {
            return Err(Problem::new(StatusCode::GONE, "purged", "What it would tell was erased."));
        };
        let owner = merchant::get(pool, link.merchant_id).await?;
        let order = order::find(pool, owner.id, link.order_id).await?.ok_or_else(Problem::not_found)?;
        let texts = texts_with(&api, &order).await?;
        // In the merchant's language: it is for the merchant, and whoever they show it to.
        let words = Words::in_language_of([owner.language.as_deref(), None]);
        let words =
            tokio::task::spawn_blocking(move || details_pdf::drawable(words)).await.map_err(Problem::internal)?;
        let sections = sections(&api, words, Case { owner: &owner, order: &order, link: &link }, &texts).await?;
        let page = DetailsPage {
            merchant: seller(&owner, logo::find(pool, owner.id).await?),
            customer_name: order.customer_name.clone(),

            invoice_number: number.clone(),
            order_number: Some(order.number.clone()).filter(|order| *order != number),
            issued_on: owner.day_of(link.created_at),
            due_on: None,
            payable_until: None,
            items: Vec::new(),
            subtotal: None,
            shipping: None,
            discount: None,
            tax: None,
            adjustment: None,
            total: String::new(),
            currency: link.currency.code().to_owned(),
            order_currency: None,
            paper: Paper::usual_in(owner.region.as_str()),
            words,
            receipt: None,
            evidence: Some(Evidence { written_at: moment(api.clock.now()), sections }),
        };
        Ok(Pdf::inline(draw(page).await?.0, &format!("evidence-{number}")))
    }
}

/// The messages exchanged with the buyer, oldest first.
async fn texts_with(api: &Api, order: &Order) -> Result<Vec<Message>, Problem> {
    let Some(phone) = &order.customer_phone else { return Ok(Vec::new()) };
    let pool = api.db.pool();
    let Some(found) = conversation::with(pool, &api.vault, order.merchant_id, phone).await? else {
        return Ok(Vec::new());
    };
    let mut texts = message::of_conversation(pool, order.merchant_id, found.id, None, MOST_TEXTS).await?;
    texts.reverse();
    Ok(texts)
}

/// The facts of the payment, and its parties.
#[derive(Clone, Copy)]
struct Case<'a> {
    owner: &'a Merchant,
    order: &'a Order,
    link: &'a link::Model,
}

async fn sections(
    api: &Api,
    words: &'static Words,
    case: Case<'_>,
    texts: &[Message],
) -> Result<Vec<Section>, Problem> {
    let link = case.link;
    let timeline = link::timeline(api.db.pool(), link.id).await?;
    let own = texts.iter().filter(|text| text.link_id == Some(link.id) && text.direction == Direction::Outgoing);
    let since = link.created_at;
    let replies = texts.iter().filter(|text| text.direction == Direction::Incoming && text.created_at >= since);
    let keys: Vec<ApiKeyId> = timeline.iter().filter_map(|entry| entry.actor().parse().ok()).collect();
    let names: HashMap<String, String> = api_key::names(api.db.pool(), keys).await?.into_iter().collect();
    let own_words = EvidenceWords::of(words);
    let seen = timeline.iter().map(|entry| (moment(entry.at), own_words.entry(entry, &names)));
    let all = [
        Section { title: words.says("asked"), rows: asked(words, &own_words, case)? },
        Section { title: words.says("the_invoice"), rows: invoice(words, link) },
        Section {
            title: words.says("texts_to_buyer"),
            rows: own.flat_map(|text| sent(words, &own_words, text)).collect(),
        },
        Section {
            title: words.says("buyer_wrote"),
            rows: replies.map(|text| (moment(text.created_at), said(words, text))).collect(),
        },
        Section { title: words.says("at_stripe"), rows: at_stripe(words, &own_words, link) },
        Section { title: words.says("happened"), rows: seen.collect() },
    ];
    Ok(all.into_iter().filter(|section| !section.rows.is_empty()).collect())
}

fn asked(words: &'static Words, own_words: &EvidenceWords, case: Case<'_>) -> Result<Vec<(String, String)>, Problem> {
    let Case { owner, order, link } = case;
    let mut rows = vec![
        row(words.says("of"), order.customer_name.clone()),
        row(
            words.says("phone"),
            order.customer_phone.as_ref().map(|phone| phone.as_e164().to_owned()).unwrap_or_default(),
        ),
        row(words.says("by"), owner.name.clone()),
    ];
    if let Some(money) = link.money()? {
        rows.push(row(words.says("amount"), own_words.money(money)));
    }
    rows.push(row(words.says("asked_at"), moment(link.created_at)));
    rows.push(row(words.says("payable_until"), moment(link.expires_at)));
    for item in order.details()?.items {
        rows.push(row(words.says("ordered"), format!("{} × {}", item.quantity, item.description)));
    }
    Ok(rows)
}

fn invoice(words: &'static Words, link: &link::Model) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    if let Some(sha256) = &link.document_sha256 {
        rows.push(row("SHA-256", hex(sha256)));
    }
    if let Some(pages) = link.document_pages {
        rows.push(row(words.says("pages"), pages.to_string()));
    }
    let times = [(words.says("page_seen"), link.viewed_at), (words.says("pay_pressed"), link.pay_pressed_at)];
    rows.extend(times.into_iter().filter_map(|(name, at)| Some(row(name, moment(at?)))));
    rows
}

/// A text as sent, with the carrier's reports.
fn sent(words: &'static Words, own_words: &EvidenceWords, text: &Message) -> Vec<(String, String)> {
    let carrier = [
        text.sent_at.map(|at| words.says_with("taken", &[("{at}", &moment(at))])),
        text.delivered_at.map(|at| words.says_with("delivered", &[("{at}", &moment(at))])),
        text.carrier_id.as_ref().map(|id| words.says_with("carriers_id", &[("{id}", id)])),
        (text.status != MessageStatus::Delivered)
            .then(|| words.says_with("status", &[("{status}", &own_words.status(text.status))])),
    ];
    let carrier = carrier.into_iter().flatten().collect::<Vec<_>>().join("; ");
    vec![(moment(text.created_at), said(words, text)), (String::new(), carrier)]
}

fn said(words: &'static Words, text: &Message) -> String {
    text.body.clone().unwrap_or_else(|| words.says("erased").to_owned())
}

fn at_stripe(words: &'static Words, own_words: &EvidenceWords, link: &link::Model) -> Vec<(String, String)> {
    let ids = [
        (words.says("payment_link"), link.stripe_link_id.clone()),
        ("Checkout Session", link.stripe_session_id.clone()),
        ("PaymentIntent", link.stripe_payment_intent.clone()),
        (words.says("paid_at"), link.paid_at.map(moment)),
        (words.says("dispute"), own_words.dispute_of(link)),
        (words.says("disputed_at"), link.disputed_at.map(moment)),
        (words.says("refunds"), link.refunded.and_then(|_| own_words.refunds(link.refund_state()))),
    ];
    ids.into_iter().filter_map(|(name, value)| Some(row(name, value?))).collect()
}

fn row(name: &str, value: String) -> (String, String) {
    (name.to_owned(), value)
}

/// A time in an order that readers of all languages understand.
fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
