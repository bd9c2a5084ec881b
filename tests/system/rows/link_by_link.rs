//! A summary as it comes out link by link, without the sums that are kept.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::{LinkState, link::Dispute};
use entity::{Db, Merchant, link, summary::Summary};
use sea_orm::EntityTrait;

/// The sum of all links of a merchant in a period of days, computed link by link.
pub(crate) async fn looked_through(db: &Db, owner: &Merchant, first: NaiveDate, last: NaiveDate) -> Vec<Summary> {
    let days = first..=last;
    let mut all: BTreeMap<String, (Summary, Vec<i64>)> = BTreeMap::new();
    let links = link::Entity::find().all(db.pool()).await.unwrap();
    for link in links.into_iter().filter(|link| link.merchant_id == owner.id) {
        let (sum, waits) =
            all.entry(link.currency.as_str().to_owned()).or_insert_with(|| (Summary::none(link.currency), Vec::new()));
        if matches!(link.state, LinkState::Unpaid | LinkState::Processing) {
            sum.outstanding += link.amount.unwrap_or(0);
            sum.outstanding_links += 1;
        }
        if days.contains(&owner.day_of(link.created_at)) {
            let is_asked = link.elsewhere_method.is_none() || link.stripe_link_id.is_some();
            sum.asked += i64::from(link.state != LinkState::Failed && is_asked);
            sum.viewed += i64::from(link.viewed_at.is_some());
            sum.asked_and_paid += i64::from(link.state == LinkState::Paid && is_asked);
        }
        let Some(paid_at) = link.paid_at else { continue };
        let elsewhere = link.elsewhere_on.as_deref().filter(|_| link.stripe_session_id.is_none());
        let day = elsewhere.map_or_else(|| owner.day_of(paid_at), |day| day.parse().unwrap());
        if days.contains(&day) {
            sum.paid += link.amount.unwrap_or(0);
            sum.paid_links += 1;
            sum.refunded += link.refunded.unwrap_or(0);
            if link.dispute == Some(Dispute::Open) {
                sum.disputed += link.amount.unwrap_or(0);
                sum.disputed_links += 1;
            }
            sum.lost_links += i64::from(link.dispute == Some(Dispute::Lost));
            *sum.days.entry(day).or_default() += link.amount.unwrap_or(0);
            if elsewhere.is_none() {
                waits.push((paid_at - link.created_at).num_seconds());
            }
        }
    }
    let with_median = |(sum, mut waits): (Summary, Vec<i64>)| {
        waits.sort_unstable();
        let median_seconds_to_pay = waits.get(waits.len().saturating_sub(1) / 2).copied();
        Summary { median_seconds_to_pay, ..sum }
    };
    all.into_values().map(with_median).collect()
}
