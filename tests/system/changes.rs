//! The feed of changes: everything that changed, in order, without gaps, so that a reader can keep a copy.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::support::{App, Merchant, Mirror, eventually, on_both_databases};

on_both_databases!(
    everything_that_happens_is_numbered_and_told_in_order,
    a_copy_is_right_without_ever_reading_a_list,
    whoever_waits_is_woken_by_what_changes,
    a_number_that_the_feed_does_not_know_is_refused,
    what_was_erased_is_nowhere_in_the_feed,
    a_merchant_reads_nothing_of_anothers,
    live_updates_carry_the_same_numbers,
    what_a_process_that_died_has_left_is_numbered_by_the_scheduler,
);

async fn page(merchant: &Merchant, query: &str) -> Value {
    merchant.http.get(&format!("/v1/changes{query}")).await.with_status(200).json()
}

async fn last_seq(merchant: &Merchant) -> i64 {
    page(merchant, "?limit=1").await["last_seq"].as_i64().unwrap()
}

/// The types after a number, of this resource only.
async fn types(merchant: &Merchant, after: i64, id: &str) -> Vec<String> {
    let page = page(merchant, &format!("?after={after}&limit=500")).await;
    let items = page["items"].as_array().unwrap().iter();
    items.filter(|item| item["resource"]["id"] == id).map(|item| item["type"].as_str().unwrap().to_owned()).collect()
}

