//! The API, readable, in a browser that is let nowhere else.

use crate::{browser::Browser, chromium::Setup, scene, support::App};

/// What is drawn, also in the reader's own tree.
const DRAWN: &str = r#"
    const text = (node) => [...(node.shadowRoot ?? node).querySelectorAll("*")]
        .reduce((all, it) => all + (it.shadowRoot ? text(it) : ""), (node.shadowRoot ?? node).textContent);
    return text(document.querySelector("rapi-doc"));
"#;

#[tokio::test]
async fn whoever_reads_the_docs_finds_every_call_and_what_it_takes() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        browser.opens(&format!("{}/docs", app.hello.url)).await;
        let shown = async |wanted: &str| {
            crate::support::eventually(&format!("{wanted} is shown"), async || {
                let drawn = browser.runs(DRAWN, vec![]).await;
                drawn.as_str().is_some_and(|text| text.contains(wanted)).then_some(())
            })
            .await;
        };
        for told in ["Idempotency", "order_exists", "Create an order", "Send a payment link by SMS", "See the balance"]
        {
            shown(told).await;
        }
        // The reader shows one call at a time.
        browser.opens(&format!("{}/docs/#post-/v1/payment-links/-id-/send", app.hello.url)).await;
        for told in ["Idempotency-Key", "202", "resend"] {
            shown(told).await;
        }
    })
    .await;
}
