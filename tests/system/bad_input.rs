//! Bad input gets a clear problem with a code and the field, and leaves nothing half-done.

use reqwest::{Method, RequestBuilder, multipart::Form};
use serde_json::{Value, json};

use crate::support::{App, INVOICE, Invoice, Merchant, Order, on_both_databases, order_body};

on_both_databases!(
    a_bad_form_gets_a_problem_and_leaves_nothing,
    a_bad_order_gets_a_problem_and_leaves_nothing,
    a_file_that_is_no_usable_pdf_fails_the_link_and_leaves_nothing,
    an_order_has_one_open_link,
    a_field_that_is_sent_twice_is_refused,
    an_order_has_no_more_text_than_its_page_takes,
);

const ENCRYPTED: &[u8] = include_bytes!("../fixtures/encrypted.pdf");
const OWNER_RESTRICTED: &[u8] = include_bytes!("../fixtures/owner-restricted.pdf");

/// The request, and the expected status, code and field.
type Bad<'a> = (Invoice<'a>, u16, &'a str, &'a str);

fn the_field(problem: &Value) -> &str {
    problem["errors"][0]["field"].as_str().unwrap_or_default()
}

async fn nothing_is_left(app: &App, merchant: &Merchant, order: &Order) {
    let seen = merchant.http.get(&format!("/v1/orders/{}", order.id)).await.with_status(200).json();
    assert_eq!((&seen["links"], &seen["tag"]), (&json!([]), &"none".into()), "{seen}");
    assert_eq!(app.documents(), [] as [&str; 0]);
    assert_eq!(app.operator().jobs_of_people("queued").await, [] as [Value; 0]);
    assert_eq!(app.sandbox().knows("counts").await["payment_links"]["total"].as_u64().unwrap_or_default(), 0);
}

async fn a_bad_form_gets_a_problem_and_leaves_nothing(app: &mut App) {
    let merchant = app.merchant();
    let order = app.order();
    let eleven_mib = [INVOICE, &vec![b' '; 11 * 1024 * 1024]].concat();
    let (late, past) = (day(92), day(-2));
    let with_pdf = |pdf| Invoice { pdf: Some(pdf), ..Invoice::default() };
    let with_amount = |amount| Invoice { pdf: Some(INVOICE), amount: Some(amount), ..Invoice::default() };
    let with_currency = |currency| Invoice { amount: Some("20.00"), currency: Some(currency), ..Invoice::default() };
    let with_day = |day| Invoice { expires_on: Some(day), ..Invoice::default() };
    let with_number = |number| Invoice { number: Some(number), ..Invoice::default() };
    let long = "9".repeat(65);
    let table: [Bad<'_>; 20] = [
        (with_pdf(b"This is no PDF."), 422, "not_a_pdf", "invoice"),
        (with_pdf(b"%PD"), 422, "not_a_pdf", "invoice"),
        (with_pdf(b""), 422, "empty_file", "invoice"),
        (with_pdf(&eleven_mib), 413, "file_too_large", "invoice"),
        (with_amount("12.345"), 422, "invalid_input", "amount"),
        (with_amount("-1"), 422, "invalid_input", "amount"),
        (with_amount("1e3"), 422, "invalid_input", "amount"),
        (with_amount("0"), 422, "invalid_input", "amount"),
        (with_amount("0.49"), 422, "invalid_input", "amount"),
        (with_amount("1000000.00"), 422, "invalid_input", "amount"),
        (with_amount("99999999999999999999"), 422, "invalid_input", "amount"),
        (with_amount("twelve"), 422, "invalid_input", "amount"),
        (with_currency("xyz"), 422, "invalid_input", "currency"),
        (with_currency("kwd"), 422, "invalid_input", "currency"),
        (Invoice { currency: Some("eur"), ..Invoice::default() }, 422, "invalid_input", "amount"),
        (with_day(&late), 422, "invalid_input", "expires_on"),
        (with_day(&past), 422, "invalid_input", "expires_on"),
        (with_day("tomorrow"), 422, "invalid_input", "expires_on"),
        (with_number(" "), 422, "invalid_input", "invoice_number"),
        (with_number(&long), 422, "invalid_input", "invoice_number"),
    ];
    for (invoice, status, code, field) in table {
        let problem = merchant.asks_for_a_link(&order, &invoice).await.problem(status, code);
        assert_eq!(the_field(&problem), field, "{problem}");
    }

    // All errors are reported at once.
    let all_wrong = Invoice { number: Some(""), amount: Some("x"), expires_on: Some("x"), ..Invoice::default() };
    let problem = merchant.asks_for_a_link(&order, &all_wrong).await.problem(422, "invalid_input");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3, "{problem}");

    for (request, status, code) in unreadable(&merchant, &order) {
        merchant.http.ask(request).await.problem(status, code);
    }
    let unknown = Invoice::default().form().text("colour", "red");
    let path = format!("/v1/orders/{}/payment-links", order.id);
    let request = merchant.http.request(Method::POST, &path).multipart(unknown);
    assert_eq!(the_field(&merchant.http.ask(request).await.problem(422, "unknown_field")), "colour");
    let twice = Invoice::default().form().text("amount", "20.00").text("amount", "30.00");
    let request = merchant.http.request(Method::POST, &path).multipart(twice);
    assert_eq!(the_field(&merchant.http.ask(request).await.problem(422, "invalid_input")), "amount");

    nothing_is_left(app, &merchant, &order).await;
    merchant.makes_a_link(&order).await;
}

