//! Every list of orders and links, by every two of its filters and from one end or the other, where little is looked
//! through for a page: each is complete.

mod filters;
mod reads;
mod shop;

use domain::{LinkId, LinkState, OrderId};
use entity::{
    link::{self, LinkSearch},
    list::{Looks, Place, Sort},
    order::{self, OrderSearch},
};
use sea_orm::DbErr;

use self::{
    filters::{Filter, all},
    shop::{ORDERS, Shop},
};
use super::{Rows, on_both_databases};

/// What is read for a page: the product reads tens of times as much. A quarter of the most is more than the first.
const LOOKS: Looks = Looks { first: 30, most: 160, collected: 9 };

/// The size of a page.
const LIMIT: u64 = 25;

fn place<Id>(after: Option<Id>, sort: Sort) -> Place<Id> {
    Place { after, sort, limit: LIMIT, looks: LOOKS }
}

/// The first page of what is added up, for which more rows are wanted than are looked through at first.
fn large_place<Id>(sort: Sort) -> Place<Id> {
    Place { limit: 2 * LIMIT, ..place(None, sort) }
}

/// The first of these ids: a usual page of them.
fn first<Id>(ids: impl Iterator<Item = Id>) -> Vec<Id> {
    ids.take(usize::try_from(LIMIT).unwrap()).collect()
}

/// None of these filters, each, and every two of them that can be said together.
fn combinations<'a>(filters: impl Iterator<Item = &'a Filter>) -> Vec<Vec<&'a Filter>> {
    let filters: Vec<&Filter> = filters.collect();
    let mut combinations: Vec<Vec<&Filter>> = vec![Vec::new()];
    for (at, one) in filters.iter().enumerate() {
        combinations.push(vec![one]);
        combinations.extend(filters[at + 1..].iter().filter(|other| other.of != one.of).map(|other| vec![*one, other]));
    }
    combinations
}

/// The lists of orders: one after the other from the other end.
fn of_orders(filters: &[Filter]) -> impl Iterator<Item = (Vec<&Filter>, Sort)> {
    combinations(filters.iter().filter(|filter| filter.orders.is_some())).into_iter().zip(sorts())
}

/// The same of links.
fn of_links(filters: &[Filter]) -> impl Iterator<Item = (Vec<&Filter>, Sort)> {
    combinations(filters.iter().filter(|filter| filter.links.is_some())).into_iter().zip(sorts())
}

fn sorts() -> impl Iterator<Item = Sort> {
    [Sort::OldestFirst, Sort::NewestFirst].into_iter().cycle()
}

fn said(filters: &[&Filter], sort: Sort) -> String {
    let names: Vec<&str> = filters.iter().map(|filter| filter.name).collect();
    format!("{} {sort:?}", names.join(" & "))
}

/// The ids of a list, page by page.
async fn all_of<Id: Copy>(page: impl AsyncFn(Option<Id>) -> Result<(Vec<Id>, Option<Id>), DbErr>) -> Vec<Id> {
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..ORDERS {
        let (ids, looked_to) = page(after).await.unwrap();
        found.extend(ids);
        after = looked_to;
        if after.is_none() {
            return found;
        }
    }
    panic!("it does not end")
}

fn orders_by(filters: &[&Filter], place: Place<OrderId>) -> OrderSearch {
    let mut search = OrderSearch { place, ..OrderSearch::default() };
    filters.iter().filter_map(|filter| filter.orders.as_ref()).for_each(|say| say(&mut search));
    search
}

fn links_by(filters: &[&Filter], place: Place<LinkId>) -> LinkSearch {
    let mut search = LinkSearch { place, ..LinkSearch::default() };
    filters.iter().filter_map(|filter| filter.links.as_ref()).for_each(|say| say(&mut search));
    search
}

