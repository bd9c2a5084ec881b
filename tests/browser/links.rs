//! All payment links: filtered by the URL, and sent, voided and exported in bulk.

use serde_json::json;

use crate::{
    browser::Browser,
    chromium::Setup,
    scene,
    support::{App, eventually},
};

#[tokio::test]
async fn links_are_found_and_many_are_sent_and_voided_at_once() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let (one, two) = (merchant.opens_an_order("7001").await, merchant.opens_an_order("7002").await);
        for order in [&one, &two] {
            merchant.makes_a_link(order).await;
        }
        let paid = merchant.opens_an_order("7003").await;
        let link = merchant.makes_a_link(&paid).await;
        app.sandbox().does("pay", json!({"url": link.stripe_url})).await;
        merchant.sees(&link.id, "paid").await;

        browser.signs_in(app).await;
        browser.clicks("Links").await;
        browser.sees("Order 7003").await;
        browser.is_accessible("links").await;
        browser.clicks("Unpaid").await;
        browser.sees_no("Order 7003").await;
        browser.sees("Order 7001").await;
        // The URL keeps the filter, also after a visit to an order.
        browser.client().refresh().await.unwrap();
        browser.sees("Order 7001").await;
        browser.sees_no("Order 7003").await;

        browser.clicks("Choose all on this page").await;
        browser.sees("2 chosen").await;
        browser.clicks("Send 2").await;
        browser.sees("Send 2 links?").await;
        browser.clicks("Send them").await;
        browser.sees("Done: 2 of 2.").await;
        browser.clicks("Close").await;
        browser.sees("Delivered").await;
        assert_eq!(app.sandbox().texts_to(&one.phone).await.len(), 1);
        assert_eq!(app.sandbox().texts_to(&two.phone).await.len(), 1);

        // Again within a minute: each says why it was refused, and stops no other.
        browser.clicks("Choose all on this page").await;
        browser.clicks("Send 2").await;
        browser.refusals.expect(409, "/v1/payment-links/");
        browser.clicks("Send them").await;
        browser.sees("Done: 0 of 2.").await;
        browser.sees("less than a minute ago").await;
        browser.clicks("Close").await;

        browser.clicks("Choose all on this page").await;
        browser.clicks("Remind 2").await;
        browser.sees("Remind 2 buyers?").await;
        browser.clicks("Cancel").await;
        browser.sees("2 chosen").await;
        browser.clicks("Void 2").await;
        browser.sees("This cannot be undone.").await;
        browser.clicks("Void them").await;
        browser.sees("Done: 2 of 2.").await;
        browser.clicks("Close").await;
        browser.sees("No payment link matches.").await;
        browser.clicks("Show all payment links").await;
        browser.sees("Voided").await;
        for width in [320, 360, 480, 640, 700, 800, 900, 960, 1024, 1100, 1280, 1440, 1920] {
            browser.is_as_wide_as(width).await;
            browser.cuts_nothing_off(".link-cells > *", &format!("links at {width}")).await;
            browser.runs("location.hash = '/orders'", vec![]).await;
            browser.sees("7003").await;
            browser.cuts_nothing_off(".row-tag, .row-amount", &format!("orders at {width}")).await;
            browser.runs("location.hash = '/links'", vec![]).await;
            browser.sees("Order 7003").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_link_gets_reminders_of_its_own_on_its_card() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let order = merchant.opens_an_order("7051").await;
        let link = merchant.makes_a_link(&order).await;
        browser.signs_in_for_more_with(app, &app.hello.api_key).await;
        browser.opens_order("7051").await;
        browser.sees("As in your settings").await;
        browser.clicks("Change").await;
        browser.sees("By your settings, nobody is reminded.").await;
        browser.chooses("When the buyer is reminded", "own").await;
        browser.writes("After", "61").await;
        browser.clicks("Save").await;
        browser.sees("Write a whole number from 1 to 60.").await;
        browser.writes("After", "5").await;
        browser.writes("Once more", "2").await;
        browser.is_accessible("reminders of a link").await;
        browser.fits_the_screen("reminders of a link").await;
        browser.clicks("Save").await;
        browser.sees("5 days after the last text, at most 2 times, once more 2 days before it expires").await;
        browser.sees("Reminders changed").await;
        let seen = merchant.link(&link.id).await;
        assert_eq!((&seen["reminders"], &seen["reminder_after_days"]), (&json!(true), &json!(5)));
        browser.clicks("Change").await;
        browser.chooses("When the buyer is reminded", "none").await;
        browser.clicks("Save").await;
        eventually("there are none", async || (merchant.link(&link.id).await["reminders"] == false).then_some(()))
            .await;
        browser.sees("Not at all").await;
    })
    .await;
}

