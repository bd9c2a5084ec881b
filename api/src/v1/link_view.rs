//! A payment link as shown to API callers.

mod around;
mod payment;

use chrono::{DateTime, Utc};
use domain::{
    LinkId, LinkState, OrderId,
    link::{Dispute, Review, money_back::RefundState},
    message::MessageStatus,
};
use entity::{
    Order,
    link::{self, InvoiceWarning, LinkSearch, TimelineEntry},
    list::{Found, Place},
    order::OrderName,
};
use poem_openapi::Object;
use sea_orm::{ConnectionTrait, DbErr};

pub(super) use around::{Around, OfLink};
use payment::{ExpectedView, PaidByView, UnfinishedRefundView, amount};

use crate::Api;
use crate::http::typed::{Amount, CurrencyCode, Metadata, PaymentMethodsText, Text, Url};

/// How many links of an order are read at once.
const AT_ONCE: u64 = 100;

/// The approximate size of a timeline entry in bytes.
const ENTRY: u64 = 128;

/// A payment link. Erased fields are absent.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PaymentLink", skip_serializing_if_is_none)]
pub(super) struct LinkView {
    id: Text<LinkId>,
    order_id: Text<OrderId>,
    /// The order's number; only in lists of links.
    order_number: Option<String>,
    /// The buyer's name; only in lists of links.
    customer_name: Option<String>,
    /// The buyer's language, if known; only in lists of links.
    customer_language: Option<String>,
    /// Whether the buyer wants no texts; only of unpaid links in lists.
    opted_out: Option<bool>,
    status: Text<LinkState>,
    amount: Option<Amount>,
    currency: CurrencyCode,
    invoice_number: Option<String>,
    /// The buyer's page. Absent, too, where it stands for a payment that no link asked for.
    url: Option<Url>,
    /// The payment page at Stripe.
    stripe_url: Option<Url>,
    /// Why it could not be created; for an open link, why it cannot be closed or renewed at Stripe.
    failure: Option<String>,
    /// What a person should review.
    review: Option<Text<Review>>,
    /// What to check before sending the link: the first page is blank, or the PDF lacks the number or the total that
    /// was entered. Warnings block nothing.
    warnings: Vec<Text<InvoiceWarning>>,
    /// The status of the last text with the link; absent if it was never sent.
    delivery: Option<Text<MessageStatus>>,
    /// Whether the first page of the invoice is available as a picture.
    has_picture: bool,
    /// The payment in Stripe's dashboard, where refunds are made.
    dashboard_url: Option<Url>,
    /// The total of the refunds at Stripe that succeeded.
    refunded_amount: Option<Amount>,
    /// How much of the payment was refunded.
    refund_status: Text<RefundState>,
    /// A refund of the payment that is under way, or that failed without another one since; absent once all of it was
    /// refunded.
    unfinished_refund: Option<UnfinishedRefundView>,
    /// The state of a dispute of the payment, the most serious one if there are several; `closed` is an inquiry that
    /// was closed, or a dispute that was prevented.
    disputed: Option<Text<Dispute>>,
    /// The dispute's status at Stripe: `warning_needs_response` and `warning_under_review` while the bank only
    /// inquires, `needs_response`, `under_review`, `won`, `lost`, `prevented`, `warning_closed`, or one that Stripe has
    /// added.
    dispute_status: Option<String>,
    /// Until when the dispute has to be answered at Stripe; absent once it is answered or over, or where Stripe names
    /// no day.
    respond_by: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// When it became `paid`. For a payment elsewhere, `paid_by` has the day on which the money arrived.
    paid_at: Option<DateTime<Utc>>,
    /// How it was paid, or, while it is `settling`, how the merchant says it was.
    paid_by: Option<PaidByView>,
    viewed_at: Option<DateTime<Utc>>,
    /// When the buyer said that they do not recognise it.
    unrecognised_at: Option<DateTime<Utc>>,
    /// The day on which the buyer intends to pay.
    expected: Option<ExpectedView>,
    /// When the buyer of the closed link asked for a new one.
    new_link_wanted_at: Option<DateTime<Utc>>,
    /// The accepted payment methods.
    payment_methods: PaymentMethodsText,
    /// Whether the buyer is reminded. Absent, like the next three fields: the merchant's setting.
    reminders: Option<bool>,
    /// Days after the last text about it.
    reminder_after_days: Option<i64>,
    /// The most reminders.
    reminders_at_most: Option<i64>,
    /// Days before expiry at which the buyer is reminded once more, regardless of `reminders_at_most`; 0 for never.
    last_reminder_days: Option<i64>,
    /// Whether the buyer gets a receipt by text. Absent: the merchant's setting.
    receipt: Option<bool>,
    purged_at: Option<DateTime<Utc>>,
    /// Metadata of your software.
    metadata: Metadata,
    timeline: Vec<TimelineEntryView>,
}

/// An event in the life of a link.
#[derive(Debug, Clone, Object)]
#[oai(rename = "TimelineEntry", skip_serializing_if_is_none)]
pub(super) struct TimelineEntryView {
    at: DateTime<Utc>,
    /// What happened, such as `unpaid`, `sent`, `viewed` or `paid`. More may be added.
    event: String,
    /// More about it, for people.
    detail: Option<String>,
    /// Who did it: a key (`key_…`) or an operator, or `buyer`, `stripe`, `carrier` or `system`.
    actor: String,
}

impl From<TimelineEntry> for TimelineEntryView {
    fn from(entry: TimelineEntry) -> Self {
        Self { at: entry.at, actor: entry.actor().to_owned(), event: entry.event, detail: entry.detail }
    }
}

