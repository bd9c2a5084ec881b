//! `/v1/orders/{id}/payment-links` and `/v1/payment-links`.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::{
    Currency, LinkId, LinkState, MerchantId, Money, OrderId,
    link::{LinkEvent, Refusal, Review},
    sha256,
};
use entity::{
    AuditAction, Documents, Merchant, Order, Transaction, conversation,
    documents::DocumentError,
    link::{self, Advanced, Dispute, NewLink, StripeFacts, TimelineEntry},
    list::{Found, PaidPeriod},
    logo,
    order::{self, OrderName, Tag},
    stripe_integration::{self, StripeStatus},
};
use poem::{error::ResponseError, http::StatusCode, web::Data};
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use queue::{CloseReason, CloseStripeLink, EnqueueOptions, StoreInvoice, enqueue};
use sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};

use super::{
    Group,
    link_form::{FilledForm, LinkForm, Staged, Terms},
    link_list,
    link_reminders::{self, ChangesInput},
    link_view::{self, Around, LinkView, OfLink},
    order_view::Request,
    orders::render_details,
};
use crate::http::typed::{CurrencyCode, Limit, Moment, Prose, Several, SortOrder, Text, TextOf, period};
use crate::{
    Api, Problem,
    auth::{Principal, Reader, Writer},
    http::{
        first_page::FirstPage,
        json_body::{JsonBody, OptionalJson},
        listing::{Listing, is_csv_wanted},
        paging::{Asked, id},
        pdf_response::Pdf,
        serialized::Serialized,
    },
    v1::command::{Accepted, Answered, fingerprint, fingerprint_of},
};

pub(super) struct Links;

/// The most payment links of an order, in any state. An ordinary order has one or a few.
const MOST_OF_ORDER: u64 = 100;

/// The input of a void.
#[derive(Debug, Default, Deserialize, Object, Serialize)]
struct Void {
    /// The reason, for your records.
    reason: Option<Prose<500>>,
    /// Whether the buyer is told by text, with the template `voided`, which costs credits like any other.
    #[oai(default)]
    #[serde(default)]
    tell_buyer: bool,
}

