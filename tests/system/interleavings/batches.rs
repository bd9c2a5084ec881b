//! Batches of the merchant during an interleaving, some of which are paused, resumed, cancelled, or requested twice.

use fastrand::Rng;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Merchant, eventually, order_body};

/// How many rows each has.
const ROWS: u64 = 4;

/// One batch per this many interleavings.
const EACH: u64 = 8;

/// A batch that was accepted.
#[derive(Debug)]
pub(super) struct Batch {
    path: String,
    is_sent: bool,
    is_cancelled: bool,
    /// The numbers that its rows text.
    phones: Vec<String>,
}

/// Has them made, one after the other.
pub(super) async fn are_made(app: &App, seed: u64, interleavings: u64) -> Vec<Batch> {
    let (mut rng, merchant) = (Rng::with_seed(seed ^ ROWS), app.merchant());
    let mut made = Vec::new();
    for number in 0..interleavings.div_ceil(EACH) {
        made.push(is_asked_for(&merchant, &mut rng, number).await);
    }
    made
}

async fn is_asked_for(merchant: &Merchant, rng: &mut Rng, number: u64) -> Batch {
    let phones: Vec<String> = (0..ROWS).map(|row| format!("+1202559{:04}", number * ROWS + row)).collect();
    for phone in &phones {
        merchant.http.hush().private(phone);
    }
    let row = |(row, phone): (usize, &String)| {
        let mut order = order_body(&format!("IB{number}-{row}"), phone);
        order["key"] = format!("IB{number}-{row}").into();
        order
    };
    let rows: Vec<Value> = phones.iter().enumerate().map(row).collect();
    let is_sent = rng.bool();
    let batch = asks(merchant, "/v1/batches", &json!({"rows": rows, "send": is_sent})).await;
    let path = format!("/v1/batches/{}", batch["id"].as_str().unwrap());
    let acts: &[&str] = match rng.u8(..4) {
        0 => &["start", "pause", "resume"],
        1 => &["start", "cancel"],
        2 => &["start", "start"],
        _ => &["start"],
    };
    for act in acts {
        asks(merchant, &format!("{path}/{act}"), &json!({})).await;
    }
    // It may be done before it is paused; then it is neither paused nor resumed.
    Batch { path, is_sent, is_cancelled: acts.contains(&"cancel"), phones }
}

/// Whether the link came to be open: a scheduler that looks around days ahead has the upload of one that is being made
/// cleared away.
async fn is_made(app: &App, link: &str) -> bool {
    let is_open = eventually(&format!("{link} is made, or not"), async || {
        let seen = app.merchant().link(link).await;
        let is_open = seen["status"] == "unpaid";
        (is_open || seen["status"] == "failed").then_some(is_open)
    })
    .await;
    let there = app.sandbox().links_for(link).await;
    let counts = u64::from(is_open);
    assert_eq!((there.total, there.live), (counts, counts), "{link} is {}", if is_open { "open" } else { "failed" });
    is_open
}

async fn asks(merchant: &Merchant, path: &str, body: &Value) -> Value {
    let answer = merchant.http.insists(|| merchant.http.request(Method::POST, path).json(body)).await;
    assert!([202, 409].contains(&answer.status), "{path} was answered {}", answer.text());
    answer.json()
}

/// Each row was done once, or, of a batch that was cancelled, not to its end: one order, one link, and one text where
/// it was to be sent.
pub(super) async fn are_done(app: &App, batches: &[Batch]) {
    let merchant = app.merchant();
    for Batch { path, is_sent, is_cancelled, phones } in batches {
        eventually(&format!("{path} is over"), async || {
            let seen = merchant.http.get(path).await.with_status(200).json();
            ["done", "cancelled"].iter().any(|end| seen["status"] == *end).then_some(())
        })
        .await;
        let rows = merchant.http.whole_list(&format!("{path}/rows"), 100).await;
        assert_eq!(rows.len(), phones.len(), "{path}");
        for (row, phone) in rows.iter().zip(phones) {
            let is_done = row["status"] == "done";
            assert!(is_done || (*is_cancelled && row["status"] == "cancelled"), "{path}: {row}");
            let orders = merchant.http.whole_list(&format!("/v1/orders?q={}", phone.trim_start_matches('+')), 10).await;
            // Its order is there as soon as the row names it; of a batch that was cancelled then, its link is not.
            assert_eq!(orders.len(), usize::from(row["order_id"].is_string()), "{path}: {row}");
            assert!(is_done || row["link_id"].is_null(), "{path}: {row}");
            let is_open = is_done && is_made(app, row["link_id"].as_str().unwrap()).await;
            let texts = usize::from(is_open && *is_sent);
            eventually(&format!("{path}: {row} has {texts} texts"), async || {
                let there = app.sandbox().texts_to(phone).await.len();
                assert!(there <= texts, "{path}: {row} was sent {there} times");
                (there == texts).then_some(())
            })
            .await;
        }
    }
}
