//! A buyer who comes back from Stripe before Stripe has reported anything.

use serde_json::json;

use crate::{
    browser::Browser,
    chromium::Setup,
    scene,
    support::{App, Link},
};

const WITHOUT_SCRIPTS: Setup = Setup { scripts: false, ..Setup::DESKTOP };

#[tokio::test]
async fn a_webhook_that_is_late_is_waited_for() {
    scene::on(Setup::PHONE, async |app: &mut App, browser: &Browser| comes_back(app, browser, Webhook::Late).await)
        .await;
}

#[tokio::test]
async fn a_webhook_that_is_late_is_waited_for_without_scripts() {
    scene::on(WITHOUT_SCRIPTS, async |app: &mut App, browser: &Browser| comes_back(app, browser, Webhook::Late).await)
        .await;
}

#[tokio::test]
async fn a_webhook_that_is_lost_is_made_up_for() {
    scene::on(Setup::PHONE, async |app: &mut App, browser: &Browser| comes_back(app, browser, Webhook::Lost).await)
        .await;
}

#[tokio::test]
async fn a_webhook_that_is_lost_is_made_up_for_without_scripts() {
    scene::on(WITHOUT_SCRIPTS, async |app: &mut App, browser: &Browser| comes_back(app, browser, Webhook::Lost).await)
        .await;
}

#[tokio::test]
async fn whoever_goes_back_without_paying_can_pay_later() {
    scene::on(Setup::PHONE, async |app: &mut App, browser: &Browser| {
        let link = leaves_for_stripe(app, browser).await;
        browser.client().back().await.unwrap();
        browser.sees("whether this invoice was paid").await;
        browser.sees("You are asked to pay").await;
        browser.clicks("Pay").await;
        browser.sees("This is the sandbox's stand-in for Stripe's page").await;
        browser.clicks("Pay").await;
        browser.sees("is paid").await;
        app.merchant().sees(&link.id, "paid").await;
    })
    .await;
}

async fn leaves_for_stripe(app: &App, browser: &Browser) -> Link {
    let link = app.merchant().makes_a_link(&app.order()).await;
    browser.opens(&link.url).await;
    browser.clicks("Pay").await;
    browser.sees("This is the sandbox's stand-in for Stripe's page").await;
    link
}

/// What happens to Stripe's webhook about the payment.
enum Webhook {
    /// It arrives once both tabs have been waiting for it.
    Late,
    /// It never arrives.
    Lost,
}

/// Pays, comes back, and only watches the page, in two tabs.
async fn comes_back(app: &App, browser: &Browser, webhook: Webhook) {
    let sandbox = app.sandbox();
    sandbox.does("webhooks", json!({"drop": true})).await;
    let link = leaves_for_stripe(app, browser).await;
    browser.clicks("Pay").await;
    browser.sees("being confirmed").await;
    browser.sees_no("Pay 129").await;
    browser.opens_in_a_new_tab(&link.url).await;
    browser.sees("being confirmed").await;
    browser.sees_no("Pay 129").await;
    if matches!(webhook, Webhook::Late) {
        sandbox.does("webhooks", json!({})).await;
        let told = sandbox.knows("webhooks?service=stripe").await["items"].clone();
        let paid = told.as_array().unwrap().iter().find(|it| it["type"] == "checkout.session.completed").unwrap();
        sandbox.does("webhooks/resend", json!({"event": paid["event"]})).await;
    }
    browser.sees("This invoice is paid").await;
    browser.turns_to_tab(0).await;
    browser.sees("This invoice is paid").await;
}
