//! The conversation is where it happens: payments stand in it, and a text says what it costs while it is written.

use serde_json::json;

use crate::{browser::Browser, chromium::Setup, scene, support::App};

#[tokio::test]
async fn payments_stand_between_the_texts_and_a_text_says_what_it_costs() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let order = merchant.opens_an_order("7301").await;
        let link = merchant.makes_a_link(&order).await;
        let message = merchant.sends(&link).await;
        merchant.sees_message(&message, "delivered").await;
        browser.signs_in_for_more_with(app, &app.hello.api_key).await;
        let conversation = merchant.conversation_with(&order.phone).await;
        let path = format!("/conversations/{}", conversation["id"].as_str().unwrap());
        browser.runs("location.hash = arguments[0]", vec![json!(path)]).await;
        browser.sees("Link ready 129.50").await;
        browser.sees("Send the link of 7301").await;
        browser.writes("Message", &"Thank you. ".repeat(20)).await;
        browser.sees("2 segments").await;
        browser.sees("2 credits").await;
        app.sandbox().does("pay", json!({"url": link.stripe_url})).await;
        merchant.sees(&link.id, "paid").await;
        browser.sees("Paid 129.50").await;
        browser.is_accessible("a conversation with a payment in it").await;
        browser.fits_the_screen("a conversation with a payment in it").await;
        browser.clicks("Create a link for 7301").await;
        browser.sees("Order 7301").await;
    })
    .await;
}
