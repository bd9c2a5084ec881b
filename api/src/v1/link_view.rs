//! A payment link as it is shown.

use chrono::{DateTime, Utc};
use domain::{LinkState, message::MessageStatus};
use entity::{
    Order,
    link::{self, TimelineEntry},
    message,
};
use poem_openapi::Object;
use sea_orm::DbErr;

use crate::Api;

/// A payment link. What the purge has erased is absent.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PaymentLink", skip_serializing_if_is_none)]
pub(super) struct LinkView {
    id: String,
    order_id: String,
    /// `creating`, `failed`, `unpaid`, `processing`, `paid`, `voiding`, `voided`, `expiring` or `expired`.
    status: String,
    amount: Option<String>,
    currency: String,
    invoice_number: Option<String>,
    /// The buyer's page.
    url: Option<String>,
    /// Where Stripe takes the payment.
    stripe_url: Option<String>,
    /// Why it could not be made; or, of an open link, what keeps it from being closed, or from being paid anew.
    failure: Option<String>,
    /// What a person should look at: `paid_after_void`, `paid_after_expiry`, `amount_mismatch`, `currency_mismatch` or
    /// `livemode_mismatch`.
    review: Option<String>,
    /// What is worth a look before the link is sent: `first_page_blank`, `number_not_in_invoice` or `amount_not_in_invoice`, if the
    /// PDF's text lacks what was typed. It blocks nothing.
    warnings: Vec<String>,
    /// How the last text that carries it stands, by the status of its message; absent if it was never sent.
    delivery: Option<String>,
    /// Whether there is a picture of the invoice's first page.
    has_picture: bool,
    /// The payment in Stripe's dashboard, where refunds are made.
    dashboard_url: Option<String>,
    /// How it was paid, once it is.
    paid_by: Option<PaidByView>,
    /// What was refunded at Stripe so far, in all: the refunds that succeeded.
    refunded_amount: Option<String>,
    /// How much of what was paid went back: `none`, `partial` or `full`.
    refund_status: String,
    /// How a dispute of the payment stands: `open`, `won`, `lost` or `closed` (an inquiry that was closed, or a dispute that was
    /// prevented). Of several the gravest.
    disputed: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    paid_at: Option<DateTime<Utc>>,
    viewed_at: Option<DateTime<Utc>>,
    /// When the buyer said that they do not know what it is for.
    unrecognised_at: Option<DateTime<Utc>>,
    purged_at: Option<DateTime<Utc>>,
    timeline: Vec<EntryView>,
}

/// Something that happened to a link.
#[derive(Debug, Clone, Object)]
#[oai(rename = "TimelineEntry", skip_serializing_if_is_none)]
struct EntryView {
    at: DateTime<Utc>,
    event: String,
    detail: Option<String>,
    /// Who did it: a key (`key_…`) or an operator, or `buyer`, `stripe`, `carrier` or `system`.
    actor: String,
}

/// How a link was paid.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PaidBy")]
struct PaidByView {
    /// `stripe`.
    method: String,
}

impl From<TimelineEntry> for EntryView {
    fn from(entry: TimelineEntry) -> Self {
        Self { at: entry.at, actor: entry.actor().to_owned(), event: entry.event, detail: entry.detail }
    }
}

impl LinkView {
    /// The link with its timeline, as `db` sees it: inside a command, that is the command's own transaction.
    pub(super) async fn read(api: &Api, db: &impl sea_orm::ConnectionTrait, link: link::Model) -> Result<Self, DbErr> {
        let timeline = link::timeline(db, link.id).await?;
        let delivery = message::last_of_links(db, link.merchant_id, [link.id]).await?.remove(&link.id);
        Self::of(api, link, timeline, delivery)
    }

    /// All links of an order, newest first.
    pub(super) async fn of_order(api: &Api, order: &Order) -> Result<Vec<Self>, DbErr> {
        let mut views = Vec::new();
        for link in link::of_order(api.db.pool(), order.merchant_id, order.id).await? {
            views.push(Self::read(api, api.db.pool(), link).await?);
        }
        Ok(views)
    }

    /// The link, with a timeline, and how its last text stands, that were read before.
    pub(super) fn of(
        api: &Api,
        link: link::Model,
        timeline: Vec<TimelineEntry>,
        delivery: Option<MessageStatus>,
    ) -> Result<Self, DbErr> {
        Ok(Self {
            id: link.id.to_string(),
            order_id: link.order_id.to_string(),
            status: link.state.to_string(),
            amount: link.money()?.map(domain::Money::to_decimal_string),
            currency: link.currency.as_str().to_owned(),
            url: (link.stripe_url.is_some() || link.awaits_renewal()).then(|| api.buyer_url(link.id)),
            dashboard_url: dashboard_url(&link),
            paid_by: (link.state == LinkState::Paid).then(|| PaidByView { method: "stripe".to_owned() }),
            refund_status: link.refund_state().to_string(),
            refunded_amount: link.refunded_money()?.map(domain::Money::to_decimal_string),
            disputed: link.dispute.map(|dispute| dispute.to_string()),
            warnings: link.warnings().map(str::to_owned).collect(),
            delivery: delivery.map(|status| status.to_string()),
            has_picture: link.document_picture.is_some(),
            invoice_number: link.invoice_number,
            stripe_url: link.stripe_url,
            failure: link.failure,
            review: link.review.map(|review| review.to_string()),
            created_at: link.created_at,
            expires_at: link.expires_at,
            paid_at: link.paid_at,
            viewed_at: link.viewed_at,
            unrecognised_at: link.unrecognised_at,
            purged_at: link.purged_at,
            timeline: timeline.into_iter().map(EntryView::from).collect(),
        })
    }
}

fn dashboard_url(link: &link::Model) -> Option<String> {
    let test = if link.livemode == Some(true) { "" } else { "test/" };
    let intent = link.stripe_payment_intent.as_ref()?;
    Some(format!("https://dashboard.stripe.com/{test}payments/{intent}"))
}
