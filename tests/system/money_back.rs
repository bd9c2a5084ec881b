//! Payments whose money went back, or may: they never look simply paid, to nobody.

use chrono::Utc;
use serde_json::{Value, json};

use crate::{
    signals::{notices, only, shows},
    support::{App, StripeEvent, eventually, on_both_databases},
};

on_both_databases!(
    money_that_went_back_never_looks_simply_paid,
    money_that_went_back_in_another_currency_never_looks_simply_paid,
    a_refund_that_is_not_made_is_told_until_it_is,
    a_bank_that_only_asks_is_not_told_as_one_that_wants_the_money,
);

async fn money_that_went_back_never_looks_simply_paid(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    for (number, told, notice, says) in [
        (1, "refund", "partly_refunded", "part of the money was paid back"),
        (2, "refund", "refunded", "the money was paid back to you"),
        (3, "dispute", "disputed", "your bank was asked for the money back"),
    ] {
        let order = merchant.opens_an_order(&format!("M-{number}")).await;
        let link = merchant.makes_a_link(&order).await;
        app.buyer().pays(&link).await;
        let paid = merchant.sees(&link.id, "paid").await;
        assert!(app.buyer().opens(&link).await.text().contains("This invoice is paid."));
        assert!(notices(&merchant, &order).await.is_empty());
        let intent = paid["dashboard_url"].as_str().unwrap().rsplit('/').next().unwrap();
        let amount = if number == 1 { json!(2_950) } else { Value::Null };

        sandbox.does(told, json!({"payment_intent": intent, "amount": amount})).await;

        eventually("the list says it", async || (notices(&merchant, &order).await == only(notice)).then_some(())).await;
        let page = app.buyer().opens(&link).await.with_status(200).text();
        assert!(page.contains(says), "{says} is not on {page}");
        assert_eq!(merchant.tag(&order).await, "paid");
    }
}

async fn a_refund_that_is_not_made_is_told_until_it_is(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("M-5").await;
    let link = merchant.makes_a_link(&order).await;
    let payment = sandbox.does("pay", json!({"url": link.stripe_url})).await["payment_intent"].clone();
    merchant.sees(&link.id, "paid").await;
    let told = async |notice: &str| {
        let what = format!("the list says {notice}");
        eventually(&what, async || (notices(&merchant, &order).await == only(notice)).then_some(())).await;
    };

    let begun = sandbox.does("refund", json!({"payment_intent": payment, "status": "pending"})).await;
    told("refund_pending").await;
    assert_eq!(merchant.link(&link.id).await["refund_status"], "none");
    sandbox.does("refund/settle", json!({"refund": begun["refund"], "status": "failed"})).await;
    told("refund_failed").await;
    let page = app.buyer().opens(&link).await.text();
    assert!(page.contains("This invoice is paid. A refund of 129.50\u{a0}USD did not go through;"), "{page}");
    // That the merchant was told, as the page says, is so.
    let matters = async || merchant.http.whole_list("/v1/attention?kind=review", 10).await;
    assert_eq!(matters().await[0]["reason"], "refund_failed");
    // The next is made. Stripe tells times in whole seconds.
    let then = Utc::now().timestamp();
    eventually("the second is over", async || (Utc::now().timestamp() > then).then_some(())).await;
    sandbox.does("refund", json!({"payment_intent": payment})).await;
    told("refunded").await;
    assert!(matters().await.is_empty());
}

async fn a_bank_that_only_asks_is_not_told_as_one_that_wants_the_money(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("M-6").await;
    let link = merchant.makes_a_link(&order).await;
    let payment = sandbox.does("pay", json!({"url": link.stripe_url})).await["payment_intent"].clone();
    merchant.sees(&link.id, "paid").await;
    let matters = async || {
        let open = merchant.http.whole_list("/v1/attention", 10).await;
        let of_it = open.into_iter().filter(|matter| matter["link_id"] == link.id.as_str());
        of_it.map(|matter| (matter["kind"].clone(), matter["reason"].clone())).collect::<Vec<_>>()
    };
    for (path, status, notice, reason, says) in [
        ("dispute", "warning_needs_response", "inquiry", json!("inquiry"), "your bank is asking about the payment"),
        ("dispute/close", "needs_response", "disputed", Value::Null, "your bank was asked for the money back"),
    ] {
        sandbox.does(path, json!({"payment_intent": payment, "status": status})).await;

        eventually(&format!("the list says {notice}"), async || {
            (notices(&merchant, &order).await == only(notice)).then_some(())
        })
        .await;
        assert_eq!(matters().await, [(json!("dispute"), reason)]);
        let page = app.buyer().opens(&link).await.with_status(200).text();
        assert!(page.contains(says), "{says} is not on {page}");
        assert!(!page.contains("Thank you. This invoice is paid."), "it looks simply paid: {page}");
    }
}

async fn money_that_went_back_in_another_currency_never_looks_simply_paid(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("M-4").await;
    let link = merchant.makes_a_link(&order).await;
    let paid = StripeEvent::about_session("checkout.session.completed", &link.id, "cs_eur", "paid");
    app.is_told(&paid.with("currency", json!("eur"))).await.with_status(200);
    merchant.sees(&link.id, "paid").await;
    assert_eq!(notices(&merchant, &order).await, only("review"));

    let back = StripeEvent::refund_object("refund.created", "cs_eur", ("re_eur", 12_950, "succeeded"));
    app.is_told(&back.with("currency", json!("eur"))).await.with_status(200);

    let part = shows(&merchant, &link.id, "some went back", |link| link["refund_status"] == "partial").await;
    assert!(part["refunded_amount"].is_null(), "{part}");
    assert!(notices(&merchant, &order).await.contains("partly_refunded"));
    let page = app.buyer().opens(&link).await.with_status(200).text();
    assert!(page.contains("part of the money was paid back"), "{page}");

    // That it is all of it only the charge can say.
    let whole = StripeEvent::refund(&link.id, "cs_eur", 12_950).with("currency", json!("eur"));
    app.is_told(&whole.with("refunded", json!(true)).later(60)).await.with_status(200);

    shows(&merchant, &link.id, "all went back", |link| link["refund_status"] == "full").await;
    let page = app.buyer().opens(&link).await.with_status(200).text();
    assert!(page.contains("the money was paid back to you"), "{page}");
    assert!(page.contains("class=\"sentence paid back\""), "it looks simply paid: {page}");
}
