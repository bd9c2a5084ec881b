//! Batches as CSV, as spreadsheets and other programs write it.

use reqwest::Method;
use serde_json::{Value, json};

use super::batches::{path, rows, sees_done};
use crate::support::{App, on_both_databases, order_body};

on_both_databases!(a_csv_is_read_as_spreadsheets_write_it, an_amount_with_a_sign_is_of_the_currency_that_it_fits,);

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
