//! Stripe's events about payments, in every order.

use serde_json::{Value, json};

use crate::support::{App, Invoice, StripeEvent, eventually, on_both_databases};

on_both_databases!(
    every_order_of_what_is_told_of_a_payment_comes_to_the_same_end,
    a_total_is_paid_in_parts_by_one_link_after_the_other,
    the_failure_of_a_delayed_payment_may_overtake_its_beginning,
    a_payment_that_is_not_what_was_asked_is_taken_and_shown_for_review,
);

/// All orders of some things.
fn permutations<T: Clone>(things: &[T]) -> Vec<Vec<T>> {
    if things.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for index in 0..things.len() {
        let mut rest = things.to_vec();
        let first = rest.remove(index);
        all.extend(permutations(&rest).into_iter().map(|rest| [vec![first.clone()], rest].concat()));
    }
    all
}

async fn every_order_of_what_is_told_of_a_payment_comes_to_the_same_end(app: &mut App) {
    let merchant = app.merchant();
    let order_of_steps = permutations(&[0, 1, 2, 3, 4]);
    // One in ten of all orders, which still has each step at each place; the state machine's own test goes through them
    // all.
    let mut links = Vec::new();
    for (number, steps) in order_of_steps.iter().step_by(10).enumerate() {
        let order = merchant.opens_an_order(&format!("6{number:03}")).await;
        let link = merchant.makes_a_link(&order).await;
        let session = format!("cs_order_{number}");
        let told = [
            StripeEvent::about_session("checkout.session.completed", &link.id, &session, "unpaid"),
            StripeEvent::about_session("checkout.session.async_payment_succeeded", &link.id, &session, "paid"),
            StripeEvent::refund(&link.id, &session, 1_000),
            StripeEvent::refund(&link.id, &session, 2_500),
            StripeEvent::dispute("closed", &session, "won"),
        ];
        for step in steps {
            // Each twice, as Stripe does.
            app.is_told(&told[*step]).await.with_status(200);
            app.is_told(&told[*step]).await.with_status(200);
        }
        app.is_told(&StripeEvent::dispute("created", &session, "needs_response")).await.with_status(200);
        links.push((order, link, steps));
    }
    for (order, link, steps) in links {
        let end = eventually("all is applied", async || {
            let link = merchant.link(&link.id).await;
            let (amount, dispute) = (&link["refunded_amount"], &link["disputed"]);
            (link["status"] == "paid" && *amount == "25.00" && *dispute == "won").then_some(link)
        })
        .await;
        assert!(end["review"].is_null(), "{steps:?}: {end}");
        assert_eq!(merchant.tag(&order).await, "paid");
    }
    // The late event has not undone anything.
    for link in merchant.http.whole_list("/v1/payment-links", 100).await {
        assert_eq!((&link["status"], &link["refunded_amount"]), (&json!("paid"), &json!("25.00")), "{link}");
    }
}

/// As docs/merchants.md says of a deposit and the rest.
async fn a_total_is_paid_in_parts_by_one_link_after_the_other(app: &mut App) {
    let (merchant, buyer) = (app.merchant(), app.buyer());
    let order = merchant.opens_an_order("6490").await;
    let mut links = Vec::new();
    for (number, amount) in [("6490-1", "50.00"), ("6490-2", "79.50")] {
        let part = Invoice { number: Some(number), amount: Some(amount), ..Invoice::default() };
        let link = merchant.has_the_link(&merchant.uploads(&order, &part).await).await;
        assert!(buyer.opens(&link).await.text().contains(amount));
        buyer.pays(&link).await;
        let paid = merchant.sees(&link.id, "paid").await;
        assert_eq!((&paid["amount"], &paid["review"]), (&amount.into(), &Value::Null), "{paid}");
        links.push(link);
    }
    for link in &links {
        merchant.http.get(&format!("/v1/payment-links/{}/receipt.pdf", link.id)).await.with_status(200);
    }
    let summary = merchant.http.get("/v1/summary").await.with_status(200).json();
    let figures = &summary["currencies"][0];
    assert_eq!((&figures["paid"], &figures["outstanding"]), (&"129.50".into(), &"0.00".into()), "{figures}");
    assert_eq!(merchant.tag(&order).await, "paid");
}

