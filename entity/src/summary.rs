//! What is owed and what was received, by currency: a merchant's day at a glance.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{FromQueryResult, QueryOrder, QuerySelect, Select, entity::prelude::*};

use crate::{
    Merchant,
    link::{
        self,
        sums::{self, SumOf},
    },
    list::{Period, RECENT},
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
    /// Half of what was paid by Stripe in the period was paid within so many seconds of its link; about so many, if that may be more than
    /// a thousand links.
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

/// What is read of a link, to see how soon it was paid.
#[derive(FromQueryResult)]
struct Waited {
    currency: Currency,
    created_at: DateTime<Utc>,
    paid_at: Option<DateTime<Utc>>,
    stripe_session_id: Option<String>,
    elsewhere_on: Option<String>,
}

/// From the first moment of a day to the last of another, by currency. What was erased after 90 days counts as a link, and its amount
/// as nothing.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn read(
    db: &impl ConnectionTrait,
    owner: &Merchant,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Summary>, DbErr> {
    let mut all: BTreeMap<String, Summary> = BTreeMap::new();
    let mut waits: BTreeMap<String, BTreeMap<i64, i64>> = BTreeMap::new();
    for sum in sums::read(db, owner, (from, to)).await? {
        let currency = sum.currency.as_str().to_owned();
        let summary = all.entry(currency.clone()).or_insert_with(|| Summary::of(sum.currency));
        match sum.of() {
            Some(SumOf::Open) => {
                summary.outstanding += sum.amount;
                summary.outstanding_links += sum.links;
            }
            Some(SumOf::Made) => {
                summary.asked += sum.links;
                summary.viewed += sum.viewed;
                summary.asked_and_paid += sum.paid;
            }
            Some(SumOf::Paid(day)) => {
                summary.paid += sum.amount;
                summary.paid_links += sum.links;
                summary.refunded += sum.refunded;
                summary.disputed += sum.disputed;
                summary.disputed_links += sum.disputed_links;
                summary.lost_links += sum.lost;
                if sum.links > 0 {
                    *summary.days.entry(day).or_default() += sum.amount;
                }
            }
            Some(SumOf::Wait(seconds)) => {
                waits.entry(currency).or_default().insert(seconds, sum.links);
            }
            None => {}
        }
    }
    if let Some(exact) = waits_of_few(db, owner, (from, to)).await? {
        for (currency, seconds) in exact {
            let Some(summary) = all.get_mut(&currency) else { continue };
            summary.median_seconds_to_pay = seconds.get((seconds.len() - 1) / 2).copied();
        }
        return Ok(all.into_values().collect());
    }
    for (currency, counted) in waits {
        let Some(summary) = all.get_mut(&currency) else { continue };
        summary.median_seconds_to_pay = median(&counted);
    }
    Ok(all.into_values().collect())
}

/// How long buyers took to pay in the period, in order, if so few links can be meant that they are all read.
async fn waits_of_few(
    db: &impl ConnectionTrait,
    owner: &Merchant,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Option<BTreeMap<String, Vec<i64>>>, DbErr> {
    let links = link::Entity::find()
        .select_only()
        .columns([link::Column::Currency, link::Column::CreatedAt, link::Column::PaidAt])
        .columns([link::Column::StripeSessionId, link::Column::ElsewhereOn])
        .filter(link::Column::MerchantId.eq(owner.id));
    let made = Period { from: Some(from), to: Some(to) }.of_ids(link::Column::Id, link::LIFE);
    let links = made.into_iter().fold(links, Select::filter).order_by_asc(link::Column::Id).limit(RECENT + 1);
    let links: Vec<Waited> = links.into_model().all(db).await?;
    if links.len() as u64 > RECENT {
        return Ok(None);
    }
    let mut waits: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for Waited { currency, created_at, paid_at, stripe_session_id, elsewhere_on } in links {
        // Of what came elsewhere only the day is known.
        let is_elsewhere = elsewhere_on.is_some() && stripe_session_id.is_none();
        let Some(paid_at) = paid_at.filter(|at| !is_elsewhere && (from..=to).contains(at)) else { continue };
        waits.entry(currency.as_str().to_owned()).or_default().push((paid_at - created_at).num_seconds());
    }
    waits.values_mut().for_each(|seconds| seconds.sort_unstable());
    Ok(Some(waits))
}

/// About the middle one of many waits, of which is counted how many were at least so long, and not as long as the next.
fn median(counted: &BTreeMap<i64, i64>) -> Option<i64> {
    let all: i64 = counted.values().sum();
    let mut before = 0;
    for (seconds, links) in counted.iter().filter(|(_, links)| **links > 0) {
        if before + links > (all - 1) / 2 {
            // As if they were spread evenly.
            let inside = 2 * ((all - 1) / 2 - before) + 1;
            return Some(seconds + sums::width(*seconds) * inside / (2 * links));
        }
        before += links;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_many_waits_is_about_where_it_is() {
        assert_eq!(median(&BTreeMap::new()), None);
        assert_eq!(median(&BTreeMap::from([(300, 0)])), None);
        assert_eq!(median(&BTreeMap::from([(300, 1)])), Some(450));
        assert_eq!(median(&BTreeMap::from([(0, 10), (3_600, 11)])), Some(3_600 + 163));
        assert_eq!(median(&BTreeMap::from([(0, 100), (300, 1), (86_400, 100)])), Some(450));
    }
}
