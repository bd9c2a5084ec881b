//! `/v1/summary`: what is owed, what came, and how fast.

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

/// What a period came to.
#[derive(Debug, Object)]
#[oai(rename = "Summary")]
struct SummaryView {
    /// The first day, where you are.
    from: CalendarDay,
    /// The last day.
    to: CalendarDay,
    /// A part for each currency in which something was asked.
    currencies: Vec<CurrencyView>,
    set_up: SetUpView,
}

/// What was done before the first payment, and what is left to do.
#[derive(Debug, Object)]
#[oai(rename = "SetUp")]
#[expect(clippy::struct_excessive_bools, reason = "four things that are done or not, each by its name in the answer")]
struct SetUpView {
    /// Stripe takes the key.
    stripe: bool,
    /// There is a carrier.
    carrier: bool,
    /// There is a template of one's own.
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

/// What a period came to in one currency. What was erased after 90 days counts as a link, and its amount as nothing.
#[derive(Debug, Object)]
#[oai(rename = "CurrencySummary", skip_serializing_if_is_none)]
struct CurrencyView {
    currency: CurrencyCode,
    /// What is asked by links that can be paid now, or are being paid, whenever they were made.
    outstanding: String,
    /// How many links those are.
    outstanding_links: i64,
    /// What was paid in the period, by Stripe or elsewhere; the latter counts by the day that was given for it.
    paid: String,
    /// How many links those payments were for.
    paid_links: i64,
    /// What was refunded so far of what was paid in the period.
    refunded: String,
    /// What of it a bank has asked back, by a dispute that is not decided; it is a part of `paid`.
    disputed: String,
    /// How many payments those are.
    disputed_links: i64,
    /// How many of those payments a bank has taken back, by a dispute that was lost.
    lost_links: i64,
    /// How many links were made in the period.
    asked: i64,
    /// How many of those the buyer has seen.
    viewed: i64,
    /// How many of those are paid by now.
    asked_and_paid: i64,
    /// Half of what was paid by Stripe in the period was paid within so many seconds of its link; about so many, if more than a thousand
    /// links may be meant.
    median_seconds_to_pay: Option<i64>,
    /// What was paid on each day on which something was.
    days: Vec<DayView>,
}

/// What was paid on a day.
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

/// A sum of amounts.
fn decimal(minor: i64, currency: Currency) -> Result<String, Problem> {
    Ok(Money::from_minor(minor, currency).map_err(Problem::internal)?.to_decimal_string())
}

#[OpenApi(tag = "Group::Attention")]
impl SummaryCalls {
    /// What is owed and what came
    #[oai(path = "/summary", method = "get")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        /// The first day, such as `2026-11-01`; absent: the first of this month, where you are.
        from: Query<Option<CalendarDay>>,
        /// The last day; absent: today.
        to: Query<Option<CalendarDay>>,
    ) -> Result<Json<SummaryView>, Problem> {
        let (pool, now) = (api.db.pool(), api.clock.now());
        let owner = key.0.owner(&api).await?;
        let (first, last) = period(from.0.as_deref(), to.0.as_deref(), owner.day_of(now))?;
        let bounds = bounds(&owner, first, last).ok_or_else(|| Problem::field("from", "is no day that there is"))?;
        let summaries = summary::read(pool, &owner, bounds.0, bounds.1).await?;
        Ok(Json(SummaryView {
            from: first.to_string().into(),
            to: last.to_string().into(),
            set_up: SetUpView::read(pool, &owner).await?,
            currencies: summaries.iter().map(CurrencyView::of).collect::<Result<_, _>>()?,
        }))
    }
}

fn period(from: Option<&str>, to: Option<&str>, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), Problem> {
    let mut fields = Fields::default();
    let mut day = |field: &str, text: Option<&str>| {
        let day = text.map(|text| text.parse::<NaiveDate>().map_err(|_| "is not a date such as 2026-11-26"));
        day.transpose().unwrap_or_else(|reason| {
            fields.refuse(field, reason);
            None
        })
    };
    let (from, to) = (day("from", from), day("to", to));
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

/// The first moment of a day and the last of another, as the merchant counts days.
fn bounds(owner: &Merchant, first: NaiveDate, last: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let before = owner.end_of(first.pred_opt()?)?;
    Some((before + TimeDelta::milliseconds(1), owner.end_of(last)?))
}
