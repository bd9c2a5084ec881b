//! Changes made elsewhere appear at once, without a reload.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{browser::Browser, chromium::Setup, scene, support::App};

/// How soon a subscribed page refreshes in any case.
const NEXT_LOOK: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_payment_turns_the_tags_of_a_page_that_nobody_touches() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let [first, second] = [merchant.opens_an_order("4001").await, merchant.opens_an_order("4002").await];
        let [first, second] = [merchant.makes_a_link(&first).await, merchant.makes_a_link(&second).await];

        browser.signs_in(app).await;
        browser.sees("129.50 USD Unpaid").await;
        browser.runs("window.untouched = true", vec![]).await;
        app.buyer().pays(&first).await;
        let paid = Instant::now();
        browser.sees("129.50 USD Paid").await;
        assert!(paid.elapsed() < NEXT_LOOK, "it was found by looking again, not told");

        browser.opens_order("4002").await;
        browser.sees("Ready to be paid").await;
        app.buyer().pays(&second).await;
        browser.sees("The buyer has paid. The money is in your Stripe account.").await;
        assert_eq!(browser.runs("return window.untouched", vec![]).await, Value::Bool(true), "it was reloaded");
    })
    .await;
}

#[tokio::test]
async fn a_page_catches_up_after_the_server_was_away() {
    scene::on_a_process(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let link = merchant.makes_a_link(&app.order()).await;
        browser.signs_in(app).await;
        browser.opens_order("1001").await;
        browser.sees("Ready to be paid").await;
        browser.runs("window.untouched = true", vec![]).await;

        browser.refusals.expect_an_outage();
        app.is_killed_and_started_again().await;
        app.buyer().pays(&link).await;
        browser.sees("The buyer has paid. The money is in your Stripe account.").await;
        assert_eq!(browser.runs("return window.untouched", vec![]).await, Value::Bool(true), "it was reloaded");
    })
    .await;
}