/// The day that is so far away.
fn day(days: i64) -> String {
    (chrono::Utc::now() + chrono::TimeDelta::days(days)).format("%Y-%m-%d").to_string()
}

/// Forms that cannot be read at all.
fn unreadable(merchant: &Merchant, order: &Order) -> [(RequestBuilder, u16, &'static str); 4] {
    let path = format!("/v1/orders/{}/payment-links", order.id);
    let post = |content_type: &str, body: Vec<u8>| {
        merchant.http.request(Method::POST, &path).header("Content-Type", content_type).body(body)
    };
    let head = b"--frontier\r\nContent-Disposition: form-data; name=\"invoice\"; filename=\"a.pdf\"\r\n\r\n";
    let truncated = [&head[..], &INVOICE[..9_000]].concat();
    [
        (post("multipart/form-data; boundary=frontier", truncated), 400, "malformed_request"),
        (post("multipart/form-data", b"invoice".to_vec()), 400, "malformed_request"),
        (post("application/json", b"{}".to_vec()), 415, "unsupported_media_type"),
        (post("application/x-www-form-urlencoded", b"amount=1".to_vec()), 415, "unsupported_media_type"),
    ]
}

async fn a_bad_order_gets_a_problem_and_leaves_nothing(app: &mut App) {
    let merchant = app.merchant();
    let phone = "+12025560000";
    let bad = |field: &str, value: Value| {
        let mut body = order_body("8001", phone);
        *body.pointer_mut(field).unwrap() = value;
        body
    };
    let table = [
        (bad("/customer/phone", json!("hello")), "customer.phone"),
        (bad("/customer/phone", json!("+1 202")), "customer.phone"),
        (bad("/customer/phone", json!("")), "customer.phone"),
        (bad("/customer/name", json!(" ")), "customer.name"),
        (bad("/number", json!("")), "number"),
        (bad("/amount", json!("12.345")), "amount"),
        (bad("/amount", json!("-1")), "amount"),
        (bad("/amount", json!("1e3")), "amount"),
        (bad("/amount", json!("0.00")), "amount"),
        (bad("/currency", json!("xyz")), "currency"),
        (bad("/items/0/unit_amount", json!("1.001")), "items[0].unit_amount"),
        (bad("/items/0/quantity", json!(0)), "items[0].quantity"),
        (bad("/shipping", json!("free")), "shipping"),
        (bad("/items/0/description", json!("a\0")), "items[0].description"),
    ];
    for (body, field) in table {
        let problem = merchant.http.post("/v1/orders", &body).await.problem(422, "invalid_input");
        assert_eq!(the_field(&problem), field, "{problem}");
    }

    for (search, field) in [("/v1/orders?q=%00", "q"), ("/v1/payment-links?limit=5&q=a%1Bb", "q")] {
        let problem = merchant.http.get(search).await.problem(422, "invalid_input");
        assert_eq!(the_field(&problem), field, "{problem}");
    }

    let post = |content_type: &str, body: &str| {
        merchant.http.request(Method::POST, "/v1/orders").header("Content-Type", content_type).body(body.to_owned())
    };
    let good = order_body("8001", phone).to_string();
    let broken = &good[..good.len() - 1];
    let untyped = merchant.http.request(Method::POST, "/v1/orders").body(good.clone());
    for (request, status, code) in [
        (post("application/json", broken), 400, "malformed_request"),
        (post("application/json", "[]"), 400, "malformed_request"),
        (post("application/json", &bad("/amount", json!(129.5)).to_string()), 400, "malformed_request"),
        (post("text/plain", &good), 415, "unsupported_media_type"),
        (untyped, 415, "unsupported_media_type"),
    ] {
        merchant.http.ask(request).await.problem(status, code);
    }
    for (request, sentence) in [
        (post("application/json", "[]"), "The body must be an object, not a list"),
        (post("text/plain", &good), "This call takes application/json; the request has text/plain."),
        (
            post("application/json", &good).header("Content-Encoding", "gzip"),
            "The body must not be compressed: send it without `Content-Encoding`.",
        ),
    ] {
        assert_eq!(merchant.http.ask(request).await.json()["detail"], sentence);
    }
    merchant.http.get("/v1/nothing").await.problem(404, "not_found");
    merchant.http.ask(merchant.http.request(Method::DELETE, "/v1/orders")).await.problem(405, "method_not_allowed");
    merchant.http.get("/v1/orders?limit=0").await.problem(422, "invalid_input");
    merchant.http.get("/v1/orders?cursor=x").await.problem(422, "invalid_input");
    merchant.http.get("/v1/orders?tag=x").await.problem(422, "invalid_input");

    assert_eq!(merchant.http.whole_list("/v1/orders", 10).await.len(), 1, "there is more than the demo's order");
}

async fn a_file_that_is_no_usable_pdf_fails_the_link_and_leaves_nothing(app: &mut App) {
    let merchant = app.merchant();
    let order = app.order();
    for unusable in [ENCRYPTED, &INVOICE[..200], b"%PDF-1.7 and nothing else"] {
        let id = merchant.uploads(&order, &Invoice { pdf: Some(unusable), ..Invoice::default() }).await;
        let failed = merchant.sees(&id, "failed").await;
        assert!(failed["failure"].is_string() && failed["url"].is_null(), "{failed}");
        assert_eq!(merchant.tag(&order).await, "none");
    }
    crate::support::eventually("the uploads are gone", async || app.documents().is_empty().then_some(())).await;
    assert_eq!(app.sandbox().knows("counts").await["payment_links"]["total"].as_u64().unwrap_or_default(), 0);

    // One that can be opened and not be changed is an invoice like any other.
    let id = merchant.uploads(&order, &Invoice { pdf: Some(OWNER_RESTRICTED), ..Invoice::default() }).await;
    merchant.has_the_link(&id).await;
}

async fn an_order_has_one_open_link(app: &mut App) {
    let merchant = app.merchant();
    let order = app.order();
    let link = merchant.makes_a_link(&order).await;

    let again = Invoice { pdf: Some(INVOICE), ..Invoice::default() };
    merchant.asks_for_a_link(&order, &again).await.problem(409, "link_open");

    let seen = merchant.http.get(&format!("/v1/orders/{}", order.id)).await.json();
    assert_eq!(seen["links"].as_array().unwrap().len(), 1);
    assert_eq!(seen["links"][0]["id"], link.id.as_str());
    assert_eq!(app.invoices(), 1, "{:?}", app.documents());
}

async fn a_field_that_is_sent_twice_is_refused(app: &mut App) {
    let (merchant, order) = (app.merchant(), app.order());
    let path = format!("/v1/orders/{}/payment-links", order.id);
    for field in ["invoice_number", "amount", "currency", "expires_on"] {
        let form = Form::new().text(field, "1").text(field, "2");
        let request = merchant.http.request(Method::POST, &path).multipart(form);
        let problem = merchant.http.ask(request).await.problem(422, "invalid_input");
        assert_eq!(the_field(&problem), field, "{problem}");
        assert!(problem.to_string().contains("only once"), "{problem}");
    }
    nothing_is_left(app, &merchant, &order).await;
}

async fn an_order_has_no_more_text_than_its_page_takes(app: &mut App) {
    let merchant = app.merchant();
    let of = |items: usize, length: usize| {
        let mut body = order_body("8101", "+12025560101");
        let item = json!({"description": "w".repeat(length), "quantity": 1, "unit_amount": "0.01"});
        body["items"] = json!(vec![item; items]);
        // The total is computed.
        body.as_object_mut().unwrap().remove("amount");
        body
    };
    for too_much in [of(501, 1), of(101, 500)] {
        let problem = merchant.http.post("/v1/orders", &too_much).await.problem(422, "invalid_input");
        assert_eq!(the_field(&problem), "items", "{problem}");
    }
    let order = merchant.http.post("/v1/orders", &of(500, 60)).await.with_status(201).json();
    let path = format!("/v1/orders/{}/details.pdf", order["id"].as_str().unwrap());
    assert!(merchant.http.get(&path).await.with_status(200).content_type().starts_with("application/pdf"));
}
