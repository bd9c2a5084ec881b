//! Batches of orders: checked first, then carried out, each row once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Merchant, eventually, on_both_databases, order_body};

on_both_databases!(killed: a_row_happens_once_whatever_dies,);

on_both_databases!(
    each_row_is_looked_at_before_anything_is_done,
    a_batch_makes_and_sends_each_row_once,
    a_csv_is_read_as_spreadsheets_write_it,
    an_amount_with_a_sign_is_of_the_currency_that_it_fits,
    a_cancelled_batch_does_no_more,
    a_paused_batch_goes_on_once_it_is_resumed,
    a_row_is_not_sent_by_another_template_than_the_merchants,
);

fn row(key: &str, number: &str, phone: &str) -> Value {
    let mut row = order_body(number, phone);
    row["key"] = key.into();
    row
}

async fn checks(merchant: &Merchant, rows: Vec<Value>, send: bool) -> Value {
    merchant.http.post("/v1/batches", &json!({"rows": rows, "send": send})).await.with_status(202).json()
}

fn path(batch: &Value) -> String {
    format!("/v1/batches/{}", batch["id"].as_str().unwrap())
}

async fn rows(merchant: &Merchant, batch: &Value) -> Vec<Value> {
    merchant.http.whole_list(&format!("{}/rows", path(batch)), 100).await
}

async fn starts(merchant: &Merchant, batch: &Value) {
    let started = merchant.http.post(&format!("{}/start", path(batch)), &json!({})).await.with_status(202).json();
    assert_eq!(started["status"], "running");
}

async fn sees_done(merchant: &Merchant, batch: &Value) -> Value {
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

async fn a_csv_is_read_as_spreadsheets_write_it(app: &mut App) {
    let merchant = app.merchant();
    let text = "\u{feff}key;number;customer_name;customer_phone;customer_language;amount;currency\r\n\
        r1;D-1;Ada Lovelace;+12025572001;;129.50;usd\r\n\
        r2;D-2;\"Lovelace; Ada\";2025572002;de;12;usd\r\n\
        r3;D-3;;+12025572003;;12;usd\r\n";
    let sends = |text: &'static str| {
        let request = merchant.http.request(Method::POST, "/v1/batches?send=true");
        merchant.http.ask(request.header("content-type", "text/csv").body(text))
    };
    let batch = sends(text).await.with_status(202).json();
    assert_eq!((&batch["ready"], &batch["refused"], &batch["send"]), (&json!(2), &json!(1), &json!(true)), "{batch}");
    sends("key;price\r\n1;2\r\n").await.problem(422, "unknown_field");
    sends("key;number\r\n").await.problem(422, "invalid_input");

    // As a program of the trade exports it: its own headings, Windows-1252, decimal commas, a column that says nothing
    // here.
    let export = b"Belegnr;Kunde;Mobil;Betrag;W\xe4hrung;Kundennr;Datum;F\xe4llig;Sachbearbeiter\r\n\
        D-10;M\xfcller & S\xf6hne;2025572010;5.962,32;usd;K10;02.11.2026;11/30/2026 00:00;xy\r\n\
        D-11;Gr\xfcner Baum;2025572010;12,50 EUR;;K11;;;xy\r\n\
        D-12;Gasthof;2025572012;1,129;usd;K12;;;xy\r\n\
        D-13;Wirtshaus;2025572013;1;usd;K13;;;xy;129.00\r\n\
        D-14;Krone;2025572014;12.50;usd;K14;2.11.;;xy\r\n\
        D-15;Adler;2025572015;12.50;usd;K15;2.11.2026;1.11.2026;xy\r\n\
        D-16;L\x0bwe;2025572016;12.50;usd;K16\x1f;;;xy\r\n";
    let columns = "number,customer_name,customer_phone,amount,currency,metadata.customer,invoice_date,due_date,";
    let address = format!("/v1/batches?send=true&name=Offene%20Posten.csv&columns={columns}");
    let request =
        merchant.http.request(Method::POST, &address).header("content-type", "text/csv").body(export.to_vec());
    let batch = merchant.http.ask(request).await.with_status(202).json();
    let totals = json!([{"currency": "eur", "amount": "12.50"}, {"currency": "usd", "amount": "5962.32"}]);
    assert_eq!(
        (&batch["name"], &batch["ready"], &batch["totals"]),
        (&json!("Offene Posten.csv"), &json!(2), &totals),
        "{batch}"
    );
    let found = rows(&merchant, &batch).await;
    let read = |row: &Value| {
        ["key", "order_number", "customer_name", "customer_phone", "amount"].map(|name| row[name].clone())
    };
    assert_eq!(read(&found[0]), ["D-10", "D-10", "Müller & Söhne", "+12025572010", "5962.32"].map(Value::from));
    assert_eq!((&found[1]["status"], &found[1]["problem"]), (&json!("ready"), &json!("same_phone")), "{batch}");
    assert_eq!(
        (&found[2]["status"], &found[2]["order_number"]),
        (&json!("refused"), &json!("D-12")),
        "an amount that could be two"
    );
    let refused = merchant.http.whole_list(&format!("{}/rows?status=refused", path(&batch)), 100).await;
    assert_eq!(refused, found[2..], "and a row of more cells than columns, of which none is an amount to be asked for");
    assert_eq!(found[3]["detail"], "has more cells than there are columns");
    assert_eq!(found[4]["detail"], "invoice_date is not a date such as 2026-12-31");
    assert_eq!(found[5]["detail"], "due_date must not be before the date of the invoice");
    assert_eq!(found[6]["detail"], "customer.name must not contain control characters", "and the others are ready");
    assert_eq!(found[6]["read"]["customer_name"], "L we");
    merchant.http.post(&format!("{}/start", path(&batch)), &json!({})).await.with_status(202);
    sees_done(&merchant, &batch).await;
    let done = rows(&merchant, &batch).await;
    assert_eq!(read(&done[0]), read(&found[0]), "what was read is told of what was made");
    let order = merchant.http.get(&format!("/v1/orders/{}", done[0]["order_id"].as_str().unwrap())).await.json();
    assert_eq!(order["metadata"], json!({"customer": "K10"}));
    assert_eq!((&order["invoice_date"], &order["due_date"]), (&json!("2026-11-02"), &json!("2026-11-30")));
}

