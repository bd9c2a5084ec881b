//! Lists filtered by the page one came from, and links selected over several pages.

use reqwest::Method;
use serde_json::json;

use crate::{
    browser::Browser,
    chromium::Setup,
    scene,
    support::{App, Order, eventually},
};

#[tokio::test]
async fn what_is_chosen_stays_chosen_from_page_to_page() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let row = |number: u32| {
            json!({"key": format!("k{number}"), "number": format!("{number}"), "amount": "12.50", "currency": "usd",
                "customer": {"name": "Example Buyer", "phone": format!("+1202558{number}")}})
        };
        let rows: Vec<_> = (7101..7152).map(row).collect();
        for row in &rows {
            app.hush(row["customer"]["phone"].as_str().unwrap());
        }
        let batch = json!({"rows": rows, "send": false});
        let batch = merchant.http.post("/v1/batches", &batch).await.with_status(202).json();
        let batch = format!("/v1/batches/{}", batch["id"].as_str().unwrap());
        let becomes = async |status: &str| {
            eventually("the batch is further", async || {
                (merchant.http.get(&batch).await.json()["status"] == status).then_some(())
            })
            .await;
        };
        becomes("ready").await;
        merchant.http.post(&format!("{batch}/start"), &json!({})).await.with_status(202);
        becomes("done").await;
        eventually("all can be paid", async || {
            (merchant.http.whole_list("/v1/payment-links?status=unpaid", 100).await.len() == 51).then_some(())
        })
        .await;

        browser.signs_in_with(app, &app.hello.api_key).await;
        browser.clicks("Links").await;
        browser.sees("7151").await;
        browser.clicks("Choose all on this page").await;
        browser.sees("50 chosen").await;
        browser.sees("50 of them on this page").await;
        browser.clicks("Older").await;
        browser.sees("7101").await;
        browser.sees("0 of them on this page").await;
        browser.clicks("Choose 7101").await;
        browser.sees("51 chosen").await;
        browser.clicks("Newer").await;
        browser.sees("50 of them on this page").await;
        browser.clicks("Send 51").await;
        // What is sent, an example recipient, and the total cost.
        browser.sees("For example, to Example Buyer:").await;
        browser.sees("12.50 USD. View and pay it by").await;
        browser.sees("About 51 credits in all; 100 available.").await;
        browser.is_accessible("a question before many are sent").await;
        browser.clicks("Cancel").await;
        browser.clicks("Choose none").await;
        browser.sees_no("chosen").await;
    })
    .await;
}

#[tokio::test]
async fn the_homes_figures_lead_to_the_links_that_they_are_of() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let dollars = merchant.opens_an_order("7161").await;
        merchant.makes_a_link(&dollars).await;
        let euros = json!({"number": "7162", "customer": {"name": "Example Buyer", "phone": dollars.phone},
            "amount": "20.00", "currency": "eur"});
        let euros = merchant.http.post("/v1/orders", &euros).await.with_status(201).json();
        let euros = Order { id: euros["id"].as_str().unwrap().to_owned(), phone: dollars.phone.clone() };
        merchant.makes_a_link(&euros).await;

        browser.signs_in(app).await;
        browser.clicks("Home").await;
        browser.sees("This month in EUR").await;
        browser.clicks("20.00 EUR").await;
        browser.sees("Only: Unpaid, Processing · EUR").await;
        browser.sees("7162").await;
        browser.sees_no("7161").await;
        browser.is_accessible("links of one currency").await;
        browser.clicks("Show all payment links").await;
        browser.sees("7161").await;
        browser.sees_no("Only:").await;
        browser.runs("location.hash = '/links?paid_from=2026-01-01'", vec![]).await;
        browser.sees("Only: Paid from").await;
        browser.clicks("Show all payment links").await;
        browser.sees("7161").await;
    })
    .await;
}

