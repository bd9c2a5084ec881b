//! The whole story by clicking: from an order to money.

use crate::{browser::Browser, chromium::Setup, console::fixture, scene, support::App};

#[tokio::test]
async fn an_order_becomes_money_by_clicking_on_a_desktop() {
    scene::on(Setup::DESKTOP, an_order_becomes_money).await;
}

#[tokio::test]
async fn an_order_becomes_money_by_clicking_on_a_phone() {
    scene::on(Setup::PHONE, an_order_becomes_money).await;
}

async fn an_order_becomes_money(app: &mut App, browser: &Browser) {
    browser.signs_in(app).await;

    // A new order.
    browser.clicks("New order").await;
    browser.writes("Order number", "2001").await;
    browser.writes("Buyer's name", "Ada Buyer").await;
    browser.writes("Buyer's mobile number", "+12025560199").await;
    browser.writes("Currency", "usd").await;
    browser.clicks("Add an item").await;
    browser.writes("Description", "Wedding cake").await;
    browser.writes("Unit price", "119.00").await;
    // The total is computed.
    assert_eq!(browser.reads("Total").await, "119.00");
    browser.clicks("Create the order").await;
    browser.sees("Order 2001").await;
    browser.sees("No payment link yet").await;

    // A link with the merchant's own invoice, number and total.
    browser.clicks("Create a link").await;
    assert_eq!(browser.reads("Total").await, "119.00");
    browser.picks("Invoice as a PDF", &fixture("invoice-3-pages.pdf")).await;
    browser.writes("Invoice number", "INV-7").await;
    browser.writes("Total", "120.50").await;
    browser.clicks("Create a link").await;
    browser.sees("Ready to be paid").await;
    browser.sees("120.50 USD").await;

    // It is sent, and the text matches the preview.
    browser.clicks("Send link").await;
    browser.sees("INV-7").await;
    browser.clicks("Send for 1 credit").await;
    browser.sees("Delivered").await;
    browser.sees("99 credits").await;

    // The buyer finds it on their phone and pays.
    let link = browser.buyers_link().await;
    browser.opens_in_a_new_tab(&format!("{}/outbox", app.hello.sandbox_url)).await;
    browser.clicks(&link).await;
    browser.sees("Example Bakery").await;
    browser.sees("INV-7").await;
    browser.clicks("Pay").await;
    browser.sees("This is the sandbox's stand-in for Stripe's page").await;
    browser.clicks("Pay").await;
    browser.sees("is paid").await;

    // The merchant sees it without doing anything.
    browser.turns_to_tab(0).await;
    browser.sees("The buyer has paid. The money is in your Stripe account.").await;
    browser.clicks("Orders").await;
    browser.sees("Paid").await;
    browser.clicks("Conversations").await;
    browser.clicks("Ada Buyer").await;
    browser.sees("Delivered").await;
    browser.clicks("Sign out").await;
    browser.sees("API key").await;
}
