//! Accepts a message. Everything that can be refused is refused here, before anything is queued.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    PhoneNumber,
    message::MessageStatus,
    sms::Body,
    template::{Language, Purpose, Template, TemplateError},
};
use entity::{
    AuditAction, Conversation, Merchant, Order, Transaction,
    conversation::{self, Correspondent},
    link::{self, ExpectedState},
    link_text::{LinkTextError, text_of_link},
    message::{self, NewMessage, NotAccepted, Origin},
    message_template, order,
};
use poem::http::StatusCode;
use queue::{EnqueueOptions, SendSms, enqueue};

use super::{link_answers::find_link, message_view::MessageView};
use crate::{Api, Problem, auth::Principal, v1::command::Accepted};

/// The shortest time between two sends of a link to the same number, unless a resend is requested, since a double click
/// is rarely intended.
const BETWEEN_SENDS: TimeDelta = TimeDelta::minutes(1);

/// How a link is sent.
pub(super) struct Sending<'a> {
    /// A template for this message only.
    pub(super) template: Option<&'a str>,
    /// The purpose of the text.
    pub(super) purpose: Purpose,
    /// The language; `None` for the buyer's, else the merchant's.
    pub(super) language: Option<&'a str>,
    /// The earliest time.
    pub(super) send_at: Option<DateTime<Utc>>,
    /// Send even if it was sent just now.
    pub(super) resend: bool,
    /// Refuse it if the buyer was told that none would come.
    pub(super) only_wanted: bool,
    /// Use the ready text in the buyer's language where the merchant has written none in it.
    pub(super) ready: bool,
}

/// Sends a payment link to the order's buyer.
pub(super) async fn accept_link(
    api: &Api,
    key: &Principal,
    link_id: &str,
    sending: Sending<'_>,
    now: DateTime<Utc>,
) -> Result<Accepted<MessageView>, Problem> {
    let owner = key.owner(api).await?;
    let tx = api.db.begin().await?;
    let link = find_link(&tx, key, link_id).await?;
    if !link.can_be_paid(now) {
        let detail = format!("Only an unpaid link can be sent; this one is {}.", link.state);
        return Err(Problem::conflict("link_not_open", detail));
    }
    if link.awaits_renewal() {
        let detail = "The buyer's bank did not pay, and the link cannot be paid anew yet. Send it once it can.";
        return Err(Problem::conflict("link_not_open", detail));
    }
    if sending.only_wanted || sending.purpose == Purpose::Reminder {
        check_wanted(&link, sending.send_at.unwrap_or(now))?;
    }
    let order = order::find(&tx, owner.id, link.order_id).await?.ok_or_else(Problem::not_found)?;
    let phone = order.customer_phone.as_ref().ok_or_else(no_phone_number)?;
    let url = api.buyer_url(link.id);
    check_time(sending.send_at, &link, now)?;
    let template = template_of(&tx, &owner, &order, &sending).await?;
    let body = text_of_link(&owner, &order, &link, &url, &template).map_err(no_text("template"))?;
    // Also locks the conversation, so that the second of two concurrent sends sees the first.
    let conversation =
        conversation::open(&tx, &api.vault, owner.id, Correspondent::named(phone, &order.customer_name), now).await?;
    // An opt-out is reported first, since a resend would not help.
    if !sending.resend && sending.send_at.is_none() && conversation.opted_out_at.is_none() {
        let sent = message::sent_since(&tx, link.id, conversation.id, now - BETWEEN_SENDS).await?;
        if sent.is_some() {
            return Err(Problem::conflict(
                "recently_sent",
                "This link was sent to this number less than a minute ago. Send it again with `resend` if that is meant.",
            ));
        }
    }
    let text = NewMessage {
        conversation: conversation.id,
        link: Some(link.id),
        body,
        origin: Origin::Merchant,
        once_key: None,
        send_at: sending.send_at,
        actor: Some(key.key.to_string()),
    };
    queue_message(api, tx, key, Addressed { owner: &owner, conversation: &conversation, text }, now).await
}

/// Refuses what the buyer's page says will not come: a reminder of what they do not recognise, or before the day on
/// which they will pay.
fn check_wanted(link: &link::Model, at: DateTime<Utc>) -> Result<(), Problem> {
    if link.unrecognised_at.is_some() {
        let detail = "The buyer does not recognise it, and was told that no more reminders come.";
        return Err(Problem::conflict("not_recognised", detail));
    }
    if link.expected_state(at) == Some(ExpectedState::Pending) {
        let detail = "The buyer has named a day on which they will pay, and was told that no reminder comes before.";
        return Err(Problem::conflict("payment_expected", detail));
    }
    Ok(())
}

/// How far in the future a text can be scheduled.
const LONGEST_WAIT: TimeDelta = TimeDelta::days(35);

fn check_time(send_at: Option<DateTime<Utc>>, link: &link::Model, now: DateTime<Utc>) -> Result<(), Problem> {
    let Some(at) = send_at else { return Ok(()) };
    if at <= now {
        return Err(Problem::field("send_at", "must be in the future"));
    }
    if at > now + LONGEST_WAIT {
        return Err(Problem::field("send_at", format!("must be at most {} days from now", LONGEST_WAIT.num_days())));
    }
    if at >= link.expires_at {
        return Err(Problem::field("send_at", "must be before the link expires"));
    }
    Ok(())
}

