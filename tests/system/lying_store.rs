//! A store that reports success and has stored nothing, or something else: no invoice is shown other than the uploaded
//! one.

use reqwest::Method;

use crate::support::{App, Database, INVOICE, Invoice, Lie, LyingStore};

/// The invoice, long enough to be read from the store in several pieces.
fn long_invoice() -> Vec<u8> {
    [INVOICE, b"\n%", ".".repeat(400_000).as_bytes(), b"\n"].concat()
}

#[tokio::test]
async fn an_invoice_is_stored_again_until_the_store_has_it() {
    let store = LyingStore::start().await;
    let app = App::start_apart_with(Database::sqlite(), &store.environment()).await;
    let merchant = app.merchant();
    for (number, lie) in [("7001", Lie::KeepsNothing), ("7002", Lie::KeepsOtherBytes)] {
        let order = merchant.opens_an_order(number).await;
        store.lies(lie, "/mer_", 4);
        let id = merchant.uploads(&order, &Invoice { pdf: Some(INVOICE), ..Invoice::default() }).await;
        let link = merchant.has_the_link(&id).await;
        assert_eq!(store.lies_left(), 0, "it was asked for money before the invoice was stored");
        assert!(app.buyer().reads_the_invoice(&link).await.with_status(200).body == INVOICE, "the invoice was changed");
    }
}

#[tokio::test]
async fn an_upload_that_the_store_has_changed_or_lost_is_asked_for_again() {
    let store = LyingStore::start().await;
    let app = App::start_apart_with(Database::sqlite(), &store.environment()).await;
    let merchant = app.merchant();
    for (number, lie, says) in [
        ("7003", Lie::KeepsOtherBytes, "The upload was damaged. Please make the link again."),
        ("7004", Lie::KeepsNothing, "The upload was lost. Please make the link again."),
    ] {
        for pdf in [Some(INVOICE), None] {
            let order = merchant.opens_an_order(&format!("{number}-{}", pdf.is_some())).await;
            store.lies(lie, "/staging/", 1);
            let id = merchant.uploads(&order, &Invoice { pdf, ..Invoice::default() }).await;
            let failed = merchant.sees(&id, "failed").await;
            assert_eq!(failed["failure"], says, "{failed}");
        }
    }
}

#[tokio::test]
async fn an_invoice_that_the_store_has_changed_or_lost_is_not_shown() {
    let store = LyingStore::start().await;
    let app = App::start_apart_with(Database::sqlite(), &store.environment()).await;
    let (merchant, buyer) = (app.merchant(), app.buyer());
    let order = merchant.opens_an_order("7005").await;
    let id = merchant.uploads(&order, &Invoice { pdf: Some(INVOICE), ..Invoice::default() }).await;
    let link = merchant.has_the_link(&id).await;
    let of_merchant = format!("/v1/payment-links/{id}/invoice");
    let document = format!("/{id}.pdf");

    store.rots(&document);
    merchant.http.get(&of_merchant).await.problem(500, "invoice_damaged");
    let page = buyer.reads_the_invoice(&link).await.with_status(500);
    assert!(!page.body.starts_with(b"%PDF"), "the buyer is shown another invoice");

    store.loses(&document);
    merchant.http.get(&of_merchant).await.problem(500, "invoice_damaged");

    // Of a long one, whose beginning is sent before its end is seen, nobody gets the end.
    let order = merchant.opens_an_order("7006").await;
    let pdf = long_invoice();
    let id = merchant.uploads(&order, &Invoice { pdf: Some(&pdf), ..Invoice::default() }).await;
    merchant.has_the_link(&id).await;
    let path = format!("/v1/payment-links/{id}/invoice");
    assert!(merchant.http.get(&path).await.with_status(200).body == pdf, "the invoice was changed");
    store.rots(&format!("/{id}.pdf"));
    let read = merchant.http.try_ask(merchant.http.request(Method::GET, &path)).await;
    assert!(read.is_err(), "another invoice was sent as a whole");
}
