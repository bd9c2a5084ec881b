//! What is owed and what came, by currency: a merchant's morning in one look.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sea_orm::{FromQueryResult, QueryOrder, QuerySelect, Select, Statement, entity::prelude::*};

use crate::{
    Merchant, link,
    list::{Period, first_id},
};
use domain::{Currency, MerchantId};

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
    /// How many of those payments a bank has taken back by a dispute that was lost.
    pub lost_links: i64,
    /// How many links were made in the period.
    pub asked: i64,
    /// How many of those the buyer has seen.
    pub viewed: i64,
    /// How many of those are paid by now.
    pub asked_and_paid: i64,
    /// Half of what was paid in the period was paid within so many seconds of its link.
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
    refunded: Option<i64>,
    dispute: Option<link::Dispute>,
    created_at: DateTime<Utc>,
    paid_at: Option<DateTime<Utc>>,
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
    let period = Period { from: Some(from), to: Some(to) };
    let mut all = BTreeMap::new();
    // Who asks for money shows what came of it, even if nothing did.
    if let Some(currency) = newest_currency(db, owner.id, now).await? {
        of(&mut all, currency);
    }
    count_outstanding(db, owner.id, now, &mut all).await?;
    count_asked(db, owner.id, &period, &mut all).await?;
    let mut waits: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for link in paid_in(db, owner.id, &period).await? {
        let Some(paid_at) = link.paid_at else { continue };
        let (amount, summary) = (link.amount.unwrap_or_default(), of(&mut all, link.currency));
        summary.paid += amount;
        summary.paid_links += 1;
        summary.refunded += link.refunded.unwrap_or_default();
        summary.lost_links += i64::from(link.dispute == Some(link::Dispute::Lost));
        *summary.days.entry(owner.day_of(paid_at)).or_default() += amount;
        waits.entry(link.currency.as_str().to_owned()).or_default().push((paid_at - link.created_at).num_seconds());
    }
    for (currency, mut seconds) in waits {
        seconds.sort_unstable();
        if let Some(summary) = all.get_mut(&currency) {
            summary.median_seconds_to_pay = seconds.get((seconds.len() - 1) / 2).copied();
        }
    }
    Ok(all.into_values().collect())
}

fn of(all: &mut BTreeMap<String, Summary>, currency: Currency) -> &mut Summary {
    all.entry(currency.as_str().to_owned()).or_insert_with(|| Summary::of(currency))
}

/// The links that were paid in the period.
async fn paid_in(db: &impl ConnectionTrait, merchant: MerchantId, period: &Period) -> Result<Vec<PaidLink>, DbErr> {
    use link::Column;
    let columns =
        [Column::Currency, Column::Amount, Column::Refunded, Column::Dispute, Column::CreatedAt, Column::PaidAt];
    let links = link::Entity::find().select_only().columns(columns).filter(Column::MerchantId.eq(merchant));
    link::paid(merchant, period).fold(links, Select::filter).into_model().all(db).await
}

/// The currency of the newest link of this time.
async fn newest_currency(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    now: DateTime<Utc>,
) -> Result<Option<Currency>, DbErr> {
    use link::Column;
    let links = link::Entity::find().select_only().column(Column::Currency).filter(Column::MerchantId.eq(merchant));
    let newest = links.filter(Column::Id.gte(first_id(now - link::LIFE))).order_by_desc(Column::Id).limit(1);
    newest.into_tuple().one(db).await
}

/// What can be paid now, or is being paid: among the open links, which are few beside all. Raw SQL: sums by currency,
/// which the builder would write less readably; the same below.
async fn count_outstanding(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    now: DateTime<Utc>,
    all: &mut BTreeMap<String, Summary>,
) -> Result<(), DbErr> {
    const SUMS: &str = "SELECT currency, CAST(SUM(COALESCE(amount, 0)) AS bigint) AS outstanding, \
        COUNT(*) AS outstanding_links \
        FROM payment_link WHERE merchant_id = $1 AND id >= $2 AND state IN ('unpaid', 'processing') \
        AND id IN (SELECT link_id FROM open_link) GROUP BY currency";
    let values = [merchant.into(), first_id(now - link::LIFE).into()];
    for row in db.query_all_raw(Statement::from_sql_and_values(db.get_database_backend(), SUMS, values)).await? {
        let summary = of(all, row.try_get("", "currency")?);
        summary.outstanding = row.try_get("", "outstanding")?;
        summary.outstanding_links = row.try_get("", "outstanding_links")?;
    }
    Ok(())
}

/// What was asked for in the period, and what became of that by now.
async fn count_asked(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    period: &Period,
    all: &mut BTreeMap<String, Summary>,
) -> Result<(), DbErr> {
    use link::Column;
    let sum = |condition: &str| Expr::cust(format!("CAST(SUM(CASE WHEN {condition} THEN 1 ELSE 0 END) AS bigint)"));
    let links = link::Entity::find()
        .select_only()
        .column(Column::Currency)
        .expr_as(sum("state <> 'failed'"), "asked")
        .expr_as(sum("viewed_at IS NOT NULL"), "viewed")
        .expr_as(sum("state = 'paid'"), "asked_and_paid")
        .filter(Column::MerchantId.eq(merchant))
        .group_by(Column::Currency);
    let made = [period.of(Column::CreatedAt), period.of_ids(Column::Id, TimeDelta::zero())];
    let asked = made.into_iter().flatten().fold(links, Select::filter);
    let asked: Vec<(Currency, i64, i64, i64)> = asked.into_tuple().all(db).await?;
    for (currency, asked, viewed, asked_and_paid) in asked {
        let summary = of(all, currency);
        (summary.asked, summary.viewed, summary.asked_and_paid) = (asked, viewed, asked_and_paid);
    }
    Ok(())
}
