//! Invoices in an S3-compatible store.

use crate::support::{App, Database, INVOICE, Invoice, S3, eventually};

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
