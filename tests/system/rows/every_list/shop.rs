//! A shop in which each filter of a list finds something, far from all.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::OrderId;
use entity::{Order, link, merchant, order};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, prelude::Uuid};

use super::super::Rows;
use crate::support::new_merchant;

/// How many orders there are: far more than are looked through for a page.
pub(super) const ORDERS: usize = 600;

/// When the first order is made; each is made an hour after the one before.
pub(super) fn beginning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap()
}

/// When this order is made.
pub(super) fn made(order: i32) -> DateTime<Utc> {
    beginning() + TimeDelta::hours(1) * order
}

/// A seventeenth of the orders are another merchant's. Their links are paid but for some, a day late or many; some orders
/// have two that were withdrawn.
const SHOP: [&str; 6] = [
    "INSERT INTO orders (id, merchant_id, number, customer_name, customer_phone, amount, currency, details, tag, created_at,
            archived_at, due_date, search)
        SELECT {id}, CASE WHEN n % 17 = 16 THEN {other} ELSE {merchant} END, n,
            CASE WHEN n % 9 = 1 THEN 'Anna Weber' WHEN n % 100 = 7 THEN 'Rare Name' ELSE 'Example Buyer' END,
            CASE WHEN n % 40 = 13 THEN '+12025550199' ELSE '+12025550123' END, 1000 + n, 'usd', '{\"items\":[]}',
            CASE WHEN n % 20 < 2 THEN 'unpaid' WHEN n % 20 < 5 THEN 'none' ELSE 'paid' END, {made},
            CASE WHEN n % 7 = 5 THEN {made} END, CASE WHEN n % 3 = 0 THEN {day} END,
            n || {newline} || CASE WHEN n % 9 = 1 THEN 'anna weber' WHEN n % 100 = 7 THEN 'rare name' ELSE 'example buyer' END || {newline}
        FROM {series}",
    "INSERT INTO payment_link (id, merchant_id, order_id, state, token_hash, invoice_number, amount, currency, document,
            stripe_link_id, stripe_url, livemode, created_at, expires_at)
        SELECT id, merchant_id, id, 'unpaid', {hash}, number, amount, CASE WHEN CAST(number AS integer) % 30 = 11 THEN 'eur' ELSE 'usd' END,
            'a.pdf', 'plink_' || number, 'https://buy.stripe.com/1', {false}, created_at, created_at FROM orders",
    "UPDATE payment_link SET failure = CASE WHEN n % 20 = 2 THEN 'refused' END,
            review = CASE WHEN n % 50 = 9 THEN 'amount_mismatch' END,
            dispute = CASE WHEN n % 60 = 10 THEN 'open' WHEN n % 60 = 30 THEN 'lost' END,
            paid_at = CASE WHEN n % 20 > 4 THEN {paid} END,
            elsewhere_method = CASE WHEN n % 20 > 4 AND n % 8 = 7 THEN 'cash' END,
            elsewhere_on = CASE WHEN n % 20 > 4 AND n % 8 = 7 THEN {day} END,
            state = CASE WHEN n % 20 = 0 THEN 'unpaid' WHEN n % 20 = 1 THEN 'processing' WHEN n % 20 = 2 THEN 'failed'
                WHEN n % 20 = 3 THEN 'voided' WHEN n % 20 = 4 THEN 'expired' ELSE 'paid' END
        FROM (SELECT id AS made_id, CAST(number AS integer) AS n FROM orders) AS made WHERE id = made_id",
    "INSERT INTO payment_link (id, merchant_id, order_id, state, token_hash, invoice_number, amount, currency, document,
            stripe_link_id, stripe_url, livemode, created_at, expires_at)
        SELECT {later_id}, merchant_id, {id}, 'unpaid', {hash}, number, amount, 'usd', 'a.pdf', 'plink_again_' || number,
            'https://buy.stripe.com/1', {false}, {later}, {later}
        FROM orders, {series} WHERE number = CAST(n AS text) AND n % 60 = 3",
    "UPDATE payment_link SET state = 'voided' WHERE stripe_link_id LIKE 'plink_again_%'",
    "ANALYZE",
];

