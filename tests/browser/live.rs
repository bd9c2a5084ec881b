//! What happens elsewhere is seen at once, without a reload.

use serde_json::Value;

use crate::{browser::Browser, chromium::Setup, scene, support::App};

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
        browser.sees("129.50 USD Paid").await;

        browser.opens_order("4002").await;
        browser.sees("Ready to be paid").await;
        app.buyer().pays(&second).await;
        browser.sees("The buyer has paid. The money is in your Stripe account.").await;
        assert_eq!(browser.runs("return window.untouched", vec![]).await, Value::Bool(true), "it was reloaded");
    })
    .await;
}
