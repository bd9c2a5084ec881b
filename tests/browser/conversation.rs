//! Events appear in the conversation: payments are shown there, and a draft shows its cost.

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
        browser.clicks("7301 is paid").await;
        browser.sees("Order 7301").await;
    })
    .await;
}

#[tokio::test]
async fn a_conversation_is_sought_assigned_and_closed() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let first = merchant.opens_an_order("7311").await;
        let second = merchant.opens_an_order("7312").await;
        for order in [&first, &second] {
            let link = merchant.makes_a_link(order).await;
            let message = merchant.sends(&link).await;
            merchant.sees_message(&message, "delivered").await;
        }
        browser.signs_in_for_more_with(app, &app.hello.api_key).await;
        browser.clicks("Conversations").await;
        browser.writes("Search conversations", "7311").await;
        let conversation = merchant.conversation_with(&first.phone).await;
        let path = format!("#/conversations/{}", conversation["id"].as_str().unwrap());
        let rows = "return [...document.querySelectorAll('.conversation-row')].map((row) => row.getAttribute('href').split('?')[0])";
        crate::support::eventually("only the one is listed", async || {
            (browser.runs(rows, vec![]).await == json!([path])).then_some(())
        })
        .await;
        browser.is_accessible("a search for a conversation").await;
        browser.runs("document.querySelector('.conversation-row').click()", vec![]).await;
        browser.clicks("Close conversation").await;
        browser.sees("Open again").await;
        let people = merchant.http.get("/v1/people").await.with_status(200).json();
        browser.chooses("Whose conversation this is", people["items"][0]["id"].as_str().unwrap()).await;
        let at = format!("/v1/conversations/{}", conversation["id"].as_str().unwrap());
        crate::support::eventually("it is somebody's", async || {
            let seen = merchant.http.get(&at).await.with_status(200).json();
            (seen["status"] == "closed" && seen.get("assigned_to").is_some()).then_some(())
        })
        .await;
        browser.is_accessible("a conversation that is closed").await;
        browser.fits_the_screen("a conversation that is closed").await;
        app.sandbox().buyer_texts(&first.phone, "And another thing").await;
        browser.sees("And another thing").await;
        crate::support::eventually("the reply opened it", async || {
            (merchant.http.get(&at).await.with_status(200).json()["status"] == "open").then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn conversations_are_narrowed_to_whose_they_are_and_the_address_says_so() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let till = app.operator().makes_a_key(&merchant.id, "write").await;
        app.hush(&till);
        let people = merchant.http.get("/v1/people").await.with_status(200).json();
        let id_of = |key: &str| {
            let all = people["items"].as_array().unwrap();
            let one = all.iter().find(|one| key.ends_with(one["last_four"].as_str().unwrap())).unwrap();
            one["id"].as_str().unwrap().to_owned()
        };
        let (mine, tills) = (id_of(&app.hello.api_key), id_of(&till));
        for (number, whose) in [("7321", Some(&mine)), ("7322", Some(&tills)), ("7323", None)] {
            let order = merchant.opens_an_order(number).await;
            let link = merchant.makes_a_link(&order).await;
            let message = merchant.sends(&link).await;
            merchant.sees_message(&message, "delivered").await;
            let conversation = merchant.conversation_with(&order.phone).await;
            let path = format!("/v1/conversations/{}", conversation["id"].as_str().unwrap());
            if let Some(whose) = whose {
                merchant.http.post(&format!("{path}/assign"), &json!({"to": whose})).await.with_status(200);
            }
        }
        browser.signs_in_for_more_with(app, &app.hello.api_key).await;
        browser.clicks("Conversations").await;
        let rows = async |wanted: usize| {
            let count = "return document.querySelectorAll('.conversation-row').length";
            crate::support::eventually(&format!("{wanted} are listed"), async || {
                (browser.runs(count, vec![]).await == json!(wanted)).then_some(())
            })
            .await;
        };
        rows(3).await;
        for whose in [mine.as_str(), "nobody", tills.as_str()] {
            browser.chooses("Whose conversations", whose).await;
            rows(1).await;
            let address = browser.runs("return location.hash", vec![]).await;
            assert!(address.as_str().unwrap().contains(&format!("assigned_to={whose}")), "{address}");
        }
        browser.is_accessible("conversations of a colleague").await;
        browser.clicks("Closed").await;
        browser.sees("No conversations match.").await;
        browser.clicks("Open").await;
        rows(1).await;
        // The URL identifies it, also for others who get the URL.
        browser.client().refresh().await.unwrap();
        rows(1).await;
        crate::support::eventually("it says whose", async || {
            (browser.reads("Whose conversations").await == tills).then_some(())
        })
        .await;
        for width in [320, 480, 700, 900, 1100, 1440] {
            browser.is_as_wide_as(width).await;
            browser.fits_the_screen(&format!("conversations at {width}")).await;
        }
        browser.chooses("Whose conversations", "").await;
        rows(3).await;
    })
    .await;
}