async fn the_failure_of_a_delayed_payment_may_overtake_its_beginning(app: &mut App) {
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&app.order()).await;
    let failed = StripeEvent::about_session("checkout.session.async_payment_failed", &link.id, "cs_late", "unpaid");
    app.is_told(&failed).await.with_status(200);
    eventually("the failure is noted", async || {
        merchant.link(&link.id).await.to_string().contains("payment_failed").then_some(())
    })
    .await;

    let begun = StripeEvent::about_session("checkout.session.completed", &link.id, "cs_late", "unpaid");
    app.is_told(&begun).await.with_status(200);
    // Another session's payment is under way all the same, and shows that the one before was applied.
    let other = StripeEvent::about_session("checkout.session.completed", &link.id, "cs_other", "unpaid");
    app.is_told(&other).await.with_status(200);
    merchant.sees(&link.id, "processing").await;
    let failed = StripeEvent::about_session("checkout.session.async_payment_failed", &link.id, "cs_other", "unpaid");
    app.is_told(&failed).await.with_status(200);
    merchant.sees(&link.id, "unpaid").await;
    eventually("every event is applied", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;
    assert_eq!(merchant.link(&link.id).await["status"], "unpaid");
}

async fn a_payment_that_is_not_what_was_asked_is_taken_and_shown_for_review(app: &mut App) {
    let merchant = app.merchant();
    let wrong: [(&str, Value, &str); 4] = [
        ("amount_total", json!(12_949), "amount_mismatch"),
        ("currency", json!("eur"), "currency_mismatch"),
        ("livemode", json!(true), "livemode_mismatch"),
        ("payment_status", json!("paid"), ""),
    ];
    for (number, (field, value, review)) in wrong.into_iter().enumerate() {
        let order = merchant.opens_an_order(&format!("65{number}")).await;
        let link = merchant.makes_a_link(&order).await;
        let session = format!("cs_wrong_{number}");
        let paid = StripeEvent::about_session("checkout.session.completed", &link.id, &session, "paid");
        app.is_told(&paid.with(field, value)).await.with_status(200);
        let paid = merchant.sees(&link.id, "paid").await;
        assert_eq!(paid["review"].as_str().unwrap_or_default(), review, "{paid}");
        let told = paid["timeline"].as_array().unwrap().iter().any(|entry| entry["event"] == "review");
        assert_eq!(told, !review.is_empty(), "{paid}");
        assert_eq!(merchant.tag(&order).await, "paid");
        assert!(paid["dashboard_url"].as_str().unwrap().ends_with(&format!("/test/payments/pi_{session}")));

        // A second payment of the same link is never silently fine.
        if review.is_empty() {
            let again = StripeEvent::about_session("checkout.session.completed", &link.id, "cs_again", "paid");
            app.is_told(&again).await.with_status(200);
            let twice = eventually("the second payment is shown", async || {
                let link = merchant.link(&link.id).await;
                link["review"].is_string().then_some(link)
            })
            .await;
            assert_eq!(twice["review"], "amount_mismatch");
            assert!(twice.to_string().contains("paid_again"), "{twice}");

            // Once it is given back, the buyer has nothing more to do.
            let back = StripeEvent::refund_object("refund.created", "cs_again", ("re_again", 12_950, "succeeded"));
            app.is_told(&back).await.with_status(200);
            let says = "what was too much, 129.50\u{a0}USD, was paid back to you. There is nothing more to do.";
            let is_said = async || app.buyer().opens(&link).await.text().contains(says).then_some(());
            eventually("the buyer's page says so", is_said).await;
        }
    }
}
