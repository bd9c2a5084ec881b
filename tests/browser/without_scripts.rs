//! A buyer whose browser runs no scripts.

use crate::{browser::Browser, chromium::Setup, scene, support::App};

#[tokio::test]
async fn a_buyer_pays_with_scripts_off() {
    scene::on(Setup { scripts: false, ..Setup::DESKTOP }, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let link = merchant.makes_a_link(&app.order()).await;
        browser.opens(&link.url).await;
        browser.sees("Example Bakery").await;
        browser.sees("INV-1").await;
        browser.clicks("Pay").await;
        browser.sees("This is the sandbox's stand-in for Stripe's page").await;
        browser.clicks("Pay").await;
        browser.sees("Example Bakery").await;
        merchant.sees(&link.id, "paid").await;
        browser.sees("is paid").await;
    })
    .await;
}
