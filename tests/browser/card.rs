//! What the card of a link says where it is not as usual, and in the merchant's own way of writing.

use std::fs::File;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use reqwest::Method;
use serde_json::json;

use crate::{
    browser::Browser,
    chromium::Setup,
    scene,
    support::{App, StripeEvent, eventually},
};

#[tokio::test]
async fn a_second_payment_a_failed_renewal_and_a_failed_resend_are_told_as_what_they_are() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let (merchant, sandbox) = (app.merchant(), app.sandbox());
        let twice = merchant.opens_an_order("8201").await;
        let link = merchant.makes_a_link(&twice).await;
        for session in ["cs_one", "cs_two"] {
            let paid = StripeEvent::about_session("checkout.session.completed", &link.id, session, "paid");
            app.is_told(&paid).await.with_status(200);
            merchant.sees(&link.id, "paid").await;
        }
        let is_twice = async || (merchant.link(&link.id).await["review"] == "amount_mismatch").then_some(());
        eventually("the second is known", is_twice).await;

        let again = merchant.opens_an_order("8202").await;
        let link = merchant.makes_a_link(&again).await;
        let text = merchant.sends(&link).await;
        merchant.sees_message(&text, "delivered").await;
        let refused = json!({"service": "sms", "times": 1, "mode": "status", "status": 400, "method": "POST"});
        sandbox.fails(refused).await;
        let text = merchant.sends_again(&link).await;
        merchant.sees_message(&text, "failed").await;

        let landline = merchant.opens_an_order_of("8204", "+49301234567").await;
        let unpaid = merchant.opens_an_order("8203").await;
        let link = merchant.makes_a_link(&unpaid).await;
        let text = merchant.sends(&link).await;
        merchant.sees_message(&text, "delivered").await;
        let begun = sandbox.does("pay", json!({"url": link.stripe_url, "async": true})).await;
        merchant.sees(&link.id, "processing").await;
        let no_new_one = json!({"service": "stripe", "times": 1_000, "mode": "status", "status": 403, "method": "POST", "path": "/v1/payment_links?"});
        sandbox.fails(no_new_one).await;
        sandbox.does("settle", json!({"session": begun["session"], "succeed": false})).await;
        eventually("it says why", async || merchant.link(&link.id).await["failure"].is_string().then_some(())).await;

        browser.signs_in(app).await;
        let shows = async |order: &str| browser.runs(&format!("location.hash = '/orders/{order}'"), vec![]).await;
        shows(&twice.id).await;
        browser.sees("The buyer paid more than once.").await;
        browser.sees_no("the buyer paid a different one").await;
        browser.clicks("Home").await;
        browser.sees("or paid more than once. Compare the payments at Stripe").await;
        shows(&landline.id).await;
        browser.sees("The number is a landline, which may not get texts.").await;
        shows(&again.id).await;
        browser.sees("The last text did not reach the buyer, who has the link from before.").await;
        browser.sees_no("they do not have this link yet").await;
        shows(&unpaid.id).await;
        browser.sees("nobody can pay with this link now").await;
        browser.sees("Stripe refused").await;
        browser.sees_no("can pay again").await;
        browser.sees_no("the same link can be paid again").await;
        browser.sees_no("Send again").await;
    })
    .await;
}

#[tokio::test]
async fn sizes_amounts_and_days_are_written_as_where_the_merchant_is() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let folder = tempfile::tempdir().unwrap();
        let scan = folder.path().join("scan.pdf");
        File::create(&scan).unwrap().set_len(10_900_000).unwrap();
        // Browsers write forints without decimals, and Stripe takes them with two.
        let forints = json!({"currency": "huf", "items": [], "shipping": null, "discount": null, "amount": "1234.50"});
        let order = format!("/v1/orders/{}", app.hello.order_id);
        merchant.http.ask(merchant.http.request(Method::PATCH, &order).json(&forints)).await.with_status(200);

        browser.signs_in(app).await;
        browser.sees("1,234.50 HUF").await;
        browser.clicks("Settings").await;
        browser.chooses("Region", "DE").await;
        browser.chooses("Time zone", "Pacific/Kiritimati").await;
        browser.clicks("Save").await;
        browser.sees("Saved.").await;
        browser.clicks("Orders").await;
        browser.sees("1.234,50 HUF").await;
        browser.opens_order("1001").await;
        browser.clicks("Create a link").await;
        assert_eq!(browser.reads("Total").await, "1234,50");
        browser.picks("Invoice as a PDF", &scan).await;
        browser.sees("scan.pdf has 10,4 MB; 10 MB is the most.").await;

        // The last day is the one that the dialog names, on the other side of the line of dates too.
        let there = FixedOffset::east_opt(14 * 3_600).unwrap();
        let last_day = || (Utc::now() + TimeDelta::days(89)).with_timezone(&there).format("%-d %b %Y").to_string();
        let before = last_day();
        let hint =
            browser.runs(r"return document.querySelector('dialog').innerText.replace(/\s+/g, ' ')", vec![]).await;
        let is_named = |day: &str| hint.as_str().unwrap().contains(&format!("Left empty: it can be paid until {day}."));
        assert!(is_named(&before) || is_named(&last_day()), "{hint}");
        browser.clicks("Use the order's details page").await;
        browser.clicks("Create a link").await;
        browser.sees("Ready to be paid").await;
        let seen = merchant.http.get(&order).await.with_status(200).json();
        let ends: DateTime<Utc> = seen["links"][0]["expires_at"].as_str().unwrap().parse().unwrap();
        browser.sees(&ends.with_timezone(&there).format("%-d %b %Y, 23:59").to_string()).await;
        assert!([before, last_day()].contains(&ends.with_timezone(&there).format("%-d %b %Y").to_string()), "{ends}");
    })
    .await;
}
