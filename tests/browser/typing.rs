//! Input is interpreted or checked at once, added up, and not lost.

use fantoccini::key::Key;
use reqwest::Method;
use serde_json::json;

use crate::{browser::Browser, chromium::Setup, scene, support::App};

#[tokio::test]
async fn amounts_are_understood_as_people_write_them_and_totals_are_added_up() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        browser.signs_in(app).await;
        browser.clicks("New order").await;
        browser.writes("Order number", "7101").await;
        browser.writes("Buyer's name", "Example Buyer").await;
        browser.writes("Buyer's mobile number", "+1 202 555 0171").await;
        browser.writes("Currency", "USD").await;
        browser.clicks("Add an item").await;
        browser.writes("Description", "Cake").await;
        browser.writes("Quantity", "2").await;
        browser.writes("Unit price", "$1,029.50").await;
        browser.writes("Shipping", "7,25").await;
        assert_eq!(browser.reads("Total").await, "2066.25");
        // Esc loses nothing.
        browser.presses(Key::Escape).await;
        browser.sees_no("Unit price").await;
        browser.clicks("New order").await;
        assert_eq!(browser.reads("Order number").await, "7101");
        assert_eq!(browser.reads("Total").await, "2066.25");
        browser.writes("Discount", "1.234").await;
        browser.clicks("Create the order").await;
        browser.sees("This is not an amount.").await;
        browser.writes("Discount", "0,25").await;
        browser.clicks("Create the order").await;
        browser.sees("Order 7101 created.").await;
        let orders = app.merchant().http.get("/v1/orders?q=7101").await.json();
        assert_eq!(
            (&orders["items"][0]["amount"], &orders["items"][0]["shipping"]),
            (&json!("2066.00"), &json!("7.25"))
        );
        // In the notation of the merchant's region.
        browser.sees("2,066.00").await;

        browser.clicks("Create a link").await;
        browser.clicks("Use the order's details page").await;
        browser.writes("Total", "twelve").await;
        browser.clicks("Create a link").await;
        browser.sees("This is not an amount.").await;
        browser.writes("Total", "$2066,00").await;
        browser.clicks("Create a link").await;
        browser.sees("Ready to be paid").await;
    })
    .await;
}

#[tokio::test]
async fn what_was_typed_outlives_a_session_and_filters_outlive_a_look() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let order = merchant.opens_an_order("7201").await;
        let link = merchant.makes_a_link(&order).await;
        let message = merchant.sends(&link).await;
        merchant.sees_message(&message, "delivered").await;
        browser.signs_in(app).await;
        browser.clicks("Unpaid").await;
        browser.sees_no("1001").await;
        browser.opens_order("7201").await;
        browser.runs("document.querySelector('a.back').click()", vec![]).await;
        browser.sees("7201").await;
        browser.sees_no("1001").await;

        let conversation = merchant.conversation_with(&order.phone).await;
        let path = format!("/conversations/{}", conversation["id"].as_str().unwrap());
        browser.runs("location.hash = arguments[0]", vec![json!(path)]).await;
        browser.sees("Delivered").await;
        browser.writes("Message", "Half a sentence").await;
        // The session ends elsewhere.
        let sessions = merchant.http.whole_list("/v1/console-sessions", 100).await;
        for session in sessions {
            let end = format!("/v1/console-sessions/{}", session["id"].as_str().unwrap());
            let end = merchant.http.request(reqwest::Method::DELETE, &end);
            merchant.http.ask(end).await.with_status(204);
        }
        browser.refusals.expect(401, "/v1/");
        browser.sees("Your session is over. Sign in again.").await;
        browser.writes("API key", &app.hello.api_key).await;
        browser.clicks("Sign in").await;
        browser.sees("Delivered").await;
        assert_eq!(browser.reads("Message").await, "Half a sentence");
    })
    .await;
}

