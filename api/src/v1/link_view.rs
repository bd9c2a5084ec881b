//! A payment link as shown to API callers.

use chrono::{DateTime, Utc};
use domain::{
    LinkId, LinkState, Money, OrderId,
    link::{Review, money_back::RefundState},
    message::MessageStatus,
};
use entity::{
    Order,
    link::{self, Dispute, ExpectedState, InvoiceWarning, LinkSearch, TimelineEntry},
    list::{Found, Place},
    message,
    order::OrderName,
};
use poem_openapi::Object;
use sea_orm::DbErr;

use crate::Api;
use crate::http::typed::{Amount, CalendarDay, CurrencyCode, Metadata, PaymentMethodsText, Text, Url};

/// How many links of an order are read at once.
const AT_ONCE: u64 = 100;

/// About how many bytes an entry of a timeline takes up.
const ENTRY: u64 = 128;

/// A payment link. What the purge has erased is absent.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PaymentLink", skip_serializing_if_is_none)]
pub(super) struct LinkView {
    id: Text<LinkId>,
    order_id: Text<OrderId>,
    /// The order's number. Where links are listed.
    order_number: Option<String>,
    /// The buyer's name. Where links are listed.
    customer_name: Option<String>,
    status: Text<LinkState>,
    amount: Option<Amount>,
    currency: CurrencyCode,
    invoice_number: Option<String>,
    /// The buyer's page. Absent, too, where it stands for a payment that no link asked for.
    url: Option<Url>,
    /// Where Stripe takes the payment.
    stripe_url: Option<Url>,
    /// Why it could not be made; or, of an open link, what keeps it from being closed, or from being paid anew.
    failure: Option<String>,
    /// What a person should look at.
    review: Option<Text<Review>>,
    /// What is worth a look before the link is sent: the first page is blank, or the PDF's text lacks what was typed. It blocks
    /// nothing.
    warnings: Vec<Text<InvoiceWarning>>,
    /// How the last text that carries it stands, by the status of its message; absent if it was never sent.
    delivery: Option<Text<MessageStatus>>,
    /// Whether there is a picture of the invoice's first page.
    has_picture: bool,
    /// The payment in Stripe's dashboard, where refunds are made.
    dashboard_url: Option<Url>,
    /// What was refunded at Stripe so far, in all: the refunds that succeeded.
    refunded_amount: Option<Amount>,
    /// How much of what was paid went back.
    refund_status: Text<RefundState>,
    /// How a dispute of the payment stands; `closed` is an inquiry that was closed, or a dispute that was prevented. Of several the
    /// gravest.
    disputed: Option<Text<Dispute>>,
    /// The same in Stripe's own word: `warning_needs_response` and `warning_under_review` while the bank only asks, `needs_response`,
    /// `under_review`, `won`, `lost`, `prevented`, `warning_closed`, or one that Stripe has added.
    dispute_status: Option<String>,
    /// Until when the dispute has to be answered at Stripe; absent once it is answered or over, or where Stripe names no day.
    respond_by: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// When it became `paid`: `paid_by` has the day on which the money came, if that was elsewhere.
    paid_at: Option<DateTime<Utc>>,
    /// How it was paid, once it is; or how the merchant says that it was, while it is `settling`.
    paid_by: Option<PaidByView>,
    viewed_at: Option<DateTime<Utc>>,
    /// When the buyer said that they do not know what it is for.
    unrecognised_at: Option<DateTime<Utc>>,
    /// On which day the buyer says that they will pay.
    expected: Option<ExpectedView>,
    /// When the buyer of a closed link asked for a new one.
    new_link_wanted_at: Option<DateTime<Utc>>,
    /// How it may be paid.
    payment_methods: PaymentMethodsText,
    /// Whether its buyer is reminded; absent, as with the three below: as the merchant says.
    reminders: Option<bool>,
    /// How many days after the last text about it.
    reminder_after_days: Option<i64>,
    /// How often, at most.
    reminders_at_most: Option<i64>,
    /// How many days before it expires its buyer is reminded once more, whatever `reminders_at_most` says; 0: not.
    last_reminder_days: Option<i64>,
    purged_at: Option<DateTime<Utc>>,
    /// What your software keeps with it.
    metadata: Metadata,
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

/// A buyer's word that they will pay on a day.
#[derive(Debug, Clone, Object)]
#[oai(rename = "ExpectedPayment", skip_serializing_if_is_none)]
struct ExpectedView {
    /// On which day, as you count days.
    on: CalendarDay,
    /// When they said so.
    at: DateTime<Utc>,
    /// What became of it. Reminders wait until the day is over.
    status: Text<ExpectedState>,
}

impl ExpectedView {
    fn of(link: &link::Model, now: DateTime<Utc>) -> Option<Self> {
        Some(Self {
            on: link.expected_on.clone()?.into(),
            at: link.expected_at?,
            status: Text(link.expected_state(now)?),
        })
    }
}

/// How a link was paid.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PaidBy", skip_serializing_if_is_none)]
struct PaidByView {
    /// `stripe`, or as the merchant says: `cash`, `bank_transfer`, `check`, `terminal` or `other`.
    method: String,
    /// On which day, if it was not by Stripe.
    on: Option<String>,
    /// What the merchant noted about it.
    note: Option<String>,
    /// Who says so.
    actor: Option<String>,
}

impl PaidByView {
    fn of(link: &link::Model) -> Option<Self> {
        let (LinkState::Paid | LinkState::Settling) = link.state else { return None };
        Some(match link.paid_elsewhere() {
            Some(method) => Self {
                method: method.to_string(),
                on: link.elsewhere_on.clone(),
                note: link.elsewhere_note.clone(),
                actor: link.elsewhere_actor.clone(),
            },
            None => Self { method: "stripe".to_owned(), on: None, note: None, actor: None },
        })
    }
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

