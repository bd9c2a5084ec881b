//! Credit purchases during an interleaving, at the operator's equally unreliable Stripe; some are refunded.

use std::time::Duration;

use fastrand::Rng;
use reqwest::Method;
use serde_json::{Value, json};

use super::PATIENCE;
use crate::support::{App, eventually};

/// How many are bought, one after the other.
const COUNT: u64 = 6;

/// 100 credits for 5.00, as the demo has it.
const PACK: &str = "100-for-5-00-usd";

/// A purchase, and what it has to have brought in the end.
#[derive(Debug)]
pub(super) struct Purchase {
    path: String,
    statuses: &'static [&'static str],
    credited: i64,
}

/// Buys some packs: paid, paid twice, paid and given back, or left.
pub(super) async fn are_made(app: &App, seed: u64) -> Vec<Purchase> {
    let mut rng = Rng::with_seed(seed ^ COUNT);
    let mut made = Vec::new();
    for _ in 0..COUNT {
        let http = app.merchant().http;
        let pack = json!({"pack": PACK});
        let asked = http.insists(|| http.request(Method::POST, "/v1/credit-purchases").json(&pack)).await;
        let path = format!("/v1/credit-purchases/{}", asked.with_status(202).json()["id"].as_str().unwrap());
        let (paid, twice, back) = (rng.u8(..4) > 0, rng.bool(), rng.u8(..3));
        let Some(session) = is_open(app, &path).await else {
            made.push(Purchase { path, statuses: &["failed"], credited: 0 });
            continue;
        };
        let sandbox = app.sandbox();
        let by_card = json!({"session": session});
        let (told, payment) = if paid { sandbox.is_told("pay", &by_card).await } else { (409, Value::Null) };
        if told == 409 {
            // Left, or ended by a scheduler that looks around days ahead.
            made.push(Purchase { path, statuses: &["open", "expired"], credited: 0 });
            continue;
        }
        let payment = &payment["payment_intent"];
        if twice {
            assert_eq!(sandbox.is_told("pay", &by_card).await.0, 409, "{path} was paid twice");
        }
        let (given, credited) = [(None, 100), (Some(100), 80), (Some(500), 0)][usize::from(back)];
        if let Some(amount) = given {
            sandbox.does("refund", json!({"payment_intent": payment, "amount": amount})).await;
        }
        made.push(Purchase { path, statuses: &["paid"], credited });
    }
    made
}

/// The session of its page, once there is one; nothing if there will be none.
async fn is_open(app: &App, path: &str) -> Option<String> {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let seen = app.merchant().http.get(path).await.with_status(200).json();
        if seen["status"] == "failed" {
            return None;
        }
        if let Some(url) = seen["url"].as_str() {
            return url.rsplit('/').next().map(str::to_owned);
        }
        assert!(std::time::Instant::now() < deadline, "it is not made: {seen}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// Each has brought what it had to, once, and the ledger adds up.
pub(super) async fn add_up(app: &App, purchases: &[Purchase]) {
    for purchase in purchases {
        eventually(&format!("{purchase:?}"), async || {
            let seen: Value = app.merchant().http.get(&purchase.path).await.with_status(200).json();
            let is_so = purchase.statuses.iter().any(|status| seen["status"] == *status);
            (is_so && seen["credited"] == purchase.credited).then_some(())
        })
        .await;
    }
    let entries = app.merchant().http.whole_list("/v1/credits/entries", 100).await;
    let paid = purchases.iter().filter(|purchase| purchase.statuses.contains(&"paid")).count();
    // Of one that went back before it was heard of there is none.
    assert!(entries.iter().filter(|entry| entry["kind"] == "purchase").count() <= paid, "{purchases:?}");
    assert!(app.runs(&["merchant", "audit"]).status.success());
}