#[tokio::test]
async fn what_was_typed_outlives_a_reload_and_is_gone_with_whoever_signs_out() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let kept = async || {
            let kept = browser.runs("return JSON.stringify([{...localStorage}, {...sessionStorage}])", vec![]).await;
            kept.as_str().unwrap().to_owned()
        };
        browser.signs_in(app).await;
        browser.clicks("New order").await;
        browser.writes("Order number", "7301").await;
        browser.writes("Buyer's name", "Somebody Private").await;
        browser.client().refresh().await.unwrap();
        browser.clicks("New order").await;
        assert_eq!(browser.reads("Buyer's name").await, "Somebody Private");
        // Sent input is not kept.
        browser.writes("Buyer's mobile number", "+1 202 555 0173").await;
        browser.writes("Currency", "USD").await;
        browser.writes("Total", "12").await;
        browser.clicks("Create the order").await;
        browser.sees("Order 7301 created.").await;
        assert_eq!(kept().await, "[{},{}]");

        browser.clicks("Orders").await;
        browser.clicks("New order").await;
        browser.writes("Buyer's name", "Somebody Private").await;
        assert!(kept().await.contains("Somebody Private"));
        // Signed out in another tab: nothing is left in this one either.
        browser.opens_in_a_new_tab(&format!("{}/console", app.hello.url)).await;
        browser.clicks("Sign out").await;
        // A warning comes before input is lost, also in another tab.
        browser.sees("Something was written and not sent or saved").await;
        browser.clicks("Stay").await;
        browser.clicks("Sign out").await;
        browser.clicks("Sign out all the same").await;
        browser.sees("It is not kept in your browser").await;
        browser.turns_to_tab(0).await;
        crate::support::eventually("nothing is kept", async || (kept().await == "[{},{}]").then_some(())).await;
        browser.refusals.expect(401, "/v1/");
        browser.client().refresh().await.unwrap();
        browser.signs_in_for_more_with(app, &app.hello.api_key).await;
        browser.clicks("New order").await;
        assert_eq!(browser.reads("Buyer's name").await, "");
    })
    .await;
}

#[tokio::test]
async fn a_new_order_begins_with_the_usual_currency() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        // In dollars.
        merchant.opens_an_order("7401").await;
        let euros = merchant.http.request(Method::PATCH, "/v1/merchant").json(&json!({"currency": "eur"}));
        merchant.http.ask(euros).await.with_status(200);
        browser.signs_in(app).await;
        browser.clicks("Orders").await;
        browser.sees("7401").await;
        browser.clicks("New order").await;
        crate::support::eventually("the usual one is there", async || {
            (browser.reads("Currency").await == "EUR").then_some(())
        })
        .await;
    })
    .await;
}

/// Loses the connection, and returns what the banner shows then.
const OFFLINE: &str = "dispatchEvent(new Event('offline'));
    const banner = document.getElementById('connection');
    return banner.checkVisibility() ? banner.innerText : null";

#[tokio::test]
async fn that_there_is_no_line_is_said() {
    scene::on(Setup::PHONE, async |app: &mut App, browser: &Browser| {
        browser.signs_in(app).await;
        // Checked in the same turn, since any later answer of the server says that there is a connection.
        let said = browser.runs(OFFLINE, vec![]).await;
        assert!(said.as_str().is_some_and(|said| said.contains("No connection to Paylink.")), "{said}");
        browser.runs("dispatchEvent(new Event('online'))", vec![]).await;
        browser.sees_no("No connection to Paylink.").await;
    })
    .await;
}

#[tokio::test]
async fn an_erased_buyer_is_gone_and_their_order_gets_no_new_link() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let order = merchant.opens_an_order("7401").await;
        let link = merchant.makes_a_link(&order).await;
        let message = merchant.sends(&link).await;
        merchant.sees_message(&message, "delivered").await;
        merchant.voids(&link).await.with_status(202);
        merchant.sees(&link.id, "voided").await;
        browser.signs_in_for_more_with(app, &app.hello.api_key).await;
        browser.opens_order("7401").await;
        browser.sees("New link").await;
        let erase =
            merchant.http.request(reqwest::Method::DELETE, &format!("/v1/buyers/{}", order.phone.replace('+', "%2B")));
        assert!(merchant.http.ask(erase).await.status < 300);
        crate::support::eventually("the link is erased", async || {
            merchant.link(&link.id).await["purged_at"].is_string().then_some(())
        })
        .await;
        browser.sees("The buyer was erased: this order cannot get a new link.").await;
        browser.sees_no("New link").await;
        // It did not wait for its day, and nothing says so.
        browser.sees_no("90 days").await;
        browser.clicks("Conversations").await;
        browser.sees("No conversations yet").await;
    })
    .await;
}
