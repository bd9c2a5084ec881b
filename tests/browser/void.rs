//! A link that is voided while its buyer looks at it.

use crate::{browser::Browser, chromium::Setup, scene, support::App};

#[tokio::test]
async fn a_page_that_is_open_cannot_be_paid_any_more_once_its_link_is_voided() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        browser.signs_in(app).await;
        browser.opens_order("1001").await;
        browser.makes_a_link().await;
        let link = browser.buyers_link().await;
        browser.opens_in_a_new_tab(&link).await;
        browser.sees("Pay").await;

        // A question comes first, and can be answered with no.
        browser.turns_to_tab(0).await;
        browser.clicks("Void link").await;
        browser.sees("stops working at once").await;
        browser.clicks("Keep it").await;
        browser.sees_no("stops working at once").await;
        browser.clicks("Void link").await;
        browser.writes("Reason", "a mistake").await;
        browser.clicks("Void link").await;
        browser.sees("No open payment link").await;

        // The buyer, who has noticed nothing, presses the button.
        browser.refusals.expect(410, "/p/");
        browser.turns_to_tab(1).await;
        browser.clicks("Pay").await;
        browser.sees("withdrawn").await;
        browser.clicks("Ask for a new link").await;
        browser.sees("was told that you want a new link").await;

        // The order gets another link.
        browser.turns_to_tab(0).await;
        browser.sees("The buyer asks for a new link").await;
        browser.clicks("New link").await;
        browser.clicks("Use the order's details page").await;
        browser.clicks("Create a link").await;
        browser.sees("Ready to be paid").await;
        assert_ne!(browser.buyers_link().await, link);
        browser.sees("Past links").await;
    })
    .await;
}