async fn template_of(
    tx: &Transaction,
    owner: &Merchant,
    order: &Order,
    sending: &Sending<'_>,
) -> Result<Template, Problem> {
    let language = sending.language.or(order.language.as_deref());
    if let Some(text) = sending.template {
        let spoken = language.or(owner.language.as_deref()).and_then(Language::of).unwrap_or(Language::En);
        let template = Template::parse(text).map_err(bad_template("template"))?;
        return Ok(template.set(owner.typography()).in_language(spoken));
    }
    let found = message_template::find(tx, owner, sending.purpose, language).await?;
    let found = if sending.ready { found.or_ready(owner, language) } else { found };
    found.template(owner).map_err(bad_template("template"))
}

/// Sends a merchant's text in a conversation.
pub(super) async fn accept_text(
    api: &Api,
    key: &Principal,
    conversation: &Conversation,
    body: &str,
    now: DateTime<Utc>,
) -> Result<Accepted<MessageView>, Problem> {
    let owner = key.owner(api).await?;
    let tx = api.db.begin().await?;
    let body = Body::set(body, owner.typography()).map_err(|error| Problem::field("body", error.to_string()))?;
    let text = plain_text(key, conversation, body);
    queue_message(api, tx, key, Addressed { owner: &owner, conversation, text }, now).await
}

/// Sends a test text, to see whether the carrier works.
pub(super) async fn accept_test(
    api: &Api,
    key: &Principal,
    to: &PhoneNumber,
    now: DateTime<Utc>,
) -> Result<Accepted<MessageView>, Problem> {
    let owner = key.owner(api).await?;
    let tx = api.db.begin().await?;
    let conversation = conversation::open(&tx, &api.vault, owner.id, to, now).await?;
    let body = format!("{}: this is a test of texts by Paylink. Nothing is to be done.", owner.name);
    let body = Body::set(&body, owner.typography()).map_err(Problem::internal)?;
    let text = plain_text(key, &conversation, body);
    queue_message(api, tx, key, Addressed { owner: &owner, conversation: &conversation, text }, now).await
}

/// A text without a link, to be sent at once.
fn plain_text(key: &Principal, conversation: &Conversation, body: Body) -> NewMessage {
    NewMessage {
        conversation: conversation.id,
        link: None,
        body,
        origin: Origin::Merchant,
        once_key: None,
        send_at: None,
        actor: Some(key.key.to_string()),
    }
}

/// A text with its merchant and recipient.
struct Addressed<'a> {
    owner: &'a Merchant,
    conversation: &'a Conversation,
    text: NewMessage,
}

/// Inserts the message, holds its credits and enqueues the job.
async fn queue_message(
    api: &Api,
    tx: Transaction,
    key: &Principal,
    Addressed { owner, conversation, text }: Addressed<'_>,
    now: DateTime<Utc>,
) -> Result<Accepted<MessageView>, Problem> {
    let message = message::accept(&tx, owner, text, now).await.map_err(not_accepted)?;
    api.quotas.count_text(&tx, owner.id, now).await?;
    match message.link_id {
        Some(link) => tx.done(key.did(AuditAction::LinkSend, &link).because(message.id.to_string()), now),
        None => tx.done(key.did(AuditAction::MessageSend, &message.id).because(conversation.id.to_string()), now),
    }
    // The scheduler enqueues the job when it is due.
    let enqueued_job = if message.status == MessageStatus::Scheduled {
        None
    } else {
        let job = SendSms { merchant: owner.id, message: message.id };
        enqueue(&tx, &job, EnqueueOptions::for_merchant(owner.id), now).await?
    };
    Ok(Accepted {
        tx,
        location: format!("/v1/messages/{}", message.id),
        view: MessageView::of(message, conversation.phone.as_ref()),
        enqueued: enqueued_job.into_iter().collect(),
    })
}

fn not_accepted(error: NotAccepted) -> Problem {
    match error {
        NotAccepted::Suspended => Problem::suspended(),
        NotAccepted::OptedOut => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "opted_out",
            "The buyer has asked to get no more texts. They can text START to get them again.",
        ),
        NotAccepted::NoNumber => no_phone_number(),
        NotAccepted::NotConnected => {
            Problem::conflict("sms_not_connected", "Connect an SMS carrier first, in the settings.")
        }
        NotAccepted::NoText(error) => no_text("template")(*error),
        NotAccepted::TooFewCredits { wanted, available } => Problem::new(
            StatusCode::PAYMENT_REQUIRED,
            "insufficient_credits",
            format!("The message costs {wanted} credits and {available} are available."),
        ),
        NotAccepted::Db(error) => error.into(),
    }
}

fn no_phone_number() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no_phone_number", "The order has no phone number.")
}

/// The problem for a link whose text cannot be rendered with the template in this field.
pub(super) fn no_text(field: &'static str) -> impl Fn(LinkTextError) -> Problem {
    move |error| match error {
        LinkTextError::Template(error) => bad_template(field)(error),
        LinkTextError::Purged => Problem::conflict("purged", "The link was erased."),
        LinkTextError::Db(error) => error.into(),
    }
}

/// The problem for an invalid template in this field.
pub(super) fn bad_template(field: &'static str) -> impl Fn(TemplateError) -> Problem {
    move |error| Problem::field(field, error.to_string()).coded("bad_template")
}