#[OpenApi(tag = "Group::PaymentLinks")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl Links {
    /// Create a payment link
    ///
    /// Returns at once with a link in `creating`. It becomes `unpaid` when Stripe has created it, or `failed`.
    #[oai(path = "/orders/:id/payment-links", method = "post")]
    async fn create(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] order_id: Path<TextOf<OrderId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        form: LinkForm,
    ) -> Result<Answered<LinkView>, Problem> {
        let order = find_order(&api, &key.0, id(&order_id)?).await?;
        let owner = key.0.owner(&api).await?;
        api.backlogs.check(&api.db, owner.id, &api.quotas).await?;
        api.quotas.check_room(api.db.pool(), owner.id, 0).await?;
        let link = LinkId::new(api.clock.now());
        let mut staged = Staged::begin(&api.documents, link);
        let filled = form.read(&api.documents, link).await?;
        staged.keep();
        let fingerprint = fingerprint(&format!("POST payment-links {}", order.id), &filled.canonical());
        let answered = api
            .command(owner.id, idempotency_key.0, fingerprint, |now| {
                let api = *api;
                let (order, owner, filled, key) = (&order, &owner, &filled, &key.0);
                let asked = AskedLink { order, owner, filled };
                async move { accept_link(api, key, link, asked, now).await }
            })
            .await;
        // If the answer to the commit was lost, a job may still need the upload, so it is left to the clean-up of the
        // staging area.
        let is_unused = match &answered {
            Ok(answered) => !answered.is_first(),
            Err(problem) => ResponseError::status(problem).is_client_error(),
        };
        if is_unused {
            // An upload that cannot be deleted now is deleted with the staging area.
            let _ = api.documents.delete(&Documents::staging_name(link)).await;
        }
        answered
    }

    /// List payment links
    ///
    /// A page of large links is shorter than requested and has a `next_cursor`. With `Accept: text/csv` returns all
    /// matches instead of a page.
    #[oai(path = "/payment-links", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Reader,
        /// Links in any of these statuses.
        status: Query<Option<Several<LinkState>>>,
        /// Part of the invoice number, of the order's number, of the buyer's name or phone number, of the order's notes
        /// or of a value of the metadata, or the amount. Ignores case.
        q: Query<Option<String>>,
        order_id: Query<Option<Text<OrderId>>>,
        /// The order's tag.
        tag: Query<Option<Text<Tag>>>,
        /// Links with this review.
        review: Query<Option<Text<Review>>>,
        /// Links with a dispute in any of these states.
        disputed: Query<Option<Several<Dispute>>>,
        /// In this currency.
        currency: Query<Option<CurrencyCode>>,
        created_from: Query<Option<Moment>>,
        created_to: Query<Option<Moment>>,
        paid_from: Query<Option<Moment>>,
        paid_to: Query<Option<Moment>>,
        /// Only links of archived orders, or only those of others; absent: both.
        archived: Query<Option<bool>>,
        /// Also say what all matches come to, if there are at most 1,000.
        totals: Query<Option<bool>>,
        sort: Query<Option<Text<SortOrder>>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<LinkId>>>,
        accept: Header<Option<String>>,
    ) -> Result<Listing<LinkView>, Problem> {
        let owner = key.0.owner(&api).await?;
        let asked = Asked::<LinkId>::new(limit.0, cursor.0);
        let search = link::LinkSearch {
            states: status.0.map_or_else(Vec::new, |several| several.0),
            text: q.0.filter(|text| !text.trim().is_empty()),
            order: order_id.0.map(Text::value),
            tag: tag.0.map(Text::value),
            review: review.0.map(Text::value),
            disputes: disputed.0.map_or_else(Vec::new, |several| several.0),
            currency: currency
                .0
                .map(|code| Currency::parse(&code))
                .transpose()
                .map_err(|wrong| Problem::field("currency", wrong.to_string()))?,
            created: period("created", created_from.0, created_to.0, &owner)?,
            paid: PaidPeriod::new(period("paid", paid_from.0, paid_to.0, &owner)?, &owner.zone()),
            archived: archived.0,
            place: asked.place(sort.0),
        };
        if is_csv_wanted(accept.0.as_deref()) {
            return Ok(Listing::Csv(link_list::csv_of((*api).clone(), owner, search), "payment-links"));
        }
        let _turn = api.readers.take(owner.id).await?;
        let totals = match totals.0 {
            Some(true) => Some(link_list::totals_of(&api, owner.id, &search).await?),
            Some(false) | None => None,
        };
        let Found { rows, has_more } = link::search(api.db.pool(), owner.id, search).await?;
        let bytes = rows.iter().map(|(link, timeline)| link_view::bytes(link, timeline)).sum();
        api.budgets.charge_bytes(owner.id, bytes);
        let all = Around::of(api.db.pool(), rows.iter().map(|(link, _)| link).collect()).await?;
        let orders = rows.iter().map(|(link, _)| link.order_id).collect();
        let orders = order::names(api.db.pool(), owner.id, orders).await?;
        let opted_out = opted_out_of(&api, owner.id, &rows, &orders).await?;
        let shared = (*api).clone();
        let page = move || {
            let view = |(link, timeline): (link::Model, _)| {
                let (around, order) = (all.of_link(&link), orders.get(&link.order_id));
                let opted_out = (link.state == LinkState::Unpaid).then(|| opted_out.contains(&link.order_id));
                LinkView::of(&shared, link, timeline, around).map(|view| view.for_whom(order).opted_out(opted_out))
            };
            let page = asked.page_of(rows, has_more, |(link, _)| link.id, view)?;
            Ok::<_, DbErr>(page.with_totals(totals))
        };
        Ok(Listing::Long(Serialized::of(&api, bytes, page).await?))
    }

    /// See a payment link
    #[oai(path = "/payment-links/:id", method = "get")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
    ) -> Result<Json<LinkView>, Problem> {
        let link = find_link(api.db.pool(), &key.0, &link_id).await?;
        Ok(Json(LinkView::read(&api, api.db.pool(), link).await?))
    }

    /// Change a payment link
    ///
    /// The reminder settings, while the link can be paid or may soon be: 409 `link_not_open` once it is closed.
    /// Settings that the link does not have are the merchant's (`PATCH /v1/merchant`).
    #[oai(path = "/payment-links/:id", method = "patch")]
    async fn change(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
        input: JsonBody<ChangesInput>,
    ) -> Result<Json<LinkView>, Problem> {
        Ok(Json(link_reminders::change(&api, &key.0, id(&link_id)?, input.0).await?))
    }

    /// The invoice
    #[oai(path = "/payment-links/:id/invoice", method = "get")]
    async fn invoice(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
    ) -> Result<Pdf, Problem> {
        let link = find_link(api.db.pool(), &key.0, &link_id).await?;
        read_invoice(&api, &link).await
    }

    /// The first page of the invoice as a picture
    ///
    /// There is none for an invoice that is too expensive to render.
    #[oai(path = "/payment-links/:id/invoice.png", method = "get")]
    async fn first_page(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
    ) -> Result<FirstPage, Problem> {
        let link = find_link(api.db.pool(), &key.0, &link_id).await?;
        FirstPage::of(&api, &link).await
    }

    /// Void an unpaid payment link
    ///
    /// Returns at once with a link in `voiding`. It becomes `voided` when Stripe has confirmed that it can no longer be
    /// paid, or `paid` if the payment was faster.
    #[oai(path = "/payment-links/:id/void", method = "post")]
    async fn void(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        input: OptionalJson<Void>,
    ) -> Result<Answered<LinkView>, Problem> {
        let input = input.0;
        let call = format!("POST void {}", link_id.0);
        let fingerprint = fingerprint_of(&call, &input)?;
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, link_id, input) = (*api, &key.0, &link_id.0, &input);
            async move { accept_void(api, key, link_id, input, now).await }
        })
        .await
    }
}

