//! Batches of orders: checked first, then carried out, each row once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Merchant, eventually, on_both_databases, order_body};

on_both_databases!(killed: a_row_happens_once_whatever_dies,);

on_both_databases!(
    each_row_is_looked_at_before_anything_is_done,
    a_batch_makes_and_sends_each_row_once,
    a_cancelled_batch_does_no_more,
    a_paused_batch_goes_on_once_it_is_resumed,
    a_row_is_not_sent_by_another_template_than_the_merchants,
    a_batch_goes_on_after_rows_that_another_job_had_under_way,
);

fn row(key: &str, number: &str, phone: &str) -> Value {
    let mut row = order_body(number, phone);
    row["key"] = key.into();
    row
}

async fn checks(merchant: &Merchant, rows: Vec<Value>, send: bool) -> Value {
    merchant.http.post("/v1/batches", &json!({"rows": rows, "send": send})).await.with_status(202).json()
}

pub(crate) fn path(batch: &Value) -> String {
    format!("/v1/batches/{}", batch["id"].as_str().unwrap())
}

pub(crate) async fn rows(merchant: &Merchant, batch: &Value) -> Vec<Value> {
    merchant.http.whole_list(&format!("{}/rows", path(batch)), 100).await
}

async fn starts(merchant: &Merchant, batch: &Value) {
    let started = merchant.http.post(&format!("{}/start", path(batch)), &json!({})).await.with_status(202).json();
    assert_eq!(started["status"], "running");
}

pub(crate) async fn sees_done(merchant: &Merchant, batch: &Value) -> Value {
    eventually("the batch is done", async || {
        let seen = merchant.http.get(&path(batch)).await.with_status(200).json();
        (seen["status"] == "done").then_some(seen)
    })
    .await
}

async fn each_row_is_looked_at_before_anything_is_done(app: &mut App) {
    let merchant = app.merchant();
    merchant.opens_an_order("B-1").await;
    let opted_out = json!({"phone": "+12025570001", "reason": "said so"});
    merchant.http.post("/v1/opt-outs", &opted_out).await.with_status(201);
    let mut unknown = row("f", "B-8", "+12025570008");
    unknown["colour"] = "red".into();
    let mut cheap = row("g", "B-9", "+12025570009");
    cheap["amount"] = "0.01".into();
    let sent = vec![
        row("a", "B-2", "+12025570002"),
        row("a", "B-3", "+12025570003"),
        row("b", "B-2", "+12025570004"),
        row("c", "B-1", "+12025570005"),
        row("d", "B-6", "not a number"),
        row("e", "B-7", "+12025570001"),
        unknown,
        cheap,
        json!(7),
    ];
    let batch = checks(&merchant, sent, true).await;
    let counts = ["rows", "ready", "refused", "done", "credits"].map(|name| batch[name].as_i64().unwrap());
    assert_eq!((&batch["status"], counts), (&json!("ready"), [9, 2, 7, 0, 1]), "{batch}");
    let found: Vec<(String, String)> = rows(&merchant, &batch)
        .await
        .iter()
        .map(|row| [&row["status"], &row["problem"]].map(|it| it.as_str().unwrap_or_default().to_owned()).into())
        .collect();
    let expected = [
        ("ready", ""),
        ("refused", "duplicate_key"),
        ("refused", "duplicate_number"),
        ("refused", "order_exists"),
        ("refused", "invalid_input"),
        ("ready", "opted_out"),
        ("refused", "unknown_field"),
        ("refused", "does_not_add_up"),
        ("refused", "malformed_request"),
    ];
    assert_eq!(found, expected.map(|(status, problem)| (status.to_owned(), problem.to_owned())));
    let told = rows(&merchant, &batch).await[4]["detail"].as_str().unwrap().to_owned();
    assert!(told.contains("customer.phone") && !told.contains("rows["), "{told}");
    // Nothing was done, and nothing is held.
    assert_eq!(merchant.http.whole_list("/v1/orders", 50).await.len(), 2);
    assert_eq!(merchant.credits().await, (100, 0));
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    stranger.http.get(&path(&batch)).await.problem(404, "not_found");
    stranger.http.post(&format!("{}/start", path(&batch)), &json!({})).await.problem(404, "not_found");

    merchant.http.post("/v1/batches", &json!({"rows": []})).await.problem(422, "invalid_input");
    let odd = json!({"rows": [row("z", "B-20", "+12025570020")], "colour": "red"});
    merchant.http.post("/v1/batches", &odd).await.problem(422, "unknown_field");
    let named = json!({"rows": [row("z", "B-20", "+12025570020")]});
    merchant.http.post("/v1/batches?columns=number", &named).await.problem(422, "invalid_input");
    let many: Vec<Value> = (0..1001).map(|_| json!({"key": "x"})).collect();
    merchant.http.post("/v1/batches", &json!({"rows": many})).await.problem(422, "invalid_input");
}

