//! The API, readable, in a browser that is let nowhere else.

use crate::{browser::Browser, chromium::Setup, scene, support::App};

#[tokio::test]
async fn whoever_reads_the_docs_finds_every_call_and_what_it_takes() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        browser.opens(&format!("{}/docs", app.hello.url)).await;
        for call in ["/v1/orders", "/v1/payment-links/{id}/send", "/v1/payment-links/{id}/void", "/v1/credits"] {
            browser.sees(call).await;
        }
        // One that is unfolded tells more.
        let unfold = r#"document.querySelector('[data-path="/v1/payment-links/{id}/send"]').click()"#;
        browser.runs(unfold, vec![]).await;
        browser.sees("Idempotency-Key").await;
        browser.sees("202").await;
    })
    .await;
}
