//! Lists of large items: no more is read at once than fits.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::LinkId;
use entity::{
    link::{self, LinkSearch},
    list::Place,
    order,
};

use super::{Rows, now, on_both_databases};

/// As much as software may keep with a link: 30 kB.
fn much_metadata() -> BTreeMap<String, String> {
    (0..20).map(|number| (format!("name {number}"), "木".repeat(500))).collect()
}

/// How many links of such there are: more than have room at once.
const MANY: usize = 40;

on_both_databases! {
    async fn a_page_of_links_with_much_metadata_is_short_and_the_rest_follows(rows) {
        for _ in 0..MANY {
            rows.link_with(&rows.order().await, much_metadata()).await.unwrap();
        }
        let page = async |after: Option<LinkId>| {
            let search = LinkSearch { place: Place { after, limit: 101, ..Place::default() }, ..LinkSearch::default() };
            link::search(rows.db.pool(), rows.merchant, search).await.unwrap()
        };
        let first = page(None).await;
        assert!(first.looked_to.is_some() && (20..MANY).contains(&first.rows.len()), "{}", first.rows.len());
        let last = first.rows.last().unwrap().0.id;
        let second = page(Some(last)).await;
        assert_eq!(second.looked_to, None);
        assert_eq!(first.rows.len() + second.rows.len(), MANY);
        assert!(second.rows.iter().all(|(link, _)| link.id < last), "the newest come first");
    }

    async fn what_is_kept_with_a_link_is_not_read_where_nobody_looks_at_it(rows) {
        let order = rows.order().await;
        let made = rows.link_with(&order, much_metadata()).await.unwrap();
        let found = link::of_order(rows.db.pool(), rows.merchant, order.id).await.unwrap();
        assert_eq!(found, [link::Model { metadata: "{}".to_owned(), ..made }]);
        let names = order::names(rows.db.pool(), rows.merchant, [order.id].into()).await.unwrap();
        assert_eq!(names[&order.id].number, order.number);
        assert_eq!(names[&order.id].customer_name, order.customer_name);
    }

    async fn of_a_very_long_timeline_the_newest_entries_are_shown(rows) {
        let (noisy, quiet) = (rows.link(&rows.order().await).await.unwrap(), rows.link(&rows.order().await).await.unwrap());
        let tx = rows.db.begin().await.unwrap();
        for number in 0..250 {
            let at = now() + TimeDelta::seconds(number);
            link::note(&tx, &noisy, at, entity::link::TimelineEvent::Refunded, Some(number.to_string())).await.unwrap();
        }
        tx.commit().await.unwrap();
        let shown = link::timeline(rows.db.pool(), noisy.id).await.unwrap();
        let details: Vec<i64> = shown.iter().filter_map(|entry| entry.detail.as_ref()?.parse().ok()).collect();
        assert_eq!(details, (50..250).collect::<Vec<_>>(), "the newest, oldest first");
        let both = link::timelines(rows.db.pool(), [noisy.id, quiet.id]).await.unwrap();
        let alone = link::timeline(rows.db.pool(), quiet.id).await.unwrap();
        assert!(!alone.is_empty());
        assert_eq!(both.iter().filter(|entry| entry.link_id == quiet.id).count(), alone.len());
        assert_eq!(both.len(), 200 + alone.len());
    }
}
