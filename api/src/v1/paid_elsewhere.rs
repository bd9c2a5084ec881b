//! `/v1/payment-links/{id}/mark-paid` and `…/unmark-paid`, `/v1/orders/{id}/mark-paid`: payments received without
//! Stripe.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    LinkId, LinkState, Money, OrderId,
    link::{ElsewhereMethod, LinkEvent},
};
use entity::{
    AuditAction, Order,
    link::{self, Advanced, PaidElsewhere, PaidOrder, StripeFacts},
    merchant,
    order::{self, Tag},
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path},
};
use queue::{CloseReason, CloseStripeLink, EnqueueOptions, enqueue};
use serde::{Deserialize, Serialize};

use super::{
    Group,
    link_answers::{accepted, find_link, refused},
    link_creation::{link_open_there, refuse_too_many},
    link_view::LinkView,
};
use crate::{
    Api, Problem,
    auth::{Administrator, Principal, Writer},
    http::{
        fields::Fields,
        json_body::JsonBody,
        paging::id,
        typed::{Amount, CalendarDay, Line, Text, TextOf},
    },
    v1::command::{Accepted, Answered, CREATED, fingerprint, fingerprint_of},
};

pub(super) struct PaidElsewhereCalls;

/// For how long a mark can be removed.
const MAY_BE_TAKEN_BACK: TimeDelta = TimeDelta::days(1);

/// The longest note.
const LONGEST_NOTE: usize = 500;

/// A payment received without Stripe.
#[derive(Debug, Deserialize, Object, Serialize)]
#[serde(deny_unknown_fields)]
struct MarkPaid {
    /// The payment method.
    method: Text<ElsewhereMethod>,
    /// The day of the payment, such as `2026-11-26`; absent: today in your time zone.
    on: Option<CalendarDay>,
    /// A note for your records, in one line.
    note: Option<String>,
    /// Whether the buyer gets a receipt by text; absent: as the merchant says.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<bool>,
}

/// A payment for an order that was not requested by a link.
#[derive(Debug, Deserialize, Object, Serialize)]
#[serde(deny_unknown_fields)]
struct MarkOrderPaid {
    /// The payment method.
    method: Text<ElsewhereMethod>,
    /// The day of the payment, such as `2026-11-26`; absent: today in your time zone.
    on: Option<CalendarDay>,
    /// A note for your records, in one line.
    note: Option<String>,
    /// Whether the buyer gets a receipt by text; absent: as the merchant says.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<bool>,
    /// The amount in the order's currency; absent: the order's amount.
    amount: Option<Amount>,
    /// The invoice number; absent: the order's number.
    invoice_number: Option<Line<64>>,
}

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

impl MarkPaid {
    fn check(&self, key: &Principal, today: NaiveDate) -> Result<PaidElsewhere, Problem> {
        let mut fields = Fields::default();
        let on = day(self.on.as_deref(), today, &mut fields);
        let note = note(self.note.as_deref(), &mut fields);
        let (Some(on), false) = (on, fields.any()) else { return Err(fields.into_problem()) };
        Ok(PaidElsewhere { method: self.method.0, on, note, actor: key.key.to_string() })
    }
}

/// The day of the payment.
fn day(sent: Option<&str>, today: NaiveDate, fields: &mut Fields) -> Option<NaiveDate> {
    match sent.map(str::parse::<NaiveDate>) {
        None => return Some(today),
        Some(Ok(day)) if day <= today => return Some(day),
        Some(Ok(_)) => fields.refuse("on", "must not be in the future"),
        Some(Err(_)) => fields.refuse("on", "is not a date such as 2026-11-26"),
    }
    None
}

fn note(sent: Option<&str>, fields: &mut Fields) -> Option<String> {
    let note = sent.filter(|note| !note.trim().is_empty())?;
    fields.text("note", note, LONGEST_NOTE)
}

/// The payment of an order as entered.
struct Payment {
    paid: PaidElsewhere,
    money: Money,
    invoice_number: String,
}

impl MarkOrderPaid {
    fn check(&self, key: &Principal, order: &Order, today: NaiveDate) -> Result<Payment, Problem> {
        let mut fields = Fields::default();
        let on = day(self.on.as_deref(), today, &mut fields);
        let note = note(self.note.as_deref(), &mut fields);
        let money = match self.amount.as_deref() {
            Some(amount) => fields.take("amount", Money::parse(amount, order.currency)),
            None => fields.take("amount", order.money()),
        };
        if money.is_some_and(Money::is_zero) {
            fields.refuse("amount", "must be more than zero");
        }
        let number = self.invoice_number.as_deref().unwrap_or(&order.number);
        let invoice_number = fields.text("invoice_number", number, 64);
        let (Some(on), Some(money), Some(invoice_number), false) = (on, money, invoice_number, fields.any()) else {
            return Err(fields.into_problem());
        };
        let paid = PaidElsewhere { method: self.method.0, on, note, actor: key.key.to_string() };
        Ok(Payment { paid, money, invoice_number })
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
            if !is_said_of(&link, input, &paid) {
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

/// Whether the link already has everything in the input.
fn is_said_of(link: &link::Model, input: &MarkPaid, paid: &PaidElsewhere) -> bool {
    link.elsewhere_method == Some(paid.method)
        && (input.on.is_none() || link.elsewhere_on == Some(paid.on.to_string()))
        && (paid.note.is_none() || link.elsewhere_note == paid.note)
        && (input.receipt.is_none() || link.receipt == input.receipt)
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
