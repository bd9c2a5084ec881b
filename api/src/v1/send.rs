//! Accepting a message: everything that can be refused is refused here, before anything is queued.

use chrono::{DateTime, Utc};
use entity::{
    Conversation, LinkId, Merchant, MessageId, Order, conversation,
    credits::{self, CreditError},
    link, merchant, message,
    message::{Origin, Outgoing},
    order,
    sms::Body,
    sms_integration,
    template::{Template, TemplateError, Variables},
};
use poem::http::StatusCode;
use queue::{Promise, SendSms, promise};
use sea_orm::DatabaseTransaction;

use super::{
    links::{can_be_paid, find_link},
    messages::MessageView,
};
use crate::{Api, Problem, auth::Principal, command::Accepted};

/// Sends a payment link to the order's buyer.
pub(super) async fn accept_link(
    api: &Api,
    key: &Principal,
    link_id: &str,
    template: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Accepted<MessageView>, Problem> {
    let tx = api.db.begin().await?;
    let link = find_link(&tx, key, link_id).await?;
    if !can_be_paid(&link, now) {
        let detail = format!("Only an unpaid link can be sent; this one is {}.", link.state);
        return Err(Problem::conflict("link_not_open", detail));
    }
    let owner = merchant::get(&tx, key.merchant).await?;
    let order = order::find(&tx, owner.id, link.order_id).await?.ok_or_else(Problem::not_found)?;
    let phone = order.customer_phone.as_ref().ok_or_else(|| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no_phone_number", "The order has no phone number.")
    })?;
    let body = render(api, &owner, &order, &link, template)?;
    let conversation = conversation::open(&tx, &api.vault, owner.id, phone, Some(&order.customer_name), now).await?;
    queue_message(tx, &owner, &conversation, Some(link.id), body, now).await
}

/// Sends what the merchant wrote into a conversation.
pub(super) async fn accept_text(
    api: &Api,
    key: &Principal,
    conversation: Conversation,
    body: &str,
    now: DateTime<Utc>,
) -> Result<Accepted<MessageView>, Problem> {
    let body = Body::new(body).map_err(|error| Problem::field("body", error.to_string()))?;
    let tx = api.db.begin().await?;
    let owner = merchant::get(&tx, key.merchant).await?;
    queue_message(tx, &owner, &conversation, None, body, now).await
}

/// Writes the message, holds its credits and promises the job.
async fn queue_message(
    tx: DatabaseTransaction,
    owner: &Merchant,
    conversation: &Conversation,
    link: Option<LinkId>,
    body: Body,
    now: DateTime<Utc>,
) -> Result<Accepted<MessageView>, Problem> {
    if conversation.opted_out_at.is_some() {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "opted_out",
            "The buyer has asked to get no more texts. They can text START to get them again.",
        ));
    }
    if sms_integration::find(&tx, owner.id).await?.is_none() {
        return Err(Problem::conflict("sms_not_connected", "Connect an SMS carrier first, in the settings."));
    }
    let id = MessageId::new(now);
    let segments = i64::from(body.segments().count());
    let cost = segments * owner.sms_rate;
    let outgoing = Outgoing {
        id,
        merchant_id: owner.id,
        conversation_id: conversation.id,
        link_id: link,
        body: body.into_text(),
        segments,
        credits: cost,
        origin: Origin::Merchant,
        once_key: None,
    };
    let message = message::insert_outgoing(&tx, outgoing, now).await?;
    credits::hold(&tx, owner.id, id, cost, now).await.map_err(insufficient)?;
    let ticket = promise(&tx, &SendSms { merchant: owner.id, message: id }, Promise::of(owner.id), now).await?;
    Ok(Accepted {
        tx,
        status: StatusCode::ACCEPTED,
        location: format!("/v1/messages/{id}"),
        view: MessageView::of(message, conversation.phone.as_ref()),
        tickets: ticket.into_iter().collect(),
    })
}

fn insufficient(error: CreditError) -> Problem {
    match error {
        CreditError::Insufficient { wanted, available } => Problem::new(
            StatusCode::PAYMENT_REQUIRED,
            "insufficient_credits",
            format!("The message costs {wanted} credits and {available} are available."),
        ),
        CreditError::Db(error) => error.into(),
        CreditError::NotPositive | CreditError::NoHold(_) => Problem::internal(error),
    }
}

/// The text of a link's message, by this template or by the merchant's.
pub(super) fn render(
    api: &Api,
    owner: &Merchant,
    order: &Order,
    link: &link::Model,
    template: Option<&str>,
) -> Result<Body, Problem> {
    let template = template_of(owner, template)?;
    let url = api.buyer_url(link.id);
    template.render(&variables(owner, order, link, &url)?).map_err(bad_template("template"))
}

/// The template to use: the one given, the merchant's, or the default.
pub(super) fn template_of(owner: &Merchant, given: Option<&str>) -> Result<Template, Problem> {
    match given.or(owner.message_template.as_deref()) {
        Some(text) => Template::parse(text).map_err(bad_template("template")),
        None => Ok(Template::default()),
    }
}

/// What a link's template can say.
pub(super) fn variables<'a>(
    owner: &'a Merchant,
    order: &'a Order,
    link: &'a link::Model,
    url: &'a str,
) -> Result<Variables<'a>, Problem> {
    let gone = || Problem::new(StatusCode::GONE, "purged", "The link was erased after 90 days.");
    Ok(Variables {
        merchant_name: &owner.name,
        customer_name: &order.customer_name,
        order_number: &order.number,
        invoice_number: link.invoice_number.as_deref().ok_or_else(gone)?,
        amount: link.money()?.ok_or_else(gone)?,
        link: url,
        expires_on: owner.day_of(link.expires_at),
    })
}

/// What is wrong with the template in this field of the request.
pub(super) fn bad_template(field: &'static str) -> impl Fn(TemplateError) -> Problem {
    move |error| Problem::field(field, error.to_string()).coded("bad_template")
}
