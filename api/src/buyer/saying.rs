//! What the buyer says on the page, by its buttons: the merchant finds it in the conversation.

use chrono::{DateTime, NaiveDate, Utc};
use entity::{
    Merchant, Transaction,
    conversation::{self, Correspondent},
    link, merchant,
    message::{self, SaidOnPage},
    order,
};
use poem::{
    Request, Response, handler,
    web::{Data, Form, Path},
};
use serde::Deserialize;

use super::{Words, find, page::may_want_new_link, page_state::PageState, show_again};
use crate::{Api, Problem};

/// The buyer does not recognise the request: the merchant sees this in the conversation, and reminders stop.
#[handler]
pub(crate) async fn unrecognised(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    if link.can_be_paid(api.clock.now()) && link.unrecognised_at.is_none() {
        tell_merchant(&api, &link, false).await?;
    }
    show_again(&token)
}

/// The buyer recognises the request after all.
#[handler]
pub(crate) async fn recognised(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    if link.can_be_paid(api.clock.now()) && link.unrecognised_at.is_some() {
        tell_merchant(&api, &link, true).await?;
    }
    show_again(&token)
}

async fn tell_merchant(api: &Api, link: &link::Model, knows_it: bool) -> Result<(), Problem> {
    let now = api.clock.now();
    let tx = api.db.begin().await?;
    let is_news = if knows_it {
        link::note_recognised(&tx, link, now).await?
    } else {
        link::note_unrecognised(&tx, link, now).await?
    };
    if is_news {
        let number = link.invoice_number.as_deref().unwrap_or_default();
        let body = if knows_it {
            format!("I recognise this after all (invoice {number}).")
        } else {
            format!("I don’t recognise this (invoice {number}).")
        };
        // What they do not recognise is a matter of its own.
        let said = SaidOnPage { body, needs_reading: knows_it };
        say_in_conversation(api, &tx, link, said, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The day on which the buyer intends to pay.
#[derive(Deserialize)]
pub(crate) struct PayLater {
    on: String,
}

/// Records, once, the day on which the buyer intends to pay, which delays reminders. An invalid or past day changes
/// nothing.
#[handler]
pub(crate) async fn pay_later(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
    Form(said): Form<PayLater>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    let now = api.clock.now();
    let owner = merchant::get(api.db.pool(), link.merchant_id).await?;
    if let Some((day, until)) = expected_day(&owner, &link, &said.on, now)
        && link.can_be_paid(now)
    {
        let tx = api.db.begin().await?;
        if link::note_expected(&tx, &link, day, until, now).await? {
            let number = link.invoice_number.as_deref().unwrap_or_default();
            // As the other sentences, in English: the console says them in the reader's language.
            let day = Words::of("en").day(day);
            let said = SaidOnPage { body: format!("I will pay on {day} (invoice {number})."), needs_reading: true };
            say_in_conversation(&api, &tx, &link, said, now).await?;
        }
        tx.commit().await?;
    }
    show_again(&token)
}

/// The day and its end, if it lies between today and the link's expiry.
fn expected_day(
    owner: &Merchant,
    link: &link::Model,
    text: &str,
    now: DateTime<Utc>,
) -> Option<(NaiveDate, DateTime<Utc>)> {
    let day: NaiveDate = text.trim().parse().ok()?;
    (owner.day_of(now)..=owner.day_of(link.expires_at)).contains(&day).then_some(())?;
    Some((day, owner.end_of(day)?))
}

/// The buyer of a closed link asks, once, for a new one, which a person is notified of.
#[handler]
pub(crate) async fn want_new_link(
    api: Data<&Api>,
    request: &Request,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let link = found!(&api, request, &token);
    let now = api.clock.now();
    let order = order::find(api.db.pool(), link.merchant_id, link.order_id).await?;
    if PageState::of(&link, now).is_closed() && may_want_new_link(&link, order.as_ref()) {
        let tx = api.db.begin().await?;
        if link::note_new_link_wanted(&tx, &link, now).await? {
            let number = link.invoice_number.as_deref().unwrap_or_default();
            let body = format!("Please send me a new link (invoice {number}).");
            say_in_conversation(&api, &tx, &link, SaidOnPage { body, needs_reading: false }, now).await?;
        }
        tx.commit().await?;
    }
    show_again(&token)
}

/// Adds what the buyer said on the page to the conversation, if their number is known.
async fn say_in_conversation(
    api: &Api,
    tx: &Transaction,
    link: &link::Model,
    said: SaidOnPage,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let Some(order) = order::find(tx, link.merchant_id, link.order_id).await? else { return Ok(()) };
    let Some(phone) = &order.customer_phone else { return Ok(()) };
    let conversation =
        conversation::open(tx, &api.vault, link.merchant_id, Correspondent::named(phone, &order.customer_name), now)
            .await?;
    let said = SaidOnPage { body: format!("On the payment page: {}", said.body), ..said };
    message::insert_said_on_page(tx, link, conversation.id, said, now).await?;
    Ok(())
}
