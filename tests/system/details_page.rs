//! An order's details page, which is the invoice of a merchant who has none.

use crate::support::{App, Invoice, on_both_databases};

on_both_databases!(an_order_without_an_invoice_is_its_own_invoice);

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