async fn find_order(api: &Api, key: &Principal, order: OrderId) -> Result<Order, Problem> {
    order::find(api.db.pool(), key.merchant, order).await?.ok_or_else(Problem::not_found)
}

/// The merchant's link, or 404.
pub(super) async fn find_link(
    db: &impl ConnectionTrait,
    key: &Principal,
    link_id: &str,
) -> Result<link::Model, Problem> {
    link::find(db, key.merchant, id(link_id)?).await?.ok_or_else(Problem::not_found)
}

/// The link's invoice, unless it was erased.
pub(crate) async fn read_invoice(api: &Api, link: &link::Model) -> Result<Pdf, Problem> {
    let (Some(document), Some(number)) = (&link.document, &link.invoice_number) else {
        return Err(Problem::new(StatusCode::GONE, "purged", "The invoice was erased after 90 days."));
    };
    let read = match &link.document_sha256 {
        Some(sha256) => api.documents.read_as(document, sha256).await,
        None => api.documents.read(document).await,
    };
    let invoice = read.map_err(|error| match error {
        // An upload may be moving from staging to the store, so it is looked for in both.
        DocumentError::Missing if link.document_pages.is_some() => Problem::invoice_damaged(error),
        DocumentError::Altered => Problem::invoice_damaged(error),
        DocumentError::Missing | DocumentError::Store(_) | DocumentError::TimedOut => error.into(),
    })?;
    Ok(Pdf::inline(invoice, &format!("invoice-{number}")))
}

/// A request for a link: the form that was read, and the order as it was then.
#[derive(Clone, Copy)]
struct AskedLink<'a> {
    order: &'a Order,
    owner: &'a Merchant,
    filled: &'a FilledForm,
}

