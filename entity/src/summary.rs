//! What is owed and what was received, by currency: a merchant's day at a glance.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{FromQueryResult, QuerySelect, Select, Statement, entity::prelude::*};

use crate::{
    Merchant, link,
    list::{PaidPeriod, Period, first_id},
};
use domain::Currency;

/// What a period came to, in one currency. Amounts are in people's smallest unit of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The currency.
    pub currency: Currency,
    /// What is asked by links that can be paid now, or are being paid, whenever they were made.
    pub outstanding: i64,
    /// How many those are.
    pub outstanding_links: i64,
    /// What was paid in the period.
    pub paid: i64,
    /// How many links those payments were for.
    pub paid_links: i64,
    /// What was refunded so far of what was paid in the period.
    pub refunded: i64,
    /// What of it a bank has asked back, by a dispute that is not decided.
    pub disputed: i64,
    /// How many of those payments those are.
    pub disputed_links: i64,
    /// How many of those payments a bank has taken back by a dispute that was lost.
    pub lost_links: i64,
    /// How many links were made in the period.
    pub asked: i64,
    /// How many of those the buyer has seen.
    pub viewed: i64,
    /// How many of those are paid by now.
    pub asked_and_paid: i64,
    /// Half of what was paid by Stripe in the period was paid within so many seconds of its link.
    pub median_seconds_to_pay: Option<i64>,
    /// What was paid on each day of the period on which something was, as the merchant counts days.
    pub days: BTreeMap<NaiveDate, i64>,
}

impl Summary {
    fn of(currency: Currency) -> Self {
        Self {
            currency,
            outstanding: 0,
            outstanding_links: 0,
            paid: 0,
            paid_links: 0,
            refunded: 0,
            disputed: 0,
            disputed_links: 0,
            lost_links: 0,
            asked: 0,
            viewed: 0,
            asked_and_paid: 0,
            median_seconds_to_pay: None,
            days: BTreeMap::new(),
        }
    }
}

/// What is read of a link that was paid.
#[derive(FromQueryResult)]
struct PaidLink {
    currency: Currency,
    amount: Option<i64>,
    created_at: DateTime<Utc>,
    paid_at: Option<DateTime<Utc>>,
    stripe_session_id: Option<String>,
    elsewhere_on: Option<String>,
}

/// From the first moment to the last, by currency. What was erased after 90 days counts as a link, and its amount as nothing.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn read(
    db: &impl ConnectionTrait,
    owner: &Merchant,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Summary>, DbErr> {
    let period = PaidPeriod::new(Period { from: Some(from), to: Some(to) }, &owner.zone());
    let mut all = count(db, owner, from, to, now).await?;
    let paid = link::Entity::find()
        .select_only()
        .columns([link::Column::Currency, link::Column::Amount, link::Column::CreatedAt, link::Column::PaidAt])
        .columns([link::Column::StripeSessionId, link::Column::ElsewhereOn])
        .filter(link::Column::MerchantId.eq(owner.id));
    let paid = link::paid(&period).fold(paid, Select::filter).into_model::<PaidLink>().all(db).await?;
    let mut waits: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for PaidLink { currency, amount, created_at, paid_at, stripe_session_id, elsewhere_on } in paid {
        let (Some(summary), Some(paid_at)) = (all.get_mut(currency.as_str()), paid_at) else { continue };
        let elsewhere_on = elsewhere_on.filter(|_| stripe_session_id.is_none());
        let day = elsewhere_on.as_deref().and_then(|day| day.parse().ok()).unwrap_or_else(|| owner.day_of(paid_at));
        *summary.days.entry(day).or_default() += amount.unwrap_or_default();
        // Of what came elsewhere only the day is known.
        if elsewhere_on.is_none() {
            waits.entry(currency.as_str().to_owned()).or_default().push((paid_at - created_at).num_seconds());
        }
    }
    for (currency, mut seconds) in waits {
        seconds.sort_unstable();
        if let Some(summary) = all.get_mut(&currency) {
            summary.median_seconds_to_pay = seconds.get((seconds.len() - 1) / 2).copied();
        }
    }
    Ok(all.into_values().collect())
}