    /// The same with whom it is for.
    pub(super) fn for_whom(self, order: Option<&OrderName>) -> Self {
        let name = order.map(|order| order.customer_name.clone()).filter(|name| !name.is_empty());
        Self { order_number: order.map(|order| order.number.clone()), customer_name: name, ..self }
    }

    /// The links of an order, newest first: so many as may be read at once, and about how many bytes they come to.
    pub(super) async fn newest_of_order(api: &Api, order: &Order) -> Result<(Vec<Self>, u64), DbErr> {
        let found = some_of_order(api, order, None).await?;
        let bytes = found.rows.iter().map(|(link, timeline)| bytes(link, timeline)).sum();
        Ok((Self::of_all(api, found.rows).await?, bytes))
    }

    /// All links of an order, newest first.
    pub(super) async fn all_of_order(api: &Api, order: &Order) -> Result<Vec<Self>, DbErr> {
        let mut all: Vec<Self> = Vec::new();
        loop {
            let after = all.last().map(|link| link.id.0);
            let found = some_of_order(api, order, after).await?;
            all.extend(Self::of_all(api, found.rows).await?);
            if !found.has_more {
                return Ok(all);
            }
        }
    }

    /// These links of one merchant.
    async fn of_all(api: &Api, rows: Vec<(link::Model, Vec<TimelineEntry>)>) -> Result<Vec<Self>, DbErr> {
        let Some(merchant) = rows.first().map(|(link, _)| link.merchant_id) else { return Ok(Vec::new()) };
        let texts = message::last_of_links(api.db.pool(), merchant, rows.iter().map(|(link, _)| link.id)).await?;
        let view = |(link, timeline): (link::Model, _)| {
            let delivery = texts.get(&link.id).copied();
            Self::of(api, link, timeline, delivery)
        };
        rows.into_iter().map(view).collect()
    }

    /// The link, with a timeline, and how its last text stands, that were read before.
    pub(super) fn of(
        api: &Api,
        link: link::Model,
        timeline: Vec<TimelineEntry>,
        delivery: Option<MessageStatus>,
    ) -> Result<Self, DbErr> {
        let reminding = link.reminding.unwrap_or_default();
        Ok(Self {
            id: Text(link.id),
            order_id: Text(link.order_id),
            order_number: None,
            customer_name: None,
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
            delivery: delivery.map(Text),
            has_picture: link.document_picture.is_some(),
            metadata: Metadata(link.metadata()?),
            payment_methods: link.payment_methods.unwrap_or_default().to_string().into(),
            reminders: reminding.on,
            reminder_after_days: reminding.after_days,
            reminders_at_most: reminding.at_most,
            last_reminder_days: reminding.last_days,
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
            timeline: timeline.into_iter().map(EntryView::from).collect(),
        })
    }
}

/// About how many bytes a link comes to with its timeline.
pub(super) const fn bytes(link: &link::Model, timeline: &[TimelineEntry]) -> u64 {
    link.bytes() + timeline.len() as u64 * ENTRY
}

/// Links of an order, newest first, after this one: so many as may be read at once.
async fn some_of_order(
    api: &Api,
    order: &Order,
    after: Option<LinkId>,
) -> Result<Found<(link::Model, Vec<TimelineEntry>)>, DbErr> {
    let place = Place { after, limit: AT_ONCE + 1, ..Place::default() };
    let search = LinkSearch { order: Some(order.id), place, ..LinkSearch::default() };
    let Found { mut rows, has_more } = link::search(api.db.pool(), order.merchant_id, search).await?;
    let most = usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
    let has_more = has_more || rows.len() > most;
    rows.truncate(most);
    Ok(Found { rows, has_more })
}

fn amount(money: Money) -> Amount {
    money.to_decimal_string().into()
}

fn dashboard_url(link: &link::Model) -> Option<String> {
    let test = if link.livemode == Some(true) { "" } else { "test/" };
    let intent = link.stripe_payment_intent.as_ref()?;
    Some(format!("https://dashboard.stripe.com/{test}payments/{intent}"))
}