async fn everything_that_happens_is_numbered_and_told_in_order(app: &mut App) {
    let (merchant, after) = (app.merchant(), last_seq(&app.merchant()).await);
    let order = merchant.opens_an_order("C-1").await;
    // A caller who reads at once finds their own change.
    assert_eq!(types(&merchant, after, &order.id).await, ["order.created"]);
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    app.buyer().pays(&link).await;
    merchant.sees(&link.id, "paid").await;

    let has = async |id: &str, wanted: &str| {
        eventually(wanted, async || types(&merchant, after, id).await.iter().any(|kind| kind == wanted).then_some(()))
            .await;
    };
    has(&link.id, "link.paid").await;
    has(&message, "message.delivered").await;
    let of_link = types(&merchant, after, &link.id).await;
    let place =
        |kind: &str| of_link.iter().position(|told| told == kind).unwrap_or_else(|| panic!("{kind}: {of_link:?}"));
    assert!(place("link.created") < place("link.unpaid") && place("link.unpaid") < place("link.paid"), "{of_link:?}");
    assert_eq!(of_link.iter().filter(|kind| *kind == "link.paid").count(), 1, "{of_link:?}");

    let told = page(&merchant, &format!("?after={after}&limit=500")).await;
    let numbers: Vec<i64> =
        told["items"].as_array().unwrap().iter().map(|item| item["seq"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (after + 1..=told["last_seq"].as_i64().unwrap()).collect::<Vec<_>>());
    let paid = told["items"].as_array().unwrap().iter().find(|item| item["type"] == "link.paid").unwrap();
    assert_eq!(paid["resource"], merchant.link(&link.id).await, "the resource is told as its own call tells it");
    assert!(
        told["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|item| item["type"] == "credits.updated" && item["resource"]["available"].is_i64())
    );
}

async fn a_copy_is_right_without_ever_reading_a_list(app: &mut App) {
    let merchant = app.merchant();
    let mut mirror = Mirror::new(&merchant.http);
    for number in 0..4 {
        let order = merchant.opens_an_order(&format!("C-2{number}")).await;
        let link = merchant.makes_a_link(&order).await;
        mirror.reads_on(0).await;
        let message = merchant.sends(&link).await;
        merchant.sees_message(&message, "delivered").await;
        match number {
            0 => {
                app.buyer().pays(&link).await;
                merchant.sees(&link.id, "paid").await;
            }
            1 => {
                merchant.voids(&link).await.with_status(202);
                merchant.sees(&link.id, "voided").await;
            }
            _ => {}
        }
        mirror.reads_on(0).await;
    }
    app.sandbox().has_told_everything().await;
    mirror.is_perfect().await;
    for wanted in ["order.created", "link.voided", "link.paid", "message.delivered"] {
        assert!(mirror.types.iter().any(|told| told == wanted), "{wanted}: {:?}", mirror.types);
    }
}

async fn whoever_waits_is_woken_by_what_changes(app: &mut App) {
    let merchant = app.merchant();
    let after = last_seq(&merchant).await;
    let began = Instant::now();
    let quiet = page(&merchant, &format!("?after={after}&wait=1")).await;
    assert_eq!((quiet["items"].as_array().unwrap().len(), &quiet["last_seq"]), (0, &after.into()));
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());

    let waiting = tokio::spawn({
        let merchant = merchant.clone();
        async move { page(&merchant, &format!("?after={after}&wait=8")).await }
    });
    let order = merchant.opens_an_order("C-3").await;
    let woken = waiting.await.unwrap();
    assert_eq!(woken["items"][0]["resource"]["id"], order.id);
}

async fn a_number_that_the_feed_does_not_know_is_refused(app: &mut App) {
    let merchant = app.merchant();
    let last = last_seq(&merchant).await;
    let refused = merchant.http.get(&format!("/v1/changes?after={}", last + 1)).await.with_status(422).json();
    assert_eq!(refused["errors"][0]["field"], "after");
    for query in ["?after=-1", "?limit=0", "?limit=501", "?wait=9", "?wait=-1", "?after=x"] {
        let status = merchant.http.get(&format!("/v1/changes{query}")).await.status;
        assert!(status == 400 || status == 422, "{query}: {status}");
    }
    // Thirty days later.
    merchant.opens_an_order("C-4").await;
    let last = last_seq(&merchant).await;
    app.changes_rows(&format!("DELETE FROM change_set WHERE last_seq < {last}")).await;
    merchant.http.get("/v1/changes?after=0").await.problem(410, "changes_expired");
    merchant.http.get(&format!("/v1/changes?after={}", last - 2)).await.problem(410, "changes_expired");
    for query in [String::new(), format!("?after={}", last - 1)] {
        let oldest = page(&merchant, &query).await;
        assert_eq!(oldest["items"][0]["seq"], last, "{query}");
    }
    app.changes_rows("DELETE FROM change_set").await;
    merchant.http.get(&format!("/v1/changes?after={}", last - 1)).await.problem(410, "changes_expired");
    for query in [String::new(), format!("?after={last}")] {
        let none = page(&merchant, &query).await;
        assert_eq!((&none["items"], &none["last_seq"]), (&json!([]), &last.into()), "{query}");
    }
}

async fn what_was_erased_is_nowhere_in_the_feed(app: &mut App) {
    let merchant = app.merchant();
    let mut mirror = Mirror::new(&merchant.http);
    let order = merchant.opens_an_order("C-5").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    merchant.voids(&link).await;
    merchant.sees(&link.id, "voided").await;
    let path = format!("/v1/buyers/{}", order.phone);
    merchant.http.ask(merchant.http.request(reqwest::Method::DELETE, &path)).await;
    let is_purged = async || merchant.link(&link.id).await["purged_at"].is_string().then_some(());
    eventually("it is erased", is_purged).await;
    mirror.is_perfect().await;
    let told = merchant.http.get("/v1/changes?limit=500").await.text();
    assert!(!told.contains(&order.phone), "{told}");
}

async fn a_merchant_reads_nothing_of_anothers(app: &mut App) {
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    app.merchant().opens_an_order("C-6").await;
    let before = page(&stranger, "").await;
    assert!(before["items"].as_array().unwrap().iter().all(|item| item["type"] == "credits.updated"), "{before}");
    let last = before["last_seq"].as_i64().unwrap();
    let own = stranger.opens_an_order("C-7").await;
    let told = page(&stranger, &format!("?after={last}")).await;
    assert_eq!((&told["last_seq"], &told["items"][0]["resource"]["id"]), (&(last + 1).into(), &own.id.into()));
}

async fn live_updates_carry_the_same_numbers(app: &mut App) {
    let merchant = app.merchant();
    let mut events = merchant.http.request(reqwest::Method::GET, "/v1/events").send().await.unwrap();
    let mut heard = String::new();
    let mut hears = async |wanted: &str| {
        while !heard.contains(wanted) {
            let chunk = tokio::time::timeout(Duration::from_mins(1), events.chunk()).await.unwrap().unwrap().unwrap();
            heard.push_str(core::str::from_utf8(&chunk).unwrap());
        }
    };
    // The stream begins with its position.
    hears("id:").await;
    let order = merchant.opens_an_order("C-8").await;
    let seq = last_seq(&merchant).await;
    hears(&format!(r#""seq":{seq},"type":"order.created""#)).await;
    hears(&order.id).await;
}

async fn what_a_process_that_died_has_left_is_numbered_by_the_scheduler(app: &mut App) {
    let merchant = app.merchant();
    let last = last_seq(&merchant).await;
    let of_another = "SELECT merchant_id, 1, at, 'credits.updated 01900000000070008000000000000000' FROM change_set ORDER BY id LIMIT 1";
    app.changes_rows(&format!("INSERT INTO change_set (merchant_id, count, at, changes) {of_another}")).await;
    let db = app.database().await;
    let left = Statement::from_string(db.get_database_backend(), "SELECT 1 FROM change_set WHERE last_seq IS NULL");
    eventually("the tick has come to it", async || {
        db.query_one_raw(left.clone()).await.unwrap().is_none().then_some(())
    })
    .await;
    assert_eq!(last_seq(&merchant).await, last + 1);
}