#[tokio::test]
async fn a_buyer_who_wants_no_texts_is_known_on_every_page() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let order = merchant.opens_an_order("7171").await;
        let link = merchant.makes_a_link(&order).await;
        let message = merchant.sends(&link).await;
        merchant.sees_message(&message, "delivered").await;
        browser.signs_in_for_more_with(app, &app.hello.api_key).await;
        browser.opens_order("7171").await;
        browser.sees("Send again").await;
        browser.clicks("Remind now").await;
        browser.sees("Remind 1 buyer?").await;
        browser.clicks("Cancel").await;
        browser.clicks("Conversation").await;
        browser.sees("Open (1): 129.50 USD").await;
        browser.clicks("No more texts to this buyer").await;
        browser.writes("Reason", "said so on the phone").await;
        browser.is_accessible("the question before nothing more is sent").await;
        browser.clicks("No more texts").await;
        browser.sees("has asked for no more texts").await;
        browser.sees_no("No more texts to this buyer").await;
        browser.sees("The link of 7171").await;
        browser.sees_no("Send the link of 7171").await;
        browser.runs(&format!("location.hash = '/orders/{}'", order.id), vec![]).await;
        browser.sees("This buyer wants no texts.").await;
        browser.sees_no("Send again").await;
        browser.sees_no("Remind now").await;
        browser.runs("location.hash = '/settings/opt-outs'", vec![]).await;
        browser.sees("Example Buyer").await;
    })
    .await;
}

#[tokio::test]
async fn a_template_that_was_not_saved_is_still_there() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        browser.signs_in(app).await;
        browser.runs("location.hash = '/settings/template'", vec![]).await;
        browser.sees("1 segment").await;
        browser.writes("Template", "{{merchant_name}}: {{amount}}, {{metadata.table}} {{link}}").await;
        browser.sees(", table http").await;
        browser.sees("The example shows the name").await;
        browser.sees("Not saved yet.").await;
        browser.clicks("Orders").await;
        browser.sees("1001").await;
        browser.runs("location.hash = '/settings/template'", vec![]).await;
        browser.sees("Not saved yet.").await;
        assert!(browser.reads("Template").await.contains("{{metadata.table}}"));
        browser.refusals.expect(422, "/message-template/preview");
        browser.writes("Template", "{{nothing}} {{link}}").await;
        browser.sees("This is the text from before the mistake.").await;
        browser.clicks("Back to the template").await;
        browser.sees_no("Not saved yet.").await;
        browser.sees("1 segment").await;
    })
    .await;
}

#[tokio::test]
async fn it_is_said_who_is_left_out_of_many_and_who_reads_another_language() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let (denies, reads) = (merchant.opens_an_order("7181").await, merchant.opens_an_order("7182").await);
        let denied = merchant.makes_a_link(&denies).await;
        for link in [&denied, &merchant.makes_a_link(&reads).await] {
            let message = merchant.sends(link).await;
            merchant.sees_message(&message, "delivered").await;
        }
        let http = app.anybody();
        http.ask(http.request(Method::POST, &format!("{}/unrecognised", denied.url))).await.with_status(303);
        let own = json!({"body": "Hi {{customer_name}}, your cake: {{link}}"});
        merchant.http.put("/v1/message-templates/request", &own).await.with_status(200);
        let language = merchant.http.request(Method::PATCH, &format!("/v1/orders/{}", reads.id));
        merchant.http.ask(language.json(&json!({"customer": {"language": "es"}}))).await.with_status(200);

        let ready = "1 reads a language other than yours. Use the ready text where you have not written one in theirs.";

        browser.signs_in(app).await;
        browser.clicks("Links").await;
        browser.sees("Not recognised").await;
        browser.clicks("Choose all on this page").await;
        browser.clicks("Remind 2").await;
        browser.sees("Remind 1 buyer?").await;
        browser.sees("Left out: 1. The buyer does not recognise it").await;
        browser.sees("1 reads a language other than yours.").await;
        browser.sees("le recordamos la factura").await;
        browser.is_accessible("a question before one of two is reminded").await;
        browser.clicks(ready).await;
        browser.sees("your cake").await;
        browser.clicks(ready).await;
        browser.sees("le recordamos la factura").await;
        browser.clicks("Cancel").await;

        // However many tags an order has, its number and its buyer can be read on a phone.
        browser.is_as_wide_as(375).await;
        browser.runs("location.hash = '/orders'", vec![]).await;
        browser.sees("7181").await;
        browser.sees("Not recognised").await;
        browser.cuts_nothing_off(".row-number, .row-buyer", "orders with many tags").await;
    })
    .await;
}
