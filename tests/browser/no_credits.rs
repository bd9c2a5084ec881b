//! A merchant with links to send and no credits.

use crate::{
    browser::Browser,
    chromium::Setup,
    scene,
    support::{App, eventually},
};

#[tokio::test]
async fn credits_are_bought_from_the_page_that_says_that_they_run_out() {
    scene::on(Setup::PHONE, async |app: &mut App, browser: &Browser| {
        let operator = app.operator();
        let merchant = operator.makes_a_merchant("Corner Shop").await;
        let key = operator.makes_a_key(&merchant.id, "admin").await;
        browser.signs_in_with(app, &key).await;
        browser.opens(&format!("{}/console#/credits", app.hello.url)).await;
        browser.sees("Buy credits").await;
        browser.sees("5.00").await;

        browser.clicks("Buy").await;
        browser.clicks("Pay USD 5.00").await;

        browser.sees("Statement").await;
        eventually("they are there", async || (merchant.credits().await == (100, 0)).then_some(())).await;
        browser.sees("Paid").await;
        browser.opens(&format!("{}/console#/settings/activity", app.hello.url)).await;
        browser.sees("100 credits, 5.00 USD").await;
    })
    .await;
}

#[tokio::test]
async fn without_credits_a_text_is_not_sent_and_the_link_can_still_be_copied() {
    scene::on(Setup::PHONE, async |app: &mut App, browser: &Browser| {
        let operator = app.operator();
        let merchant = operator.makes_a_merchant("Corner Shop").await;
        app.connects(&merchant).await;
        merchant.opens_an_order("7001").await;
        let key = operator.makes_a_key(&merchant.id, "admin").await;

        browser.signs_in_with(app, &key).await;
        browser.opens_order("7001").await;
        browser.makes_a_link().await;
        browser.clicks("Send link").await;
        browser.sees("This costs 1 credit, and you have 0").await;
        browser.refusals.expect(402, "/send");
        browser.clicks("Send for 1 credit").await;
        browser.sees("There are too few credits for this. A link can also be copied").await;
        browser.clicks("Cancel").await;

        operator.tops_up(&merchant, 5).await;
        browser.clicks("Send link").await;
        browser.clicks("Send for 1 credit").await;
        browser.sees("Delivered").await;
    })
    .await;
}
