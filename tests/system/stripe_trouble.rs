//! Errors and outages of Stripe.

use serde_json::json;

use crate::support::{App, Invoice, Link, eventually, on_both_databases};

on_both_databases!(
    a_link_is_made_once_however_stripe_fails,
    a_void_is_confirmed_however_stripe_fails,
    a_link_that_stripe_refuses_has_failed_and_can_be_made_anew,
    an_answer_that_was_lost_is_looked_up_once_stripe_may_have_forgotten_the_key,
    a_link_that_was_made_and_then_refused_does_not_stay_open,
    what_takes_the_place_of_what_is_used_up_was_never_used,
);

async fn a_link_is_made_once_however_stripe_fails(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let troubles = [
        json!({"mode": "status", "status": 503, "retry_after": 1}),
        json!({"mode": "status", "status": 500}),
        json!({"mode": "status_after", "status": 500}),
        json!({"mode": "status", "status": 429}),
        json!({"mode": "reset"}),
        json!({"mode": "reset_after"}),
    ];
    for (index, mut trouble) in troubles.into_iter().enumerate() {
        let order = merchant.opens_an_order(&format!("7{index:03}")).await;
        trouble["service"] = "stripe".into();
        trouble["times"] = 1.into();
        trouble["method"] = "POST".into();
        trouble["path"] = "/v1/payment_links".into();
        sandbox.fails(trouble.clone()).await;

        let link = merchant.makes_a_link(&order).await;

        let made = sandbox.links_for(&link.id).await;
        assert_eq!((made.total, made.live), (1, 1), "after {trouble}");
        assert_eq!(sandbox.payment_is_tried(&link).await, 200, "after {trouble}");
        merchant.sees(&link.id, "paid").await;
    }
}

async fn a_void_is_confirmed_however_stripe_fails(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let link = merchant.makes_a_link(&app.order()).await;
    let session = buyer.opens_stripe(&link).await;
    for (path, mode) in [("/v1/payment_links/", "reset_after"), ("/expire", "status_after"), ("/sessions?", "status")] {
        sandbox.fails(json!({"service": "stripe", "times": 1, "mode": mode, "status": 500, "path": path})).await;
    }

    merchant.voids(&link).await.with_status(202);

    merchant.sees(&link.id, "voided").await;
    assert_eq!(sandbox.payment_is_tried(&link).await, 409);
    assert_eq!(sandbox.is_told("pay", &json!({"session": session})).await.0, 409);
}

async fn a_link_that_stripe_refuses_has_failed_and_can_be_made_anew(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = app.order();
    let refusal = json!({"service": "stripe", "times": 1, "mode": "status", "status": 403, "method": "POST"});
    sandbox.fails(refusal).await;

    let id = merchant.uploads(&order, &Invoice::default()).await;

    let failed = merchant.sees(&id, "failed").await;
    assert!(failed["failure"].as_str().unwrap().len() > 10, "{failed}");
    assert!(failed["url"].is_null(), "{failed}");
    assert_eq!(sandbox.links_for(&id).await.total, 0);
    merchant.makes_a_link(&order).await;
}

async fn an_answer_that_was_lost_is_looked_up_once_stripe_may_have_forgotten_the_key(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let order = app.order();
    // Stripe makes the link at the first call, and no call is answered.
    let silence = json!({"service": "stripe", "times": 1_000, "mode": "reset_after", "method": "POST"});
    sandbox.fails(silence).await;
    let id = merchant.uploads(&order, &Invoice::default()).await;
    eventually("the link is made", async || (sandbox.links_for(&id).await.total == 1).then_some(())).await;
    assert_eq!(merchant.link(&id).await["status"], "creating");

    // A day passes. To ask under another key now would make a second one.
    app.changes_rows("UPDATE payment_link SET stripe_attempted_at = '2026-01-01T00:00:00+00:00'").await;

    let link = merchant.has_the_link(&id).await;
    let made = sandbox.links_for(&id).await;
    assert_eq!((made.total, made.live), (1, 1));
    sandbox.fails(json!({"service": "stripe", "times": 0, "mode": "reset"})).await;
    buyer.pays(&link).await;
    merchant.sees(&id, "paid").await;
}

async fn a_link_that_was_made_and_then_refused_does_not_stay_open(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = app.order();
    let making = |mode: &str, status: u16| json!({"service": "stripe", "times": 1, "mode": mode, "status": status, "method": "POST", "path": "/payment_links"});
    // It is made, the answer is lost, and then the key is no good any more.
    sandbox.fails(making("reset_after", 500)).await;
    sandbox.fails(making("status", 401)).await;
    let id = merchant.uploads(&order, &Invoice::default()).await;

    merchant.sees(&id, "failed").await;
    let closed = eventually("it is closed at Stripe", async || {
        let made = sandbox.links_for(&id).await;
        (made.live == 0).then_some(made)
    })
    .await;
    assert_eq!(closed.total, 1);
    eventually("the merchant can read it", async || {
        merchant.link(&id).await.to_string().contains("closed_at_stripe").then_some(())
    })
    .await;
    let second = merchant.makes_a_link(&order).await;
    assert_eq!(sandbox.links_for(&second.id).await.live, 1);
}

async fn what_takes_the_place_of_what_is_used_up_was_never_used(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let mut link = merchant.makes_a_link(&app.order()).await;
    let mut used = Vec::new();
    for round in 1..=3 {
        used.push(link.stripe_url.clone());
        let begun = sandbox.does("pay", json!({"url": link.stripe_url, "async": true})).await;
        merchant.sees(&link.id, "processing").await;
        // The next key gives nothing any more: what was made is looked for.
        let spent = json!({"service": "stripe", "times": 1, "mode": "status", "status": 500, "should_retry": false, "method": "POST", "path": "/v1/payment_links?"});
        sandbox.fails(spent).await;

        sandbox.does("settle", json!({"session": begun["session"], "succeed": false})).await;

        let renewed = eventually("it can be paid again", async || {
            let seen = merchant.link(&link.id).await;
            let times = seen["timeline"].as_array().unwrap().iter().filter(|it| it["event"] == "renewed").count();
            (times == round && seen["stripe_url"].is_string()).then_some(seen)
        })
        .await;
        link = Link { stripe_url: renewed["stripe_url"].as_str().unwrap().to_owned(), ..link };
        assert!(!used.contains(&link.stripe_url), "{renewed}");
        assert_eq!(sandbox.links_for(&link.id).await.live, 1);
    }
    app.buyer().pays(&link).await;
    merchant.sees(&link.id, "paid").await;
}