async fn a_batch_makes_and_sends_each_row_once(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let sent: Vec<Value> =
        (0..30).map(|n| row(&format!("k{n}"), &format!("C-{n}"), &format!("+12025571{n:03}"))).collect();
    let batch = checks(&merchant, sent.clone(), true).await;
    let again = checks(&merchant, sent.clone(), true).await;
    assert_eq!(again["ready"], 30, "the first is not begun yet");
    starts(&merchant, &batch).await;
    starts(&merchant, &again).await;
    let (first, second) = (sees_done(&merchant, &batch).await, sees_done(&merchant, &again).await);
    let done = first["done"].as_i64().unwrap() + second["done"].as_i64().unwrap();
    let failed = first["failed"].as_i64().unwrap() + second["failed"].as_i64().unwrap();
    assert_eq!((done, failed), (30, 30), "{first} {second}");
    assert_eq!(merchant.http.whole_list("/v1/payment-links", 50).await.len(), 30);

    // The log can be read without the rows, or for those of one batch.
    let logged = async |query: &str| merchant.http.whole_list(&format!("/v1/audit-log?{query}"), 100).await;
    let of_first = logged(&format!("batch_id={}", batch["id"].as_str().unwrap())).await;
    assert_eq!(of_first.len(), 2 * usize::try_from(first["done"].as_i64().unwrap()).unwrap(), "orders and links");
    assert!(of_first.iter().all(|entry| entry["batch_id"] == batch["id"]), "{of_first:?}");
    let folded = logged("folded=true").await;
    assert!(folded.iter().all(|entry| entry["batch_id"].is_null()), "{folded:?}");
    assert_eq!(folded.iter().filter(|entry| entry["action"] == "batch.start").count(), 2);
    assert!(folded.iter().all(|entry| entry["action"] != "link.create"), "{folded:?}");

    // A third one does nothing, and says so.
    let third = checks(&merchant, sent, true).await;
    assert_eq!((&third["ready"], &third["refused"]), (&json!(0), &json!(30)));
    assert!(
        rows(&merchant, &third).await.iter().all(|row| row["problem"] == "done_before" && row["order_id"].is_string())
    );

    for link in merchant.http.whole_list("/v1/payment-links", 50).await {
        merchant.has_the_link(link["id"].as_str().unwrap()).await;
    }
    app.passes(chrono::Utc::now());
    eventually("all is sent", async || (merchant.credits().await == (70, 0)).then_some(())).await;
    for n in 0..30 {
        assert_eq!(sandbox.texts_to(&format!("+12025571{n:03}")).await.len(), 1);
    }
    let results = merchant.http.request(Method::GET, &format!("{}/rows", path(&batch))).header("accept", "text/csv");
    let results = merchant.http.ask(results).await.with_status(200).text();
    assert!(results.starts_with("number,key,status,problem") && results.lines().count() == 31, "{results}");
    assert!(results.contains(",Example Buyer,129.50,usd"), "{results}");
}

async fn a_cancelled_batch_does_no_more(app: &mut App) {
    let merchant = app.merchant();
    let batch = checks(&merchant, vec![row("x", "E-1", "+12025573001")], false).await;
    let cancel = format!("{}/cancel", path(&batch));
    let cancelled = merchant.http.post(&cancel, &json!({})).await.with_status(202).json();
    assert_eq!((&cancelled["status"], &cancelled["cancelled"]), (&json!("cancelled"), &json!(1)));
    merchant.http.post(&cancel, &json!({})).await.with_status(202);
    merchant.http.post(&format!("{}/start", path(&batch)), &json!({})).await.problem(409, "batch_cancelled");
    assert!(merchant.http.whole_list("/v1/orders", 50).await.iter().all(|order| order["number"] != "E-1"));
}