async fn an_amount_with_a_sign_is_of_the_currency_that_it_fits(app: &mut App) {
    let merchant = app.merchant();
    let currency = json!({"currency": "usd"});
    let patch = merchant.http.request(Method::PATCH, "/v1/merchant").json(&currency);
    merchant.http.ask(patch).await.with_status(200);
    let sheet = "number,customer_name,customer_phone,amount,currency\r\n\
        S-1,Ada,+12025578001,$48.50,\r\n\
        S-2,Ada,+12025578002,\"$1,120.00\",usd\r\n\
        S-3,Ada,+12025578003,CA$10,CAD\r\n\
        S-4,Ada,+12025578004,10,€\r\n\
        S-5,Ada,+12025578005,$10,eur\r\n\
        S-6,Ada,+12025578006,¥1000,\r\n\
        S-7,Ada,+12025578007,10 EUR,chf\r\n\
        S-8,Ada,+12025578008,-10.00,\r\n\
        S-9,Ada,+12025578009,\"1,234\",\r\n\
        S-2,Ada,+12025578010,5,\r\n";
    let request = merchant.http.request(Method::POST, "/v1/batches").header("content-type", "text/csv").body(sheet);
    let batch = merchant.http.ask(request).await.with_status(202).json();
    let found = rows(&merchant, &batch).await;
    let read: Vec<(&str, &str)> = found[..4]
        .iter()
        .map(|row| (row["amount"].as_str().unwrap_or_default(), row["currency"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(read, [("48.50", "usd"), ("1120.00", "usd"), ("10.00", "cad"), ("10.00", "eur")], "{found:?}");
    let told: Vec<&str> = found[4..].iter().map(|row| row["detail"].as_str().unwrap_or_default()).collect();
    let expected = [
        "amount is in $, and the currency is EUR",
        "amount is in ¥, and the currency is USD",
        "amount is in EUR, and the currency is CHF",
        "amount is less than zero: a credit note cannot be paid by a link",
        "amount could be two amounts: write it without separators of thousands, such as 1234 or 1234.00",
        "Row 2 has the same order number.",
    ];
    assert_eq!(told, expected, "{found:?}");
    assert_eq!(found[9]["problem"], "duplicate_number", "the row gave no key");
    let read = json!({"customer_name": "Ada", "customer_phone": "+12025578009", "amount": "1,234"});
    assert_eq!((&found[8]["read"], &found[0]["read"]), (&read, &Value::Null), "{found:?}");
    // It goes with the buyer.
    merchant.http.post("/v1/orders", &order_body("S-20", "+12025578009")).await.with_status(201);
    let erase = merchant.http.request(Method::DELETE, "/v1/buyers/+12025578009");
    merchant.http.ask(erase).await.with_status(202);
    assert_eq!(rows(&merchant, &batch).await[8]["read"], Value::Null);
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
