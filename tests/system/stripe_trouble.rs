//! Stripe on a bad day.

use serde_json::json;

use crate::support::{App, Invoice, on_both_databases};

on_both_databases!(
    a_link_is_made_once_however_stripe_fails,
    a_void_is_confirmed_however_stripe_fails,
    a_link_that_stripe_refuses_has_failed_and_can_be_made_anew,
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
