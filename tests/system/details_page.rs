//! An order's details page, which is the invoice of a merchant who uploads none.

use serde_json::json;

use crate::support::{App, Invoice, on_both_databases, order_body};

on_both_databases!(
    an_order_without_an_invoice_is_its_own_invoice,
    an_order_adds_up_or_is_refused,
    an_invoice_says_what_its_link_asks_and_who_sends_it,
    what_no_font_has_is_refused_by_name,
);

const LOGO: &[u8] = include_bytes!("../fixtures/logo.png");

async fn an_order_without_an_invoice_is_its_own_invoice(app: &mut App) {
    let (merchant, buyer) = (app.merchant(), app.buyer());
    let order = app.order();

    let details = merchant.http.get(&format!("/v1/orders/{}/details.pdf", order.id)).await.with_status(200);
    assert_eq!(details.content_type(), "application/pdf");
    assert!(details.body.starts_with(b"%PDF-"));

    let silent = Invoice { number: None, expires_on: Some(&in_a_week()), ..Invoice::default() };
    let id = merchant.uploads(&order, &silent).await;
    let link = merchant.has_the_link(&id).await;
    let shown = merchant.link(&link.id).await;
    assert_eq!((&shown["invoice_number"], &shown["amount"]), (&"1001".into(), &"129.50".into()));
    let invoice = merchant.http.get(&format!("/v1/payment-links/{}/invoice", link.id)).await.with_status(200);
    assert_eq!(invoice.content_type(), "application/pdf");
    assert!(invoice.body.starts_with(b"%PDF-"));
    assert!(invoice.body == buyer.reads_the_invoice(&link).await.with_status(200).body, "the buyer reads another PDF");
}

fn in_a_week() -> String {
    (chrono::Utc::now() + chrono::TimeDelta::days(7)).format("%Y-%m-%d").to_string()
}

async fn an_order_adds_up_or_is_refused(app: &mut App) {
    let merchant = app.merchant();
    let mut body = order_body("7601", "+12025557601");
    body["tax"] = json!("10.00");
    let problem = merchant.http.post("/v1/orders", &body).await.problem(422, "does_not_add_up");
    assert_eq!(problem["errors"][0]["field"], "amount", "{problem}");
    assert!(problem["errors"][0]["reason"].as_str().unwrap().contains("139.50"), "{problem}");

    body["amount"] = json!("139.50");
    let order = merchant.http.post("/v1/orders", &body).await.with_status(201).json();
    assert_eq!((&order["tax"], &order["amount"]), (&json!("10.00"), &json!("139.50")));
    body["number"] = json!("7602");
    body.as_object_mut().unwrap().remove("amount");
    let order = merchant.http.post("/v1/orders", &body).await.with_status(201).json();
    assert_eq!(order["amount"], "139.50");
    body["items"] = json!([]);
    let problem = merchant.http.post("/v1/orders", &body).await.problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["field"], "amount", "{problem}");
}

async fn an_invoice_says_what_its_link_asks_and_who_sends_it(app: &mut App) {
    let merchant = app.merchant();
    let http = &merchant.http;
    let profile =
        json!({"address": "1 Example Street\n\n Example Town ", "tax_number": "DE 123456789", "colour": "#7a1f5e"});
    let changed =
        http.ask(http.request(reqwest::Method::PATCH, "/v1/merchant").json(&profile)).await.with_status(200).json();
    assert_eq!(
        (&changed["address"], &changed["tax_number"]),
        (&json!("1 Example Street\nExample Town"), &json!("DE 123456789"))
    );
    let logo = http.request(reqwest::Method::PUT, "/v1/merchant/logo").header("Content-Type", "image/png").body(LOGO);
    http.ask(logo).await.with_status(200);

    let order = merchant.opens_an_order("7611").await;
    let invoice = Invoice { number: Some("RE-7611"), amount: Some("100.00"), ..Invoice::default() };
    let id = merchant.uploads(&order, &invoice).await;
    let link = merchant.has_the_link(&id).await;
    // Neither its number nor its amount is missing in the PDF: it was looked for there.
    let shown = merchant.link(&link.id).await;
    assert!(shown.get("warnings").is_none_or(|warnings| warnings == &json!([])), "{shown}");
    let pdf = http.get(&format!("/v1/payment-links/{id}/invoice")).await.with_status(200);
    let text = String::from_utf8_lossy(&pdf.body).into_owned();
    assert!(text.contains("Invoice RE-7611, Example Bakery") && text.contains("612 792"), "not on Letter, or untitled");
    assert!(text.contains("/Subtype /Image") || text.contains("/Subtype/Image"), "there is no logo");
}

async fn what_no_font_has_is_refused_by_name(app: &mut App) {
    let merchant = app.merchant();
    let mut body = order_body("7621", "+12025557621");
    body["customer"]["name"] = json!("A\u{378}B");
    let order = merchant.http.post("/v1/orders", &body).await.with_status(201).json();
    let id = order["id"].as_str().unwrap();
    let problem = merchant.http.get(&format!("/v1/orders/{id}/details.pdf")).await.problem(422, "cannot_be_drawn");
    assert!(problem["detail"].as_str().unwrap().contains("U+0378"), "{problem}");
    let form = Invoice::default().form();
    let request =
        merchant.http.request(reqwest::Method::POST, &format!("/v1/orders/{id}/payment-links")).multipart(form);
    merchant.http.ask(request).await.problem(422, "cannot_be_drawn");
    assert!(app.documents().is_empty(), "{:?}", app.documents());
}
