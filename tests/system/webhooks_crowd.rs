//! Ten thousand endpoints, one in ten of them dead, and what the others notice: a measurement, for an idle machine.
//! What must hold on any machine is tested in `webhooks_out.rs`:
//! `a_living_endpoint_never_waits_for_the_time_outs_of_dead_ones`. `cargo test --test system ten_thousand_endpoints --
//! --ignored --nocapture`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::support::{App, Database, Merchant, Receiver, Taking, Webhook, eventually};

/// How many endpoints a merchant has, as many as it may.
const OF_EACH: usize = 20;
/// How many merchants there are; a busy machine takes fewer (`PAYLINK_TEST_MERCHANTS`).
const MERCHANTS: usize = 500;
/// How many orders are opened in a second, each of another merchant; each has all the merchant's endpoints told. A fast
/// machine with a release build takes more (`PAYLINK_TEST_ORDERS_A_SECOND`).
const A_SECOND: u64 = 5;

/// Which endpoints are dead: of each merchant two.
const fn is_dead(endpoint: usize) -> bool {
    endpoint % 10 == 3
}

fn path(merchant: usize, endpoint: usize) -> String {
    format!("/{merchant}/{endpoint}")
}

async fn makes_a_merchant(app: &App, receiver: &Receiver, number: usize) -> Merchant {
    let merchant = app.operator().makes_a_merchant(&format!("Shop {number}")).await;
    for endpoint in 0..OF_EACH {
        let url = format!("{}{}", receiver.url, path(number, endpoint));
        let wanted = json!({"url": url, "events": ["order.created"]});
        let made = merchant.http.post("/v1/webhook-endpoints", &wanted).await.with_status(201).json();
        app.hush(made["secret"].as_str().unwrap());
    }
    merchant
}

/// An order of each merchant, one after the other; how many milliseconds it took until the live endpoints were told.
async fn round(merchants: &[Merchant], receiver: &Receiver, name: &str) -> Vec<i64> {
    receiver.forgets();
    let a_second = std::env::var("PAYLINK_TEST_ORDERS_A_SECOND").map_or(A_SECOND, |text| text.parse().unwrap());
    let mut pace = tokio::time::interval(Duration::from_millis(1_000 / a_second));
    for (number, merchant) in merchants.iter().enumerate() {
        pace.tick().await;
        merchant.opens_an_order(&format!("{name}-{number}")).await;
    }
    let live = (0..OF_EACH).filter(|endpoint| !is_dead(*endpoint)).count() * merchants.len();
    // Their bodies are read once all are there: to read ten thousand again and again would be what is measured.
    let is_live = |webhook: &Webhook| !is_dead(webhook.path.rsplit('/').next().unwrap().parse().unwrap());
    let came = async || {
        if receiver.how_many_came() < live {
            return None;
        }
        let mut came = receiver.came_anywhere();
        came.retain(is_live);
        came.retain(|webhook| webhook.body.contains(&format!("\"{name}-")));
        (came.len() >= live).then_some(came)
    };
    let came = eventually("all live endpoints are told", came).await;
    let took = |webhook: &Webhook| {
        let at: DateTime<Utc> = webhook.json()["timestamp"].as_str().unwrap().parse().unwrap();
        (webhook.at - at).num_milliseconds()
    };
    let mut took: Vec<i64> = came.iter().map(took).collect();
    took.sort_unstable();
    let of = |part: usize| took[(took.len() - 1) * part / 100];
    println!("{name}: {} webhooks, p50 {} ms, p99 {} ms, the last {} ms", took.len(), of(50), of(99), of(100));
    took
}

#[tokio::test]
#[ignore = "it takes some minutes"]
async fn ten_thousand_endpoints_of_which_one_in_ten_is_dead_leave_the_others_as_they_were() {
    let settings = [("PAYLINK_WEBHOOKS_ALLOW_PRIVATE", "true".to_owned())];
    let app = App::start_with(Database::postgresql().await, &settings).await;
    let receiver = Receiver::start().await;
    let how_many = std::env::var("PAYLINK_TEST_MERCHANTS").map_or(MERCHANTS, |text| text.parse().unwrap());
    let made = stream::iter(0..how_many).map(|number| makes_a_merchant(&app, &receiver, number)).buffered(8);
    let merchants: Vec<Merchant> = made.collect().await;
    let before = round(&merchants, &receiver, "alive").await;
    for merchant in 0..how_many {
        for endpoint in (0..OF_EACH).filter(|endpoint| is_dead(*endpoint)) {
            receiver.answers(&path(merchant, endpoint), Taking::Hangs);
        }
    }
    // They die all at once, which is found out once for each.
    round(&merchants, &receiver, "dying").await;
    let after = round(&merchants, &receiver, "dead").await;
    let p99 = |took: &[i64]| took[(took.len() - 1) * 99 / 100];
    assert!(p99(&after) < 2 * p99(&before) + 100, "{} ms, where it was {} ms", p99(&after), p99(&before));
}