on_both_databases! {
    async fn every_list_of_orders_is_complete_and_in_order(rows) {
        let shop = Shop::open(rows).await;
        let (db, merchant) = (shop.rows.db.pool(), shop.rows.merchant);
        let filters = all();
        for (filters, sort) in of_orders(&filters) {
            let archived = filters.iter().any(|filter| filter.of == "archived");
            let is_meant = |order: &&(order::Model, Vec<link::Model>)| {
                let (order, links) = order;
                filters.iter().all(|filter| (filter.order)(order))
                    && order.archived_at.is_some() == archived
                    && (filters.iter().all(|filter| !filter.is_of_links)
                        || links.iter().any(|link| filters.iter().all(|filter| (filter.link)(link))))
            };
            let mut expected: Vec<_> = shop.orders.iter().filter(is_meant).map(|(order, _)| order.id).collect();
            if sort == Sort::NewestFirst {
                expected.reverse();
            }
            let found = all_of(async |after| {
                let found = order::search(db, merchant, orders_by(&filters, place(after, sort))).await?;
                let ids: Vec<OrderId> = found.rows.iter().map(|order| order.id).collect();
                if after.is_none() {
                    let counted = order::counted(db, merchant, orders_by(&filters, large_place(sort))).await?;
                    assert_eq!(first(counted.rows.iter().map(|order| order.id)), ids);
                }
                Ok((ids, found.looked_to))
            });
            assert_eq!(found.await, expected, "{}", said(&filters, sort));
        }
    }

    async fn a_list_is_known_to_be_longer_than_its_pages_where_each_row_takes_others(rows) {
        let shop = Shop::open(rows).await;
        let (db, merchant) = (shop.rows.db.pool(), shop.rows.merchant);
        let (text, place) = (Some("Weber".to_owned()), large_place(Sort::NewestFirst));
        let (links, orders) = (LinkSearch { place, ..LinkSearch::default() }, large_place(Sort::NewestFirst));
        let orders = OrderSearch { place: orders, ..OrderSearch::default() };
        let by_text = LinkSearch { text: text.clone(), ..links.clone() };
        let paid = OrderSearch { statuses: vec![LinkState::Paid], ..orders.clone() };
        for (pages, by_others) in [(5, true), (20, false)] {
            assert_eq!(link::is_beyond(db, merchant, by_text.clone(), pages).await.unwrap(), by_others, "{pages}");
            assert_eq!(order::is_beyond(db, merchant, paid.clone(), pages).await.unwrap(), by_others, "{pages}");
            assert!(!link::is_beyond(db, merchant, links.clone(), pages).await.unwrap());
            let orders = OrderSearch { text: text.clone(), ..orders.clone() };
            assert!(!order::is_beyond(db, merchant, orders, pages).await.unwrap());
        }
    }

    async fn every_list_of_links_is_complete_and_in_order(rows) {
        let shop = Shop::open(rows).await;
        let (db, merchant) = (shop.rows.db.pool(), shop.rows.merchant);
        let filters = all();
        for (filters, sort) in of_links(&filters) {
            let is_meant = |(order, link): &(&order::Model, &link::Model)| {
                filters.iter().all(|filter| (filter.order)(order) && (filter.link)(link))
            };
            let links = shop.orders.iter().flat_map(|(order, links)| links.iter().map(move |link| (order, link)));
            let mut expected: Vec<_> = links.filter(is_meant).map(|(_, link)| link.id).collect();
            expected.sort_unstable();
            if sort == Sort::NewestFirst {
                expected.reverse();
            }
            let found = all_of(async |after| {
                let found = link::search(db, merchant, links_by(&filters, place(after, sort))).await?;
                let ids: Vec<LinkId> = found.rows.iter().map(|(link, _)| link.id).collect();
                if after.is_none() {
                    let counted = link::counted(db, merchant, links_by(&filters, large_place(sort))).await?;
                    assert_eq!(first(counted.rows.iter().map(|link| link.id)), ids);
                }
                Ok((ids, found.looked_to))
            });
            assert_eq!(found.await, expected, "{}", said(&filters, sort));
        }
    }
}