/// Everything that is a sum. Raw SQL: thirteen sums by one look at the merchant's links, which the builder would write less readably.
async fn count(
    db: &impl ConnectionTrait,
    owner: &Merchant,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<BTreeMap<String, Summary>, DbErr> {
    // By Stripe at a moment, or elsewhere on a day, as `link::paid` has it.
    const PAID: &str = "(CASE WHEN elsewhere_on IS NULL OR stripe_session_id IS NOT NULL THEN paid_at BETWEEN $2 AND $3 \
        ELSE paid_at IS NOT NULL AND elsewhere_on BETWEEN $5 AND $6 END)";
    // What was paid without being asked for has a link that Stripe does not know.
    const ASKED: &str = "state <> 'failed' AND (elsewhere_method IS NULL OR stripe_link_id IS NOT NULL)";
    const SUMS: &str = "SELECT currency, \
        CAST(SUM(CASE WHEN state IN ('unpaid', 'processing') THEN COALESCE(amount, 0) ELSE 0 END) AS bigint) AS outstanding, \
        CAST(SUM(CASE WHEN state IN ('unpaid', 'processing') THEN 1 ELSE 0 END) AS bigint) AS outstanding_links, \
        CAST(SUM(CASE WHEN {PAID} THEN COALESCE(amount, 0) ELSE 0 END) AS bigint) AS paid, \
        CAST(SUM(CASE WHEN {PAID} THEN 1 ELSE 0 END) AS bigint) AS paid_links, \
        CAST(SUM(CASE WHEN {PAID} THEN COALESCE(refunded, 0) ELSE 0 END) AS bigint) AS refunded, \
        CAST(SUM(CASE WHEN {PAID} AND dispute = 'open' THEN COALESCE(amount, 0) ELSE 0 END) AS bigint) AS disputed, \
        CAST(SUM(CASE WHEN {PAID} AND dispute = 'open' THEN 1 ELSE 0 END) AS bigint) AS disputed_links, \
        CAST(SUM(CASE WHEN {PAID} AND dispute = 'lost' THEN 1 ELSE 0 END) AS bigint) AS lost_links, \
        CAST(SUM(CASE WHEN created_at BETWEEN $2 AND $3 AND {ASKED} THEN 1 ELSE 0 END) AS bigint) AS asked, \
        CAST(SUM(CASE WHEN created_at BETWEEN $2 AND $3 AND viewed_at IS NOT NULL THEN 1 ELSE 0 END) AS bigint) AS viewed, \
        CAST(SUM(CASE WHEN created_at BETWEEN $2 AND $3 AND state = 'paid' AND {ASKED} THEN 1 ELSE 0 END) AS bigint) \
            AS asked_and_paid \
        FROM payment_link WHERE merchant_id = $1 AND id >= $4 GROUP BY currency";
    // What is outstanding may be older than the period, and no older than a link lives.
    let first = first_id(from.min(now) - link::LIFE);
    let (first_day, last_day) = (owner.day_of(from).to_string(), owner.day_of(to).to_string());
    let values = [owner.id.into(), from.into(), to.into(), first.into(), first_day.into(), last_day.into()];
    let sums = SUMS.replace("{PAID}", PAID).replace("{ASKED}", ASKED);
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sums, values);
    let mut all = BTreeMap::new();
    for row in db.query_all_raw(statement).await? {
        let number = |name: &str| row.try_get::<i64>("", name);
        let currency: Currency = row.try_get("", "currency")?;
        let summary = Summary {
            outstanding: number("outstanding")?,
            outstanding_links: number("outstanding_links")?,
            paid: number("paid")?,
            paid_links: number("paid_links")?,
            refunded: number("refunded")?,
            disputed: number("disputed")?,
            disputed_links: number("disputed_links")?,
            lost_links: number("lost_links")?,
            asked: number("asked")?,
            viewed: number("viewed")?,
            asked_and_paid: number("asked_and_paid")?,
            ..Summary::of(currency)
        };
        all.insert(currency.as_str().to_owned(), summary);
    }
    Ok(all)
}