/// A shop that is open.
pub(super) struct Shop {
    pub(super) rows: Rows,
    /// The merchant's orders with their links, oldest first.
    pub(super) orders: Vec<(Order, Vec<link::Model>)>,
}

impl Shop {
    pub(super) async fn open(rows: Rows) -> Self {
        Self::of(rows, ORDERS).await
    }

    /// The same of this many orders.
    pub(super) async fn of(rows: Rows, count: usize) -> Self {
        let db = rows.db.pool();
        let other = merchant::insert(db, new_merchant(), super::super::now()).await.unwrap().id;
        let on_postgresql = matches!(db.get_database_backend(), DbBackend::Postgres);
        let first = beginning().timestamp();
        let uuid = |id: Uuid| if on_postgresql { format!("'{id}'::uuid") } else { format!("X'{}'", id.simple()) };
        let words: [(&str, String); 13] = [
            ("{id}", id(on_postgresql, 0)),
            ("{later_id}", id(on_postgresql, 100)),
            (
                "{hash}",
                if on_postgresql { "sha256(gen_random_uuid()::text::bytea)" } else { "randomblob(32)" }.to_owned(),
            ),
            ("{merchant}", uuid(rows.merchant.uuid())),
            ("{other}", uuid(other.uuid())),
            ("{series}", series(on_postgresql, count)),
            ("{made}", time(on_postgresql, &format!("{first} + 3600 * n"))),
            ("{later}", time(on_postgresql, &format!("{first} + 3600 * (n + 100)"))),
            ("{paid}", time(on_postgresql, &format!("{first} + 3600 * (n + n * 13 % 97)"))),
            ("{day}", day(on_postgresql, &format!("{first} + 3600 * (n + n * 13 % 97)"))),
            ("{newline}", if on_postgresql { "chr(10)" } else { "char(10)" }.to_owned()),
            ("{false}", if on_postgresql { "false" } else { "0" }.to_owned()),
            ("{number}", "number".to_owned()),
        ];
        for statement in SHOP {
            let sql = words.iter().fold(statement.to_owned(), |sql, (word, is)| sql.replace(word, is));
            db.execute_unprepared(&sql).await.unwrap();
        }
        let mut links: HashMap<OrderId, Vec<link::Model>> = HashMap::new();
        for link in link::Entity::find().all(db).await.unwrap() {
            links.entry(link.order_id).or_default().push(link);
        }
        let mut orders = order::Entity::find().all(db).await.unwrap();
        orders.retain(|order| order.merchant_id == rows.merchant);
        orders.sort_unstable_by_key(|order| order.id);
        let orders = orders.into_iter().map(|order| {
            let links = links.remove(&order.id).unwrap_or_default();
            (order, links)
        });
        let orders = orders.collect();
        Self { rows, orders }
    }
}

/// The id of the order with number `n`, or of a link that was made hours later.
fn id(on_postgresql: bool, hours: i64) -> String {
    let milliseconds = format!("({} + 3600 * (n + {hours})) * 1000", beginning().timestamp());
    if on_postgresql {
        format!("(lpad(to_hex(({milliseconds})::bigint), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid")
    } else {
        format!("unhex(printf('%012x70008%015x', {milliseconds}, n))")
    }
}

fn series(on_postgresql: bool, count: usize) -> String {
    if on_postgresql {
        return format!("(SELECT n::bigint FROM generate_series(1, {count}) n) AS s");
    }
    format!("(WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s) AS s")
}

fn time(on_postgresql: bool, seconds: &str) -> String {
    if on_postgresql {
        format!("to_timestamp({seconds})")
    } else {
        format!("strftime('%Y-%m-%dT%H:%M:%S+00:00', {seconds}, 'unixepoch')")
    }
}

fn day(on_postgresql: bool, seconds: &str) -> String {
    if on_postgresql {
        format!("to_char(to_timestamp({seconds}) AT TIME ZONE 'UTC', 'YYYY-MM-DD')")
    } else {
        format!("strftime('%Y-%m-%d', {seconds}, 'unixepoch')")
    }
}
