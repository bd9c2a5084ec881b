//! `/v1/summary`: outstanding and received amounts, and how fast buyers pay.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use domain::{Currency, Money};
use entity::{
    Merchant,
    list::Place,
    message_template, order, sms_integration,
    stripe_integration::{self, StripeStatus},
    summary::{self, Summary},
};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Query, payload::Json};
use sea_orm::{ConnectionTrait, DbErr};

use super::Group;
use crate::{
    Api, Problem,
    auth::Reader,
    http::{
        fields::Fields,
        typed::{CalendarDay, CurrencyCode},
    },
};

pub(super) struct SummaryCalls;

/// The longest period.
const MOST_DAYS: i64 = 366;

/// The figures of a period.
#[derive(Debug, Object)]
#[oai(rename = "Summary")]
struct SummaryView {
    /// The first day, in your time zone.
    from: CalendarDay,
    /// The last day.
    to: CalendarDay,
    /// The figures of each currency with a link.
    currencies: Vec<CurrencyView>,
    set_up: SetUpView,
}

/// The steps before the first payment, done or not.
#[derive(Debug, Object)]
#[oai(rename = "SetUp")]
#[expect(clippy::struct_excessive_bools, reason = "four things that are done or not, each by its name in the answer")]
struct SetUpView {
    /// Stripe accepts the key.
    stripe: bool,
    /// A carrier is connected.
    carrier: bool,
    /// There is a template of your own.
    template: bool,
    /// There is an order.
    order: bool,
}

impl SetUpView {
    async fn read(db: &impl ConnectionTrait, owner: &Merchant) -> Result<Self, DbErr> {
        let stripe = stripe_integration::find(db, owner.id).await?;
        let any = order::OrderSearch { place: Place { limit: 1, ..Place::default() }, ..order::OrderSearch::default() };
        Ok(Self {
            stripe: stripe.is_some_and(|stripe| stripe.status == StripeStatus::Connected),
            carrier: sms_integration::find(db, owner.id).await?.is_some(),
            template: message_template::list(db, owner).await?.iter().any(|found| found.own),
            order: !order::search(db, owner.id, any).await?.rows.is_empty(),
        })
    }
}

/// The figures of a period in one currency. Links that were erased after 90 days count without an amount.
#[derive(Debug, Object)]
#[oai(rename = "CurrencySummary", skip_serializing_if_is_none)]
struct CurrencyView {
    currency: CurrencyCode,
    /// The total of links that can be paid or are being paid, whenever they were created.
    outstanding: String,
    /// The number of these links.
    outstanding_links: i64,
    /// The total of unpaid orders whose due date is over, whenever they were created.
    overdue: String,
    /// The number of these orders.
    overdue_orders: i64,
    /// Whether more orders are overdue, of any currency: only the thousand that were due first are counted.
    overdue_more: bool,
    /// The total paid in the period, through Stripe or elsewhere. Payments elsewhere count on the day given for them.
    paid: String,
    /// The number of links with such a payment.
    paid_links: i64,
    /// How much of what was paid in the period was refunded so far.
    refunded: String,
    /// How much of `paid` is contested: the whole of each payment with an undecided dispute, though it be of a part or
    /// only an inquiry yet.
    disputed: String,
    /// The number of these payments.
    disputed_links: i64,
    /// How many payments of the period were lost in a dispute.
    lost_links: i64,
    /// The number of links created in the period.
    asked: i64,
    /// How many of them the buyer has viewed.
    viewed: i64,
    /// How many of them are paid by now.
    asked_and_paid: i64,
    /// The median time in seconds from the creation of a link to its payment through Stripe in the period; an estimate
    /// if more than a thousand links can be involved.
    median_seconds_to_pay: Option<i64>,
    /// The total paid on each day with a payment.
    days: Vec<DayView>,
}

/// The total paid on a day.
#[derive(Debug, Object)]
#[oai(rename = "DaySummary")]
struct DayView {
    day: CalendarDay,
    paid: String,
}

impl CurrencyView {
    fn of(summary: &Summary) -> Result<Self, Problem> {
        let currency = summary.currency;
        let day = |(day, paid): (&NaiveDate, &i64)| {
            Ok(DayView { day: day.to_string().into(), paid: decimal(*paid, currency)? })
        };
        Ok(Self {
            currency: currency.as_str().into(),
            outstanding: decimal(summary.outstanding, currency)?,
            outstanding_links: summary.outstanding_links,
            overdue: decimal(summary.overdue, currency)?,
            overdue_orders: summary.overdue_orders,
            overdue_more: summary.overdue_more,
            paid: decimal(summary.paid, currency)?,
            paid_links: summary.paid_links,
            refunded: decimal(summary.refunded, currency)?,
            disputed: decimal(summary.disputed, currency)?,
            disputed_links: summary.disputed_links,
            lost_links: summary.lost_links,
            asked: summary.asked,
            viewed: summary.viewed,
            asked_and_paid: summary.asked_and_paid,
            median_seconds_to_pay: summary.median_seconds_to_pay,
            days: summary.days.iter().map(day).collect::<Result<_, Problem>>()?,
        })
    }
}

/// Formats a sum of amounts.
fn decimal(minor: i64, currency: Currency) -> Result<String, Problem> {
    Ok(Money::from_minor(minor, currency).map_err(Problem::internal)?.to_decimal_string())
}

#[OpenApi(tag = "Group::Attention")]
impl SummaryCalls {
    /// See outstanding and received amounts
    #[oai(path = "/summary", method = "get")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        /// The first day, such as `2026-11-01`; absent: the first of this month in your time zone.
        from: Query<Option<CalendarDay>>,
        /// The last day; absent: today.
        to: Query<Option<CalendarDay>>,
    ) -> Result<Json<SummaryView>, Problem> {
        let (pool, now) = (api.db.pool(), api.clock.now());
        let owner = key.0.owner(&api).await?;
        let (first, last) = period(from.0, to.0, owner.day_of(now))?;
        let bounds = bounds(&owner, first, last).ok_or_else(|| Problem::field("from", "is no day that there is"))?;
        let summaries = summary::read(pool, &owner, bounds, owner.day_of(now)).await?;
        Ok(Json(SummaryView {
            from: first.to_string().into(),
            to: last.to_string().into(),
            set_up: SetUpView::read(pool, &owner).await?,
            currencies: summaries.iter().map(CurrencyView::of).collect::<Result<_, _>>()?,
        }))
    }
}

fn period(
    from: Option<CalendarDay>,
    to: Option<CalendarDay>,
    today: NaiveDate,
) -> Result<(NaiveDate, NaiveDate), Problem> {
    let mut fields = Fields::default();
    let [from, to] =
        [("from", from), ("to", to)].map(|(field, day)| day.and_then(|day| fields.take(field, day.value())));
    fields.none_wrong()?;
    let last = to.unwrap_or(today);
    let first = from.or_else(|| last.with_day(1)).unwrap_or(last);
    if first > last {
        return Err(Problem::field("from", "must not be after `to`"));
    }
    if last - first > TimeDelta::days(MOST_DAYS) {
        return Err(Problem::field("from", format!("must not be more than {MOST_DAYS} days before `to`")));
    }
    Ok((first, last))
}

/// The first moment of one day and the last of another, in the merchant's time zone.
fn bounds(owner: &Merchant, first: NaiveDate, last: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let before = owner.end_of(first.pred_opt()?)?;
    Some((before + TimeDelta::milliseconds(1), owner.end_of(last)?))
}
