//! Lists of large items: they come in pieces, and nothing is missing.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use chrono::Utc;
use domain::LinkId;
use entity::link;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
use serde_json::{Map, Value, json};
use tokio::{task::JoinSet, time::sleep};

use super::crowds::{A_MOMENT, crowd, ends, slowest_look};
use crate::support::{App, Database, Http, Invoice, large_order_body, on_both_databases};

on_both_databases!(a_page_of_large_orders_is_short_and_the_rest_follows, an_order_gets_a_hundred_links_and_no_more);

/// How many large orders there are: three pages or so.
const ORDERS: usize = 15;

/// The largest answer: what a page may have, and as much again for how it is written.
const MOST: usize = 2 * 1024 * 1024;

async fn a_page_of_large_orders_is_short_and_the_rest_follows(app: &mut App) {
    let merchant = app.merchant();
    let phone = "+12025550161";
    app.hush(phone);
    let known = merchant.http.get("/v1/changes?limit=1").await.json()["last_seq"].as_i64().unwrap();
    let mut ids = BTreeSet::new();
    for number in 0..ORDERS {
        let body = large_order_body(&format!("6000{number:02}"), phone);
        let order = merchant.http.post("/v1/orders", &body).await.with_status(201).json();
        ids.insert(order["id"].as_str().unwrap().to_owned());
    }
    for sort in ["-created_at", "created_at"] {
        let path = format!("/v1/orders?q=6000&sort={sort}");
        let first = merchant.http.get(&format!("{path}&limit=100")).await.with_status(200);
        assert!(first.body.len() < MOST, "{} bytes", first.body.len());
        assert!(first.json()["items"].as_array().unwrap().len() < ORDERS);
        let all = merchant.http.whole_list(&path, 100).await;
        let listed: Vec<&str> = all.iter().map(|order| order["id"].as_str().unwrap()).collect();
        let is_sorted = if sort == "created_at" { listed.is_sorted() } else { listed.is_sorted_by(|a, b| a >= b) };
        assert!(is_sorted && listed.len() == ORDERS, "{listed:?}");
    }
    let csv = merchant.http.request(reqwest::Method::GET, "/v1/orders?q=6000").header("Accept", "text/csv");
    let csv = merchant.http.ask(csv).await.with_status(200);
    assert_eq!(String::from_utf8(csv.body).unwrap().lines().count(), ORDERS + 1);

    let changed = changed_after(&merchant.http, known).await;
    assert!(ids.iter().all(|id| changed.contains(id)), "{changed:?}");

    let export = merchant.http.get(&format!("/v1/buyers/{phone}/export")).await.with_status(200).json();
    let exported: Vec<&str> =
        export["orders"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap()).collect();
    assert_eq!(exported, ids.iter().rev().collect::<Vec<_>>());
    assert_eq!(export["phone"], phone);
    assert_eq!(export["orders"][0]["items"].as_array().unwrap().len(), 490);
}

/// The changes after this number, read as the guide says.
async fn changed_after(http: &Http, mut known: i64) -> Vec<String> {
    let mut changed = Vec::new();
    loop {
        let answer = http.get(&format!("/v1/changes?limit=500&after={known}")).await.with_status(200);
        assert!(answer.body.len() < MOST, "{} bytes", answer.body.len());
        let answer = answer.json();
        let items = answer["items"].as_array().unwrap();
        let id = |change: &Value| change["resource"]["id"].as_str().map(str::to_owned);
        changed.extend(items.iter().filter_map(id));
        for item in items {
            assert_eq!(item["seq"], known + 1, "there is no gap");
            known += 1;
        }
        if answer["last_seq"] == known {
            return changed;
        }
        assert!(!items.is_empty(), "one at least comes each time");
    }
}

