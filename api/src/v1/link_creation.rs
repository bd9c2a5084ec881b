//! Creating a payment link.

use chrono::{DateTime, Utc};
use domain::{LinkId, MerchantId, Money, OrderId, sha256};
use entity::{
    AuditAction, Documents, Merchant, Order, Transaction,
    link::{self, NewLink},
    logo,
    stripe_integration::{self, StripeStatus},
};
use queue::{EnqueueOptions, StoreInvoice, enqueue};
use sea_orm::DbErr;

use super::{
    details_page::{LinkRequest, render_details},
    link_answers::accepted,
    link_form::{FilledForm, LinkTerms},
    link_view::{LinkView, OfLink},
};
use crate::{Api, Problem, auth::Principal, v1::command::Accepted};

/// The most payment links of an order, in any state. An ordinary order has one or a few.
const MOST_OF_ORDER: u64 = 100;

/// A request for a link: the form that was read, and the order as it was then.
#[derive(Clone, Copy)]
pub(super) struct AskedLink<'a> {
    pub(super) order: &'a Order,
    pub(super) owner: &'a Merchant,
    pub(super) filled: &'a FilledForm,
}

pub(super) async fn accept_link(
    api: &Api,
    key: &Principal,
    link: LinkId,
    AskedLink { order, owner, filled }: AskedLink<'_>,
    now: DateTime<Utc>,
) -> Result<Accepted<LinkView>, Problem> {
    let terms = filled.check(order, owner, now)?;
    let (bytes, document_sha256) = if let Some(invoice) = &filled.invoice {
        (invoice.bytes, invoice.sha256.clone())
    } else {
        let logo = logo::find(api.db.pool(), owner.id).await?;
        let (number, due) = (terms.invoice_number.as_str(), terms.expires_at);
        let request = LinkRequest { number, money: terms.money, due, now };
        let (page, _) = render_details(order, owner, logo, Some(&request)).await?;
        let written = (page.len() as u64, sha256(&page));
        api.documents.put(&Documents::staging_name(link), page).await?;
        written
    };
    let tx = api.db.begin().await?;
    // Read again, because the upload may have taken minutes.
    ready_owner(&tx, owner.id).await?;
    api.quotas.check_room(&tx, owner.id, bytes).await?;
    refuse_too_many(&tx, owner.id, order.id).await?;
    let asked = (terms.invoice_number.clone(), terms.money);
    let document_bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let new = NewLink { document_bytes, document_sha256, ..new_link(api, key, order, link, terms) };
    let (row, current) = insert_link(&tx, new, now).await?;
    let current = current.ok_or_else(Problem::not_found)?;
    refuse_stale(filled, &asked, (order, &current), owner, now)?;
    tx.done(key.did(AuditAction::LinkCreate, &link), now);
    let job = StoreInvoice { merchant: owner.id, link };
    let enqueued_job = enqueue(&tx, &job, EnqueueOptions::for_merchant(owner.id), now).await?;
    // A new link cannot have been sent or paid yet.
    let view = LinkView::of(api, row, link::timeline(&tx, link).await?, OfLink::default())?;
    Ok(accepted(tx, link, view, enqueued_job))
}

/// Refuses another link of an order that has very many.
pub(super) async fn refuse_too_many(tx: &Transaction, merchant: MerchantId, order: OrderId) -> Result<(), Problem> {
    if link::count_of_order(tx, merchant, order).await? < MOST_OF_ORDER {
        return Ok(());
    }
    let detail = format!("The order has had {MOST_OF_ORDER} payment links, and gets no more. Open another order.");
    Err(Problem::conflict("too_many_links", detail))
}

/// Refuses a link that no longer matches its order.
fn refuse_stale(
    filled: &FilledForm,
    asked: &(String, Money),
    (read, current): (&Order, &Order),
    owner: &Merchant,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    if current.archived_at.is_some() {
        return Err(Problem::conflict("order_archived", "The order is archived. Take it back first."));
    }
    let terms = filled.check(current, owner, now)?;
    let is_same_page = filled.invoice.is_some() || current.prints_as(read);
    if is_same_page && *asked == (terms.invoice_number, terms.money) {
        return Ok(());
    }
    Err(Problem::conflict("order_changed", "The order was changed meanwhile. Look at it, and make the link again."))
}

/// The merchant's current row, unless it is suspended or its Stripe account is not connected.
pub(super) async fn ready_owner(tx: &Transaction, merchant: MerchantId) -> Result<Merchant, Problem> {
    let (owner, integration) = stripe_integration::with_owner(tx, merchant).await?;
    if owner.is_suspended() {
        return Err(Problem::suspended());
    }
    match integration.map(|integration| integration.status) {
        Some(StripeStatus::Connected) => Ok(owner),
        Some(StripeStatus::Checking) => Err(Problem::conflict(
            "stripe_not_connected",
            "Your Stripe key is still being checked. Try again in a moment.",
        )),
        Some(StripeStatus::Failed) | None => {
            Err(Problem::conflict("stripe_not_connected", "Connect your Stripe account first, in the settings."))
        }
    }
}

/// A link without its invoice data.
fn new_link(api: &Api, key: &Principal, order: &Order, link: LinkId, terms: LinkTerms) -> NewLink {
    NewLink {
        id: link,
        merchant_id: order.merchant_id,
        order_id: order.id,
        token: api.vault.link_token(link),
        invoice_number: terms.invoice_number,
        money: terms.money,
        document: Documents::staging_name(link),
        document_bytes: 0,
        document_sha256: Vec::new(),
        expires_at: terms.expires_at,
        metadata: terms.metadata,
        payment_methods: terms.payment_methods,
        reminding: terms.reminding,
        receipt: terms.receipt,
        actor: Some(key.key.to_string()),
    }
}

async fn insert_link(
    tx: &Transaction,
    new: NewLink,
    now: DateTime<Utc>,
) -> Result<(link::Model, Option<Order>), Problem> {
    link::insert_and_hold(tx, new, now).await.map_err(link_open_there)
}

/// Why a link could not be written: its order may have one that is open.
pub(super) fn link_open_there(error: DbErr) -> Problem {
    if link::is_second_open(&error) {
        return Problem::conflict("link_open", "The order has an open payment link. Void it to make a new one.");
    }
    error.into()
}
