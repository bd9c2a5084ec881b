//! The whole way from an order to money, once.

use serde_json::json;

use crate::support::{App, INVOICE, Invoice, on_both_databases};

on_both_databases!(an_order_becomes_a_paid_order, a_buyer_who_is_faster_than_the_webhook_is_not_asked_to_pay_again);

async fn an_order_becomes_a_paid_order(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());

    // The merchant opens an order and uploads an invoice with a number and a total of its own.
    let order = merchant.opens_an_order("2001").await;
    let invoice = Invoice { pdf: Some(INVOICE), number: Some("INV-7"), amount: Some("119.00"), ..Invoice::default() };
    let id = merchant.uploads(&order, &invoice).await;
    let link = merchant.has_the_link(&id).await;
    assert!(link.stripe_url.starts_with(&sandbox.url));
    assert!(link.url.starts_with(&format!("{}/p/", app.hello.url)));
    assert_eq!(merchant.tag(&order).await, "unpaid");

    // It is sent for one credit, which is held until the carrier takes the text.
    assert_eq!(merchant.credits().await, (100, 0));
    let message = merchant.sends(&link).await;
    let message = merchant.sees_message(&message, "delivered").await;
    assert_eq!(message["credits"], 1);
    assert_eq!(merchant.credits().await, (99, 0));
    assert_eq!(merchant.ledger().await, ["top_up", "hold", "capture"]);
    let texts = sandbox.texts_to(&order.phone).await;
    assert_eq!(texts.len(), 1);
    assert!(texts[0]["body"].as_str().unwrap().contains(&link.url));
    let conversation = merchant.conversation_with(&order.phone).await;
    let said = format!("/v1/conversations/{}/messages", conversation["id"].as_str().unwrap());
    assert_eq!(merchant.http.whole_list(&said, 10).await, [message]);

    // The buyer reads it, and pays at Stripe.
    let page = buyer.opens(&link).await.with_status(200);
    for shown in ["Example Bakery", "INV-7", "119.00", "<form"] {
        assert!(page.text().contains(shown), "the page does not show {shown}: {}", page.text());
    }
    let ours = ["<script src=\"/assets/buyer.js\"", "<script src=\"/assets/back.js\""];
    let scripts = page.text().matches("<script").count();
    assert_eq!(
        scripts,
        ours.map(|script| page.text().matches(script).count()).iter().sum::<usize>(),
        "{}",
        page.text()
    );
    let read = buyer.reads_the_invoice(&link).await.with_status(200);
    assert_eq!(read.content_type(), "application/pdf");
    assert!(read.body == INVOICE, "the buyer gets another PDF than the merchant uploaded");
    buyer.pays(&link).await;

    // Stripe tells us, and that is that.
    let paid = merchant.sees(&link.id, "paid").await;
    assert!(paid["paid_at"].is_string() && paid["review"].is_null(), "{paid}");
    assert_eq!(merchant.tag(&order).await, "paid");
    let events: Vec<_> = paid["timeline"].as_array().unwrap().iter().map(|entry| entry["event"].clone()).collect();
    assert!(events.contains(&"sent".into()) && events.contains(&"paid".into()), "{events:?}");
    merchant.voids(&link).await.problem(409, "link_paid");
    assert!(buyer.opens(&link).await.with_status(200).text().contains("is paid"));
    assert_eq!(buyer.presses_pay(&link).await.with_status(303).header("location"), new_path(&link.url));
}

async fn a_buyer_who_is_faster_than_the_webhook_is_not_asked_to_pay_again(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let order = merchant.opens_an_order("2002").await;
    let id = merchant.uploads(&order, &Invoice::default()).await;
    let link = merchant.has_the_link(&id).await;
    sandbox.does("webhooks", json!({"drop": true})).await;
    buyer.pays(&link).await;

    // Stripe redirects the buyer to the URL given when the link was created.
    let made = sandbox.requests("stripe", "POST", "/v1/payment_links").await;
    let returned = format!("{}?returned=1", link.url);
    assert!(made.iter().any(|request| request.to_string().contains("returned")), "{made:?}");
    let page = buyer.browser.get(&returned).await.with_status(200);
    assert!(page.text().contains("being confirmed") && !page.text().contains("<form"), "{}", page.text());
    let another_tab = buyer.opens(&link).await.with_status(200);
    assert!(!another_tab.text().contains("<form"), "{}", another_tab.text());
}

/// The path of the buyer's page.
fn new_path(url: &str) -> String {
    url[url.find("/p/").unwrap()..].to_owned()
}
