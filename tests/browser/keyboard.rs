//! The whole story without a mouse.

use fantoccini::key::Key;

use crate::{browser::Browser, chromium::Setup, scene, support::App};

#[tokio::test]
async fn a_link_is_made_sent_and_voided_with_the_keyboard_only() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        browser.opens(&format!("{}/console", app.hello.url)).await;
        browser.sees("API key").await;
        // The first field already has the focus.
        browser.types(&app.hello.api_key).await;
        browser.presses(Key::Enter).await;
        browser.sees("Nothing needs your attention right now.").await;
        browser.tabs_to("Orders").await;
        browser.presses(Key::Enter).await;
        browser.sees("1001").await;
        browser.tabs_to("1001").await;
        browser.presses(Key::Enter).await;
        browser.sees("No payment link yet").await;

        // A dialog keeps the focus, closes on Escape, and returns the focus.
        browser.tabs_to("Create a link").await;
        browser.presses(Key::Enter).await;
        browser.sees("Invoice number").await;
        browser.presses(Key::Escape).await;
        browser.sees_no("Invoice number").await;
        assert_eq!(browser.focused().await, "Create a link");

        browser.presses(Key::Enter).await;
        browser.tabs_to("Upload a PDF").await;
        browser.presses(Key::Right).await;
        assert_eq!(browser.focused().await, "Use the order's details page");
        browser.tabs_to("Create a link").await;
        browser.presses(Key::Enter).await;
        browser.sees("Ready to be paid").await;

        browser.tabs_to("Send link").await;
        browser.presses(Key::Enter).await;
        browser.sees("Send for 1 credit").await;
        browser.tabs_to("Send for 1 credit").await;
        browser.presses(Key::Enter).await;
        browser.sees("Delivered").await;

        // The irreversible action is not where the button was that opened the question.
        browser.tabs_to("Void link").await;
        browser.presses(Key::Enter).await;
        browser.sees("stops working at once").await;
        assert_eq!(browser.focused().await, "Keep it");
        browser.tabs_to("Void link").await;
        browser.presses(Key::Enter).await;
        browser.sees("No open payment link").await;
    })
    .await;
}
