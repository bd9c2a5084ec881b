//! The picture of the invoice, and whether its text contains what was entered.

use serde_json::json;

use crate::support::{App, INVOICE, Invoice, on_both_databases};

on_both_databases!(
    the_first_page_is_shown_to_the_buyer_and_the_merchant,
    an_invoice_that_does_not_say_what_was_typed_is_told_and_not_blocked,
);

const PLAIN: &[u8] = include_bytes!("../fixtures/pdf/opens-php-notice-before-header.pdf");
const BLANK: &[u8] = include_bytes!("../fixtures/pdf/blank-read-as-text.pdf");

async fn the_first_page_is_shown_to_the_buyer_and_the_merchant(app: &mut App) {
    let merchant = app.merchant();
    let id = merchant.uploads(&app.order(), &Invoice { pdf: Some(INVOICE), ..Invoice::default() }).await;
    let link = merchant.has_the_link(&id).await;
    assert_eq!(merchant.link(&id).await["has_picture"], true);
    let shown = merchant.http.get(&format!("/v1/payment-links/{id}/invoice.png")).await.with_status(200);
    assert!(shown.content_type() == "image/png" && shown.body.starts_with(b"\x89PNG"));
    let page = app.buyer().opens(&link).await.with_status(200);
    assert!(page.text().contains("/invoice.png\""), "{}", page.text());
    let seen = app.anybody().get(&format!("{}/invoice.png", link.url)).await.with_status(200);
    assert_eq!(seen.body, shown.body);
    app.anybody().get(&format!("/v1/payment-links/{id}/invoice.png")).await.with_status(401);

    merchant.voids(&link).await.with_status(202);
    merchant.sees(&id, "voided").await;
    app.anybody().get(&format!("{}/invoice.png", link.url)).await.with_status(404);
}

async fn an_invoice_that_does_not_say_what_was_typed_is_told_and_not_blocked(app: &mut App) {
    let merchant = app.merchant();
    let asked = Invoice { pdf: Some(PLAIN), number: Some("NOWHERE-77"), amount: Some("77.77"), ..Invoice::default() };
    let order = merchant.opens_an_order("19101").await;
    let link = merchant.has_the_link(&merchant.uploads(&order, &asked).await).await;
    let warned = merchant.link(&link.id).await;
    assert_eq!(warned["warnings"], json!(["number_not_in_invoice", "amount_not_in_invoice"]));
    merchant.asks_to_send(&link).await.with_status(202);

    let order = merchant.opens_an_order("19102").await;
    let id = merchant.uploads(&order, &Invoice { pdf: Some(BLANK), ..Invoice::default() }).await;
    merchant.has_the_link(&id).await;
    assert_eq!(merchant.link(&id).await["warnings"], json!(["first_page_blank"]));
}