impl LinkView {
    /// The link with its timeline, as `db` sees it: inside a command, that is the command's own transaction.
    pub(super) async fn read(api: &Api, db: &impl ConnectionTrait, link: link::Model) -> Result<Self, DbErr> {
        let timeline = link::timeline(db, link.id).await?;
        let around = Around::of(db, vec![&link]).await?.of_link(&link);
        Self::of(api, link, timeline, around)
    }

    /// Adds the order's number and the buyer's name.
    pub(super) fn for_whom(self, order: Option<&OrderName>) -> Self {
        let name = order.map(|order| order.customer_name.clone()).filter(|name| !name.is_empty());
        Self {
            order_number: order.map(|order| order.number.clone()),
            customer_name: name,
            customer_language: order.and_then(|order| order.language.clone()),
            ..self
        }
    }

    /// Adds whether the buyer wants no texts.
    pub(super) fn opted_out(self, opted_out: Option<bool>) -> Self {
        Self { opted_out, ..self }
    }

    /// The newest links of an order that fit into one answer, and their approximate size in bytes.
    pub(super) async fn newest_of_order(api: &Api, order: &Order) -> Result<(Vec<Self>, u64), DbErr> {
        let found = some_of_order(api, order, None).await?;
        let bytes = found.rows.iter().map(|(link, timeline)| bytes(link, timeline)).sum();
        Ok((Self::of_all(api, found.rows).await?, bytes))
    }

    /// All links of an order, newest first.
    pub(super) async fn all_of_order(api: &Api, order: &Order) -> Result<Vec<Self>, DbErr> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let found = some_of_order(api, order, after).await?;
            all.extend(Self::of_all(api, found.rows).await?);
            after = found.looked_to;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// These links of one merchant.
    async fn of_all(api: &Api, rows: Vec<(link::Model, Vec<TimelineEntry>)>) -> Result<Vec<Self>, DbErr> {
        let all = Around::of(api.db.pool(), rows.iter().map(|(link, _)| link).collect()).await?;
        let view = |(link, timeline): (link::Model, _)| {
            let around = all.of_link(&link);
            Self::of(api, link, timeline, around)
        };
        rows.into_iter().map(view).collect()
    }

    /// The link with its timeline and what stands elsewhere, which the caller has read.
    pub(super) fn of(
        api: &Api,
        link: link::Model,
        timeline: Vec<TimelineEntry>,
        around: OfLink,
    ) -> Result<Self, DbErr> {
        let reminding = link.reminding.unwrap_or_default();
        Ok(Self {
            id: Text(link.id),
            order_id: Text(link.order_id),
            order_number: None,
            customer_name: None,
            customer_language: None,
            opted_out: None,
            status: Text(link.state),
            amount: link.money()?.map(amount),
            currency: link.currency.as_str().into(),
            paid_by: PaidByView::of(&link),
            expected: ExpectedView::of(&link, api.clock.now()),
            new_link_wanted_at: link.new_link_wanted_at,
            url: link.has_buyers_page().then(|| Url::from(api.buyer_url(link.id))),
            dashboard_url: dashboard_url(&link).map(Url::from),
            refund_status: Text(link.refund_state()),
            refunded_amount: link.refunded_money()?.map(amount),
            disputed: link.dispute.map(Text),
            dispute_status: link.dispute_word().map(str::to_owned),
            respond_by: link.dispute_due(),
            warnings: link.warnings().filter_map(|warning| warning.parse().ok().map(Text)).collect(),
            delivery: around.delivery.map(Text),
            unfinished_refund: around.refund.map(UnfinishedRefundView::of),
            has_picture: link.document_picture.is_some(),
            metadata: Metadata(link.metadata()?),
            payment_methods: link.payment_methods.unwrap_or_default().to_string().into(),
            reminders: reminding.on,
            reminder_after_days: reminding.after_days,
            reminders_at_most: reminding.at_most,
            last_reminder_days: reminding.last_days,
            receipt: link.receipt,
            invoice_number: link.invoice_number,
            stripe_url: link.stripe_url.map(Url::from),
            failure: link.failure,
            review: link.review.map(Text),
            created_at: link.created_at,
            expires_at: link.expires_at,
            paid_at: link.paid_at,
            viewed_at: link.viewed_at,
            unrecognised_at: link.unrecognised_at,
            purged_at: link.purged_at,
            timeline: timeline.into_iter().map(TimelineEntryView::from).collect(),
        })
    }
}

/// The approximate size of a link with its timeline in bytes.
pub(super) const fn bytes(link: &link::Model, timeline: &[TimelineEntry]) -> u64 {
    link.bytes() + timeline.len() as u64 * ENTRY
}

/// Links of an order after this one, newest first, as many as can be read at once.
async fn some_of_order(
    api: &Api,
    order: &Order,
    after: Option<LinkId>,
) -> Result<Found<(link::Model, Vec<TimelineEntry>), LinkId>, DbErr> {
    let place = Place { after, limit: AT_ONCE, ..Place::default() };
    let search = LinkSearch { order: Some(order.id), place, ..LinkSearch::default() };
    link::search(api.db.pool(), order.merchant_id, search).await
}

fn dashboard_url(link: &link::Model) -> Option<String> {
    let test = if link.livemode == Some(true) { "" } else { "test/" };
    let intent = link.stripe_payment_intent.as_ref()?;
    Some(format!("https://dashboard.stripe.com/{test}payments/{intent}"))
}
