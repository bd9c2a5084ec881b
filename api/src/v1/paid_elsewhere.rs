//! `/v1/payment-links/{id}/mark-paid` and `…/unmark-paid`, `/v1/orders/{id}/mark-paid`: payments received without
//! Stripe.

mod input;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{LinkId, LinkState, OrderId, link::LinkEvent};
use entity::{
    AuditAction,
    link::{self, Advanced, PaidOrder, StripeFacts},
    merchant,
    order::{self, Tag},
};
use poem::web::Data;
use poem_openapi::{
    OpenApi,
    param::{Header, Path},
};
use queue::{CloseReason, CloseStripeLink, EnqueueOptions, enqueue};

use self::input::{MarkOrderPaid, MarkPaid, Payment};
use super::{
    Group,
    link_answers::{accepted, find_link, refused},
    link_creation::{link_open_there, refuse_too_many},
    link_view::LinkView,
};
use crate::{
    Api, Problem,
    auth::{Administrator, Principal, Writer},
    http::{json_body::JsonBody, paging::id, typed::TextOf},
    v1::command::{Accepted, Answered, CREATED, fingerprint, fingerprint_of},
};

pub(super) struct PaidElsewhereCalls;

/// For how long a mark can be removed.
const MAY_BE_TAKEN_BACK: TimeDelta = TimeDelta::days(1);

#[OpenApi(tag = "Group::PaymentLinks")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl PaidElsewhereCalls {
    /// Mark a payment link as paid elsewhere
    ///
    /// Returns at once with a link in `settling`. It becomes `paid` when Stripe has confirmed that it can no longer be
    /// paid there. If the buyer's card was faster, it is `paid` through Stripe, with the review `paid_twice`.
    #[oai(path = "/payment-links/:id/mark-paid", method = "post")]
    async fn mark(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        input: JsonBody<MarkPaid>,
    ) -> Result<Answered<LinkView>, Problem> {
        let input = input.0;
        let call = format!("POST mark-paid {}", link_id.0);
        let fingerprint = fingerprint_of(&call, &input)?;
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, link_id, input) = (*api, &key.0, &link_id.0, &input);
            async move { accept_mark(api, key, link_id, input, now).await }
        })
        .await
    }

    /// Mark an order as paid elsewhere
    ///
    /// For an order without an open payment link: 409 `link_open` if it has one, which can be marked itself,
    /// `order_paid` if it is already paid. Returns a payment link in `paid` that does not exist at Stripe: it has no
    /// invoice, and `url` does not show its page, which has the receipt. It is unmarked like any other, with `POST
    /// /v1/payment-links/{id}/unmark-paid`.
    #[oai(path = "/orders/:id/mark-paid", method = "post")]
    async fn mark_order(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] order_id: Path<TextOf<OrderId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        input: JsonBody<MarkOrderPaid>,
    ) -> Result<Answered<LinkView, CREATED>, Problem> {
        let input = input.0;
        let fingerprint = fingerprint_of(&format!("POST mark-paid {}", order_id.0), &input)?;
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, order_id, input) = (*api, &key.0, &order_id.0, &input);
            async move { accept_mark_of_order(api, key, id(order_id)?, input, now).await }
        })
        .await
    }

    /// Unmark a payment link as paid elsewhere
    ///
    /// Within a day. The link is `voided` then. A payment reported by Stripe is never undone.
    #[oai(path = "/payment-links/:id/unmark-paid", method = "post")]
    async fn unmark(
        &self,
        api: Data<&Api>,
        key: Administrator,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
    ) -> Result<Answered<LinkView>, Problem> {
        let fingerprint = fingerprint(&format!("POST unmark-paid {}", link_id.0), &[]);
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, link_id) = (*api, &key.0, &link_id.0);
            async move { accept_unmark(api, key, link_id, now).await }
        })
        .await
    }
}

