//! Redis only notifies: commands are accepted without it, and what it loses is done nevertheless.

use serde_json::json;

use crate::support::{App, Invoice, eventually, on_both_databases};

on_both_databases!(
    apart:
    commands_are_accepted_without_redis_and_done_when_it_is_back,
    what_redis_forgets_is_done_all_the_same
);

async fn commands_are_accepted_without_redis_and_done_when_it_is_back(app: &mut App) {
    let (merchant, sandbox, redis) = (app.merchant(), app.sandbox(), app.redis());
    let (to_send, to_void) = (merchant.opens_an_order("11001").await, merchant.opens_an_order("11002").await);
    let sent = merchant.makes_a_link(&to_send).await;
    let voided = merchant.makes_a_link(&to_void).await;

    redis.freezes();
    let to_make = merchant.opens_an_order("11003").await;
    let made = merchant.uploads(&to_make, &Invoice::default()).await;
    let message = merchant.sends(&sent).await;
    merchant.voids(&voided).await.with_status(202);
    app.anybody().get("/healthz").await.with_status(200);
    assert_eq!(app.anybody().get("/readyz").await.with_status(200).json()["redis"], "unavailable");
    redis.is_killed();

    merchant.has_the_link(&made).await;
    merchant.sees_message(&message, "delivered").await;
    merchant.sees(&voided.id, "voided").await;
    let at_stripe = sandbox.links_for(&made).await;
    assert_eq!((at_stripe.total, at_stripe.live), (1, 1));
    assert_eq!(sandbox.texts_to(&to_send.phone).await.len(), 1);
    eventually("Redis is back", async || (app.anybody().get("/readyz").await.json()["redis"] == "ok").then_some(()))
        .await;
}

async fn what_redis_forgets_is_done_all_the_same(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let busy =
        json!({"service": "stripe", "times": 1, "mode": "status", "status": 503, "retry_after": 2, "method": "POST"});
    sandbox.fails(busy).await;
    let id = merchant.uploads(&app.order(), &Invoice::default()).await;
    eventually("the job waits for its next attempt", async || {
        app.operator().jobs("queued").await.into_iter().find(|job| job["last_error"].is_string())
    })
    .await;

    app.redis().loses_everything();

    merchant.has_the_link(&id).await;
    assert_eq!(sandbox.links_for(&id).await.total, 1);
}