async fn a_paused_batch_goes_on_once_it_is_resumed(app: &mut App) {
    let merchant = app.merchant();
    let sent: Vec<Value> =
        (0..60).map(|n| row(&format!("p{n}"), &format!("P-{n}"), &format!("+12025576{n:03}"))).collect();
    let batch = checks(&merchant, sent, false).await;
    let act = async |what: &str| merchant.http.post(&format!("{}/{what}", path(&batch)), &json!({})).await;
    act("pause").await.problem(409, "batch_not_running");
    act("resume").await.problem(409, "batch_not_paused");
    starts(&merchant, &batch).await;
    let paused = act("pause").await.with_status(202).json();
    assert_eq!(paused["status"], "paused", "{paused}");
    act("pause").await.with_status(202);
    act("start").await.with_status(202);
    let seen = merchant.http.get(&path(&batch)).await.json();
    // A row that was begun before the pause may be done after it; the batch was paused long before all were.
    assert_eq!(seen["status"], "paused", "{seen}");
    assert!(seen["ready"].as_i64().unwrap() > 0, "{seen}");
    for _ in 0..3 {
        // However often, and however short the pauses: each row is one order and one link.
        let resumed = act("resume").await.with_status(202).json();
        assert_eq!(resumed["status"], "running", "{resumed}");
        if act("pause").await.status != 202 {
            break;
        }
    }
    act("resume").await;
    let done = sees_done(&merchant, &batch).await;
    assert_eq!((&done["done"], &done["failed"]), (&json!(60), &json!(0)), "{done}");
    let orders = merchant.http.whole_list("/v1/orders", 100).await;
    assert_eq!(orders.iter().filter(|order| order["number"].as_str().unwrap().starts_with("P-")).count(), 60);
    assert_eq!(merchant.http.whole_list("/v1/payment-links", 100).await.len(), 60);
}

async fn a_row_is_not_sent_by_another_template_than_the_merchants(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let batch = checks(&merchant, vec![row("t", "T-1", "+12025575001")], true).await;
    assert_eq!((&batch["ready"], &batch["credits"]), (&json!(1), &json!(1)), "{batch}");
    app.rows_are_changed("UPDATE merchant SET message_template = 'Pay at {{nowhere'").await;
    starts(&merchant, &batch).await;
    sees_done(&merchant, &batch).await;
    let done = rows(&merchant, &batch).await.remove(0);
    assert_eq!((&done["status"], &done["problem"]), (&json!("done"), &json!("no_text")), "{done}");
    assert!(done["link_id"].is_string() && done["message_id"].is_null(), "{done}");
    merchant.has_the_link(done["link_id"].as_str().unwrap()).await;
    assert_eq!(merchant.credits().await, (100, 0));
    assert!(sandbox.texts_to("+12025575001").await.is_empty());
}

/// A job that finds its rows under way elsewhere leaves them, and so do those after it, which come upon the same rows.
async fn a_batch_goes_on_after_rows_that_another_job_had_under_way(app: &mut App) {
    let merchant = app.merchant();
    let batch = checks(&merchant, vec![row("u", "U-1", "+12025578001")], false).await;
    let id = batch["id"].as_str().unwrap();
    for (number, with_ids_of) in [(0, "merchant"), (1, "batch")] {
        app.rows_are_changed(&format!(
            "INSERT INTO job (id, kind, dedup_key, payload, state, run_at, created_at, finished_at) \
             SELECT id, 'run_batch', '{id}:{number}-{number}', '{{}}', 'done', created_at, created_at, created_at FROM {with_ids_of}"
        ))
        .await;
    }
    starts(&merchant, &batch).await;
    assert_eq!(sees_done(&merchant, &batch).await["done"], 1);
}

async fn a_row_happens_once_whatever_dies(app: &mut App) {
    let merchant = app.merchant();
    let sent: Vec<Value> =
        (0..40).map(|n| row(&format!("d{n}"), &format!("F-{n}"), &format!("+12025574{n:03}"))).collect();
    let batch = checks(&merchant, sent, false).await;
    starts(&merchant, &batch).await;
    for _ in 0..3 {
        let before = merchant.http.get(&path(&batch)).await.json()["done"].as_i64().unwrap();
        eventually("some are done", async || {
            let seen = merchant.http.get(&path(&batch)).await.json();
            (seen["done"].as_i64().unwrap() > before || seen["status"] == "done").then_some(())
        })
        .await;
        app.is_killed_and_started_again().await;
    }
    let done = sees_done(&merchant, &batch).await;
    assert_eq!((&done["done"], &done["failed"]), (&json!(40), &json!(0)), "{done}");
    let orders = merchant.http.whole_list("/v1/orders", 100).await;
    assert_eq!(orders.iter().filter(|order| order["number"].as_str().unwrap().starts_with("F-")).count(), 40);
    assert_eq!(merchant.http.whole_list("/v1/payment-links", 100).await.len(), 40);
}