async fn accept_mark(
    api: &Api,
    key: &Principal,
    link_id: &str,
    input: &MarkPaid,
    now: DateTime<Utc>,
) -> Result<Accepted<LinkView>, Problem> {
    let tx = api.db.begin().await?;
    let owner = merchant::get(&tx, key.merchant).await?;
    let paid = input.check(key, owner.day_of(now))?;
    let link = find_link(&tx, key, link_id).await?;
    let facts =
        StripeFacts { detail: Some(paid.sentence()), actor: Some(paid.actor.clone()), ..StripeFacts::default() };
    let (link, enqueued_job) = match link::advance(&tx, &link, LinkEvent::PaidElsewhere, &facts, now).await? {
        Advanced::To(link) => {
            let link = link::set_paid_elsewhere(&tx, &link, &paid).await?;
            let link = link::set_receipt(&tx, link, input.receipt).await?;
            tx.done(key.did(AuditAction::LinkMarkPaid, &link.id).because(paid.sentence()), now);
            let job = CloseStripeLink { merchant: key.merchant, link: link.id, reason: CloseReason::PaidElsewhere };
            (link, enqueue(&tx, &job, EnqueueOptions::for_merchant(key.merchant), now).await?)
        }
        Advanced::Unchanged => {
            // Read again, because another caller may have marked it at the same moment.
            let link = find_link(&tx, key, link_id).await?;
            if !input.is_said_of(&link, &paid) {
                let detail = "The link was marked as paid before, with other words than these; those count.";
                return Err(Problem::conflict("already_marked", detail));
            }
            (link, None)
        }
        Advanced::Refused(refusal) => return Err(refused(refusal)),
    };
    let (id, view) = (link.id, LinkView::read(api, &tx, link).await?);
    Ok(accepted(tx, id, view, enqueued_job))
}

async fn accept_mark_of_order(
    api: &Api,
    key: &Principal,
    order_id: OrderId,
    input: &MarkOrderPaid,
    now: DateTime<Utc>,
) -> Result<Accepted<LinkView>, Problem> {
    let tx = api.db.begin().await?;
    let owner = merchant::get(&tx, key.merchant).await?;
    let read = order::find(&tx, owner.id, order_id).await?.ok_or_else(Problem::not_found)?;
    let Payment { paid, money, invoice_number } = input.check(key, &read, owner.day_of(now))?;
    refuse_too_many(&tx, owner.id, read.id).await?;
    let link = LinkId::new(now);
    let (merchant_id, order_id, token) = (owner.id, read.id, api.vault.link_token(link));
    let sentence = paid.sentence();
    let new = PaidOrder { id: link, merchant_id, order_id, token, invoice_number, money, paid };
    let (link, current) = link::insert_paid_elsewhere(&tx, new, now).await.map_err(link_open_there)?;
    // Locked and read again, because another caller may have marked or changed it at the same moment.
    let current = current.ok_or_else(Problem::not_found)?;
    if current.tag == Tag::Paid {
        return Err(Problem::conflict("order_paid", "The order is paid already."));
    }
    if current.archived_at.is_some() {
        return Err(Problem::conflict("order_archived", "The order is archived. Take it back first."));
    }
    if (current.amount, current.currency, &current.number) != (read.amount, read.currency, &read.number) {
        return Err(Problem::conflict("order_changed", "The order was changed meanwhile. Look at it, and try again."));
    }
    let link = link::set_receipt(&tx, link, input.receipt).await?;
    // It does not exist at Stripe, so there is nothing to close there.
    let actor = Some(key.key.to_string());
    let facts = StripeFacts { detail: Some(sentence.clone()), actor, ..StripeFacts::default() };
    let link = match link::advance(&tx, &link, LinkEvent::CloseConfirmed, &facts, now).await? {
        Advanced::To(link) => *link,
        Advanced::Unchanged => link,
        Advanced::Refused(refusal) => return Err(refused(refusal)),
    };
    tx.done(key.did(AuditAction::LinkMarkPaid, &link.id).because(sentence), now);
    let (id, view) = (link.id, LinkView::read(api, &tx, link).await?);
    Ok(accepted(tx, id, view, None))
}

async fn accept_unmark(
    api: &Api,
    key: &Principal,
    link_id: &str,
    now: DateTime<Utc>,
) -> Result<Accepted<LinkView>, Problem> {
    let tx = api.db.begin().await?;
    let link = find_link(&tx, key, link_id).await?;
    if link.state == LinkState::Paid && link.paid_at.is_some_and(|paid_at| paid_at + MAY_BE_TAKEN_BACK <= now) {
        return Err(Problem::conflict("too_late", "It can be taken back within a day."));
    }
    let facts = StripeFacts {
        detail: Some("Taken back: it was not paid elsewhere.".to_owned()),
        actor: Some(key.key.to_string()),
        ..StripeFacts::default()
    };
    let link = match link::advance(&tx, &link, LinkEvent::PaidElsewhereTakenBack, &facts, now).await? {
        Advanced::To(link) => {
            tx.done(key.did(AuditAction::LinkUnmarkPaid, &link.id), now);
            *link
        }
        Advanced::Unchanged => link,
        Advanced::Refused(refusal) => return Err(refused(refusal)),
    };
    let (id, view) = (link.id, LinkView::read(api, &tx, link).await?);
    Ok(accepted(tx, id, view, None))
}