async fn accept_link(
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
        let request = Request { number, money: terms.money, due, now };
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
fn new_link(api: &Api, key: &Principal, order: &Order, link: LinkId, terms: Terms) -> NewLink {
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

async fn accept_void(
    api: &Api,
    key: &Principal,
    link_id: &str,
    input: &Void,
    now: DateTime<Utc>,
) -> Result<Accepted<LinkView>, Problem> {
    let reason = input.reason.as_ref().map(|reason| reason.to_string());
    let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    let tx = api.db.begin().await?;
    let link = find_link(&tx, key, link_id).await?;
    let facts = StripeFacts { detail: reason.clone(), actor: Some(key.key.to_string()), ..StripeFacts::default() };
    let (link, enqueued_job) = match link::advance(&tx, &link, LinkEvent::VoidRequested, &facts, now).await? {
        Advanced::To(link) => {
            let link = if input.tell_buyer { Box::new(link::set_tell_buyer(&tx, &link).await?) } else { link };
            link::set_close_reason(&tx, &link, reason.clone()).await?;
            tx.done(key.did(AuditAction::LinkVoid, &link.id).because(reason), now);
            let job = CloseStripeLink { merchant: key.merchant, link: link.id, reason: CloseReason::Void };
            (*link, enqueue(&tx, &job, EnqueueOptions::for_merchant(key.merchant), now).await?)
        }
        Advanced::Unchanged => {
            // Read again, because another caller may have voided it at the same moment.
            let link = find_link(&tx, key, link_id).await?;
            if reason.is_some() && reason != link.close_reason {
                let detail = "The link was voided before, with other words than these; those count.";
                return Err(Problem::conflict("already_voided", detail));
            }
            (link, None)
        }
        Advanced::Refused(refusal) => return Err(refused(refusal)),
    };
    let (id, view) = (link.id, LinkView::read(api, &tx, link).await?);
    Ok(accepted(tx, id, view, enqueued_job))
}

/// The orders of unpaid links whose buyers want no texts.
async fn opted_out_of(
    api: &Api,
    merchant: MerchantId,
    rows: &[(link::Model, Vec<TimelineEntry>)],
    orders: &HashMap<OrderId, OrderName>,
) -> Result<HashSet<OrderId>, DbErr> {
    let unpaid = rows.iter().filter(|(link, _)| link.state == LinkState::Unpaid);
    let named: Vec<(OrderId, Vec<u8>)> = unpaid
        .filter_map(|(link, _)| Some((link.order_id, orders.get(&link.order_id)?.customer_phone.as_ref()?)))
        .flat_map(|(order, phone)| phone.forms().into_iter().map(move |form| (order, form)))
        .map(|(order, form)| (order, api.vault.phone_hash(merchant, &form)))
        .collect();
    let hashes = named.iter().map(|(_, hash)| hash.clone()).collect();
    let found = conversation::opted_out_of(api.db.pool(), merchant, hashes).await?;
    Ok(named.into_iter().filter(|(_, hash)| found.contains(hash)).map(|(order, _)| order).collect())
}

/// The problem for a refused transition.
pub(super) fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Paid => Problem::conflict("link_paid", "The link is paid. Refunds are made in Stripe's dashboard."),
        Refusal::PaymentUnderWay => {
            Problem::conflict("link_processing", "A payment is under way; its end decides what becomes of the link.")
        }
        Refusal::StillCreating => {
            Problem::conflict("link_not_open", "The link is still being made. Try again in a moment.")
        }
        Refusal::NotOpen => Problem::conflict("link_not_open", "The link is closed already."),
        Refusal::NotPaidElsewhere => Problem::conflict(
            "not_paid_elsewhere",
            "The link was not marked as paid elsewhere, or Stripe says it is paid.",
        ),
    }
}

/// The answer to a command on a link.
pub(super) fn accepted(
    tx: Transaction,
    link: LinkId,
    view: LinkView,
    enqueued_job: Option<queue::EnqueuedJob>,
) -> Accepted<LinkView> {
    Accepted { tx, location: format!("/v1/payment-links/{link}"), view, enqueued: enqueued_job.into_iter().collect() }
}

/// Whether a buyer can pay the link now. An overdue link is closed here before Stripe is told.
pub(crate) fn can_be_paid(link: &link::Model, now: DateTime<Utc>) -> bool {
    link.state == LinkState::Unpaid && now < link.expires_at
}