/// The state of a dispute is shown in the list, on the link's card and on the home page.
#[tokio::test]
async fn a_dispute_is_shown_as_what_became_of_it() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let (merchant, sandbox) = (app.merchant(), app.sandbox());
        let tags = [
            (&["needs_response"][..], "Disputed"),
            (&["needs_response", "under_review"], "Dispute answered"),
            (&["warning_needs_response"], "Bank inquiry"),
            (&["needs_response", "lost"], "Dispute lost"),
            (&["needs_response", "won"], "Dispute won"),
            (&["prevented"], "Dispute prevented"),
            (&["warning_needs_response", "warning_closed"], "Inquiry closed"),
        ];
        let mut orders = Vec::new();
        for (number, (steps, _)) in (8001..).zip(&tags) {
            let order = merchant.opens_an_order(&number.to_string()).await;
            let link = merchant.makes_a_link(&order).await;
            let payment = sandbox.does("pay", json!({"url": link.stripe_url})).await["payment_intent"].clone();
            merchant.sees(&link.id, "paid").await;
            sandbox.does("dispute", json!({"payment_intent": payment, "status": steps[0]})).await;
            for step in &steps[1..] {
                sandbox.does("dispute/close", json!({"payment_intent": payment, "status": step})).await;
            }
            let last = *steps.last().unwrap();
            eventually("it is told", async || (merchant.link(&link.id).await["dispute_status"] == last).then_some(()))
                .await;
            orders.push(order);
        }

        browser.signs_in(app).await;
        browser.clicks("Links").await;
        browser.sees("Order 8001").await;
        for (_, tag) in &tags {
            browser.sees(tag).await;
        }
        browser.is_accessible("links with disputes").await;
        browser.clicks("Dates, disputes and sorting").await;
        browser.chooses("Dispute", "lost").await;
        browser.sees_no("Order 8001").await;
        browser.sees("Order 8004").await;

        browser.runs(&format!("location.hash = '/orders/{}'", orders[3].id), vec![]).await;
        browser.sees("their bank has taken the money back").await;
        browser.sees("you have lost").await;
        browser.sees_no("Dispute closed").await;
        browser.runs(&format!("location.hash = '/orders/{}'", orders[2].id), vec![]).await;
        browser.sees("no money has been taken so far").await;

        browser.sees("Bank inquiry").await;

        browser.clicks("Home").await;
        browser.sees("A dispute was lost").await;
        browser.sees("A payment is disputed").await;
        browser.sees("A bank asks about a payment").await;
        browser.sees("Taken back by banks").await;
    })
    .await;
}

/// Failed refunds and other problems are shown in the lists and on the card.
#[tokio::test]
async fn what_does_not_go_as_it_should_is_told_in_every_list() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let (merchant, sandbox) = (app.merchant(), app.sandbox());
        let mut orders = Vec::new();
        for (number, end) in [("8101", "pending"), ("8102", "failed")] {
            let order = merchant.opens_an_order(number).await;
            let link = merchant.makes_a_link(&order).await;
            let payment = sandbox.does("pay", json!({"url": link.stripe_url})).await["payment_intent"].clone();
            merchant.sees(&link.id, "paid").await;
            let refund = sandbox.does("refund", json!({"payment_intent": payment, "status": "pending"})).await;
            if end == "failed" {
                sandbox.does("refund/settle", json!({"refund": refund["refund"], "status": end})).await;
            }
            let event = format!("refund_{end}");
            eventually("it is told", async || {
                merchant.link(&link.id).await.to_string().contains(&event).then_some(())
            })
            .await;
            orders.push(order);
        }
        // A text that the carrier refuses, and a void that Stripe refuses.
        let refused = merchant.opens_an_order("8103").await;
        let link = merchant.makes_a_link(&refused).await;
        sandbox.fails(json!({"service": "sms", "times": 1, "mode": "status", "status": 400, "method": "POST"})).await;
        let message = merchant.sends(&link).await;
        merchant.sees_message(&message, "failed").await;
        let stuck = merchant.makes_a_link(&merchant.opens_an_order("8104").await).await;
        let no = json!({"service": "stripe", "times": 50, "mode": "status", "status": 403, "method": "POST", "path": "/payment_links/"});
        sandbox.fails(no).await;
        merchant.voids(&stuck).await.with_status(202);
        eventually("Stripe refused", async || merchant.link(&stuck.id).await["failure"].is_string().then_some(())).await;

        browser.signs_in(app).await;
        for list in ["Orders", "Links"] {
            browser.clicks(list).await;
            browser.sees("Refund under way").await;
            browser.sees("Refund failed").await;
            browser.sees("Link in trouble").await;
        }
        browser.is_accessible("links in trouble").await;
        browser.clicks("Conversations").await;
        browser.sees("Not sent · You:").await;
        browser.is_accessible("conversations with a text that failed").await;
        browser.runs(&format!("location.hash = '/orders/{}'", orders[0].id), vec![]).await;
        browser.sees("a refund is under way").await;
        browser.runs(&format!("location.hash = '/orders/{}'", orders[1].id), vec![]).await;
        browser.sees("Stripe could not refund it").await;
        browser.is_accessible("a refund that failed").await;
    })
    .await;
}
