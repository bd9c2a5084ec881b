//! Invoices in an S3-compatible store.

use crate::support::{App, Database, INVOICE, Invoice, Proxy, S3, eventually, free_port};

#[tokio::test]
async fn an_invoice_lives_in_s3_until_it_is_purged() {
    let s3 = S3::start().await;
    let app = App::start_apart_with(Database::sqlite(), &s3.environment()).await;
    let (merchant, buyer) = (app.merchant(), app.buyer());

    let order = merchant.opens_an_order("3001").await;
    let id = merchant.uploads(&order, &Invoice { pdf: Some(INVOICE), ..Invoice::default() }).await;
    let link = merchant.has_the_link(&id).await;
    assert!(buyer.reads_the_invoice(&link).await.with_status(200).body == INVOICE);
    eventually("only the invoice is left, below its prefix", async || {
        let listing = s3.listing().await;
        (listing.contains(&format!("prod/invoices/{}/{id}.pdf", app.hello.merchant_id))
            && !listing.contains("staging/"))
        .then_some(())
    })
    .await;

    assert!(app.runs(&["scheduler", "--once", "--at", "2027-06-01T00:00:00Z"]).status.success());
    eventually("the bucket is empty", async || (!s3.listing().await.contains("<Key>")).then_some(())).await;
}

#[tokio::test]
async fn while_s3_is_away_all_starts_and_only_what_needs_it_is_refused() {
    let s3 = S3::start().await;
    let way = Proxy::to(s3.port).await;
    let mut environment = s3.environment();
    environment.push(("AWS_ENDPOINT", format!("http://127.0.0.1:{}", way.port)));
    let mut app = App::start_apart_with(Database::sqlite(), &environment).await;
    let merchant = app.merchant();
    let (kept, order) = (merchant.opens_an_order("3002").await, merchant.opens_an_order("3003").await);
    let link = merchant.makes_a_link(&kept).await;
    way.leads_to(free_port());
    assert!(app.stops().success());
    app.starts_again().await;

    let merchant = app.merchant();
    let invoice = Invoice { pdf: Some(INVOICE), ..Invoice::default() };
    merchant.asks_for_a_link(&order, &invoice).await.problem(503, "store_unavailable");
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    way.leads_to(s3.port);
    let again = merchant.uploads(&order, &invoice).await;
    merchant.has_the_link(&again).await;
}