async fn an_order_gets_a_hundred_links_and_no_more(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("62001").await;
    let link = merchant.makes_a_link(&order).await;
    merchant.voids(&link).await.with_status(202);
    merchant.sees(&link.id, "voided").await;
    has_ninety_nine_more(app, &link.id).await;

    merchant.asks_for_a_link(&order, &Invoice::default()).await.problem(409, "too_many_links");
    let seen = merchant.http.get(&format!("/v1/orders/{}", order.id)).await.with_status(200);
    assert!(seen.body.len() < MOST, "{} bytes", seen.body.len());
    let shown = seen.json()["links"].as_array().unwrap().len();
    assert!((20..100).contains(&shown), "{shown} links");
    let path = format!("/v1/payment-links?order_id={}", order.id);
    let first = merchant.http.get(&format!("{path}&limit=100")).await.with_status(200);
    assert!(first.body.len() < MOST, "{} bytes", first.body.len());
    assert_eq!(merchant.http.whole_list(&path, 100).await.len(), 100);
    let export = merchant.http.get(&format!("/v1/buyers/{}/export", order.phone)).await.with_status(200).json();
    assert_eq!(export["orders"][0]["links"].as_array().unwrap().len(), 100);
}

/// Gives the order of this link links like it, with as much metadata as may be.
async fn has_ninety_nine_more(app: &App, link: &str) {
    let metadata: Map<String, Value> =
        (0..20).map(|number| (format!("name {number}"), json!("木".repeat(500)))).collect();
    let rows = app.database().await;
    let id: LinkId = link.parse().unwrap();
    let first = link::Entity::find_by_id(id).one(&rows).await.unwrap().unwrap();
    for number in 1_u8..100 {
        let id = LinkId::new(Utc::now());
        let mut another = first.clone().into_active_model();
        another.id = Set(id);
        another.token_hash = Set(vec![number; 32]);
        another.stripe_link_id = Set(Some(format!("plink_{id}")));
        another.metadata = Set(Value::from(metadata.clone()).to_string());
        another.insert(&rows).await.unwrap();
    }
    rows.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lists_of_one_keep_nobody_waiting() {
    let app = App::start_apart(Database::sqlite()).await;
    let merchant = app.merchant();
    let phone = "+12025550162";
    app.hush(phone);
    for number in 0..110 {
        let body = large_order_body(&format!("7{number:03}"), phone);
        merchant.http.post("/v1/orders", &body).await.with_status(201);
    }
    let somebody = app.anybody();
    let other = app.operator().makes_a_merchant("A Florist").await;
    let (alone, before) = (slowest_look(&somebody).await, app.status_of_process("VmHWM"));

    let export = format!("/v1/buyers/{phone}/export");
    let lists = [("/v1/orders?limit=100", 30), ("/v1/changes?limit=500", 10), (export.as_str(), 5)];
    let mut readers = JoinSet::new();
    for (path, size) in lists {
        let words = format!(
            "GET {path} HTTP/1.1\r\nHost: paylink\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
            app.hello.api_key
        );
        for one in crowd(&app, size, &words).await {
            readers.spawn(ends(one, Duration::from_mins(2)));
        }
    }
    let mut looks = Vec::new();
    while !readers.is_empty() {
        let since = Instant::now();
        somebody.get("/console").await.with_status(200);
        looks.push(since.elapsed());
        // The process stays with its balancer, and serves whoever else comes.
        somebody.get("/readyz").await.with_status(200);
        other.http.get("/v1/orders").await.with_status(200);
        sleep(Duration::from_millis(50)).await;
        while let Some(read) = readers.try_join_next() {
            let (told, _) = read.unwrap().expect("it comes to its end");
            assert!(told.starts_with("HTTP/1.1 200") || told.starts_with("HTTP/1.1 429"), "{told:.200}");
        }
    }
    let slowest = looks.into_iter().max().unwrap();
    let grown = app.status_of_process("VmHWM").saturating_sub(before) / 1024;
    println!("45 long lists of one merchant at once: slowest look of another {slowest:.1?}, {grown} MiB more memory");
    assert!(slowest < alone + A_MOMENT, "{alone:?} alone, {slowest:?} among them");
    assert!(grown < 192, "{grown} MiB");
}
