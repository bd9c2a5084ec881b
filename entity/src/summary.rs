//! Outstanding and received amounts by currency: a merchant's day at a glance.

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
    order::{self, Overdue},
};
use domain::Currency;

/// The most overdue orders that are added up.
const MOST_OVERDUE: usize = 1_000;

/// The figures of a period in one currency. Amounts are in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The currency.
    pub currency: Currency,
    /// The total of links that can be paid or are being paid, whenever they were created.
    pub outstanding: i64,
    /// The number of these links.
    pub outstanding_links: i64,
    /// The total of unpaid orders whose due date is over.
    pub overdue: i64,
    /// The number of these orders.
    pub overdue_orders: i64,
    /// Whether there are more of them, of any currency, than were added up.
    pub overdue_more: bool,
    /// The total that was paid in the period.
    pub paid: i64,
    /// The number of links with such a payment.
    pub paid_links: i64,
    /// How much of what was paid in the period was refunded so far.
    pub refunded: i64,
    /// How much of `paid` is in payments with undecided disputes.
    pub disputed: i64,
    /// The number of these payments.
    pub disputed_links: i64,
    /// How many payments of the period were lost in a dispute.
    pub lost_links: i64,
    /// The number of links created in the period.
    pub asked: i64,
    /// How many of them the buyer has viewed.
    pub viewed: i64,
    /// How many of them are paid by now.
    pub asked_and_paid: i64,
    /// The median time in seconds from the creation of a link to its payment through Stripe in the period; an estimate
    /// if more than a thousand links can be involved.
    pub median_seconds_to_pay: Option<i64>,
    /// The total paid on each day of the period, in the merchant's time zone. Days without a payment are left out.
    pub days: BTreeMap<NaiveDate, i64>,
}

impl Summary {
    /// The figures of a currency in which nothing was asked or paid.
    #[must_use]
    pub const fn none(currency: Currency) -> Self {
        Self {
            currency,
            outstanding: 0,
            outstanding_links: 0,
            overdue: 0,
            overdue_orders: 0,
            overdue_more: false,
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

/// The columns of a link that tell how soon it was paid.
#[derive(FromQueryResult)]
struct Waited {
    currency: Currency,
    created_at: DateTime<Utc>,
    paid_at: Option<DateTime<Utc>>,
    stripe_session_id: Option<String>,
    elsewhere_on: Option<String>,
}

/// The figures from the first moment of a day to the last of another, by currency. Links that were erased after 90 days
/// count without an amount.
pub async fn read(
    db: &impl ConnectionTrait,
    owner: &Merchant,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    today: NaiveDate,
) -> Result<Vec<Summary>, DbErr> {
    let mut all: BTreeMap<String, Summary> = BTreeMap::new();
    for sum in sums::read(db, owner, (from, to)).await? {
        let currency = sum.currency.as_str().to_owned();
        let summary = all.entry(currency.clone()).or_insert_with(|| Summary::none(sum.currency));
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
            None => {}
        }
    }
    add_overdue(&mut all, order::overdue(db, owner.id, today, MOST_OVERDUE).await?);
    let (made, paid) = all.values().fold((0, 0), |(made, paid), sum| (made + sum.asked, paid + sum.paid_links));
    // If more were made in the period alone, there is no need to look whether they are few.
    let exact = if made > RECENT.cast_signed() { None } else { waits_of_few(db, owner, (from, to)).await? };
    if let Some(exact) = exact {
        for (currency, seconds) in exact {
            let Some(summary) = all.get_mut(&currency) else { continue };
            summary.median_seconds_to_pay = seconds.get((seconds.len() - 1) / 2).copied();
        }
        return Ok(all.into_values().collect());
    }
    let mut waits: BTreeMap<String, BTreeMap<i64, i64>> = BTreeMap::new();
    for wait in sums::waits(db, owner, ((from, to), paid)).await? {
        waits.entry(wait.currency.as_str().to_owned()).or_default().insert(wait.seconds, wait.links);
    }
    for (currency, counted) in waits {
        let Some(summary) = all.get_mut(&currency) else { continue };
        summary.median_seconds_to_pay = median(&counted);
    }
    Ok(all.into_values().collect())
}

/// How long buyers took to pay in the period, sorted, if few enough links can be involved to read them all.
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
        // For payments elsewhere, only the day is known.
        let is_elsewhere = elsewhere_on.is_some() && stripe_session_id.is_none();
        let Some(paid_at) = paid_at.filter(|at| !is_elsewhere && (from..=to).contains(at)) else { continue };
        waits.entry(currency.as_str().to_owned()).or_default().push((paid_at - created_at).num_seconds());
    }
    for seconds in waits.values_mut() {
        seconds.sort_unstable();
    }
    Ok(Some(waits))
}

/// An estimate of the median wait, from a histogram whose keys are the lower bounds of its buckets.
fn median(counted: &BTreeMap<i64, i64>) -> Option<i64> {
    let all: i64 = counted.values().sum();
    let mut before = 0;
    for (seconds, links) in counted.iter().filter(|(_, links)| **links > 0) {
        if before + links > (all - 1) / 2 {
            // As if spread evenly in the bucket.
            let inside = 2 * ((all - 1) / 2 - before) + 1;
            return Some(seconds + sums::width(*seconds) * inside / (2 * links));
        }
        before += links;
    }
    None
}

/// Adds the overdue orders. If there are more of them, that may be so of any currency.
fn add_overdue(all: &mut BTreeMap<String, Summary>, overdue: Overdue) {
    for (currency, amount) in overdue.orders {
        let summary = all.entry(currency.as_str().to_owned()).or_insert_with(|| Summary::none(currency));
        summary.overdue += amount;
        summary.overdue_orders += 1;
    }
    for summary in all.values_mut() {
        summary.overdue_more = overdue.more;
    }
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

    #[test]
    fn a_currency_whose_orders_were_not_counted_is_not_said_to_have_none() {
        let [eur, usd] = ["eur", "usd"].map(|code| Currency::parse(code).unwrap());
        for more in [true, false] {
            let mut all = BTreeMap::from([("eur".to_owned(), Summary::none(eur))]);
            add_overdue(&mut all, Overdue { orders: vec![(usd, 500), (usd, 700)], more });
            let found =
                ["eur", "usd"].map(|code| (all[code].overdue, all[code].overdue_orders, all[code].overdue_more));
            assert_eq!(found, [(0, 0, more), (1_200, 2, more)]);
        }
    }
}
