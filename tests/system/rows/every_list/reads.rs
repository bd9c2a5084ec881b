//! How much is read for a page: no more of a shop that is twenty times as large.

use entity::{link, order};

use super::{
    Rows, all, links_by, of_links, of_orders, orders_by, place, said,
    shop::{ORDERS, Shop},
};
use crate::support::CountingPostgres;

/// How many orders there are in the larger shop.
const MANY: usize = 20 * ORDERS;

/// So many rows may be read for a page of any shop: each part of it looks through a few, and looks up others for them.
const MOST: u64 = 4_000;

#[tokio::test]
async fn no_page_of_a_list_reads_more_of_a_larger_shop() {
    let server = CountingPostgres::start();
    let open = async |count| Shop::of(Rows::open(&server.database().await, None).await, count).await;
    let (small, large) = (open(ORDERS).await, open(MANY).await);
    let filters = all();
    let mut most = 0;
    let mut compare = |few: u64, many: u64, name: String| {
        most = most.max(many);
        assert!(many <= MOST.max(few * 6 / 5), "{name}: {few} rows of {ORDERS} orders, {many} of {MANY}");
    };
    for (filters, sort) in of_orders(&filters) {
        let read = async |Shop { rows, .. }: &Shop| {
            let search = orders_by(&filters, place(None, sort));
            let page = async { drop(order::search(rows.db.pool(), rows.merchant, search).await.unwrap()) };
            server.rows_for(page).await
        };
        compare(read(&small).await, read(&large).await, format!("orders {}", said(&filters, sort)));
    }
    for (filters, sort) in of_links(&filters) {
        let read = async |Shop { rows, .. }: &Shop| {
            let search = links_by(&filters, place(None, sort));
            let page = async { drop(link::search(rows.db.pool(), rows.merchant, search).await.unwrap()) };
            server.rows_for(page).await
        };
        compare(read(&small).await, read(&large).await, format!("links {}", said(&filters, sort)));
    }
    assert!(most > 100, "no rows were counted");
}
