//! Failures that were ordered.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{BUYER, LINK, NUMBER, World, send};

async fn order(world: &World, fault: Value) {
    let answer = world.control("/fail", fault).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn a_status_comes_before_or_after_the_effect_and_as_often_as_ordered() {
    let world = World::start().await;
    for (mode, links) in [("status", 1), ("status_after", 4)] {
        let fault = json!({ "service": "stripe", "times": 2, "mode": mode, "status": 429, "retry_after": 7 });
        order(&world, fault).await;
        let statuses = [
            world.stripe_post("/v1/payment_links", &LINK).await,
            world.stripe_post("/v1/payment_links", &LINK).await,
            world.stripe_post("/v1/payment_links", &LINK).await,
        ];

        assert_eq!(statuses.each_ref().map(|answer| answer.status), [429, 429, 200]);
        assert_eq!(statuses[0].header("retry-after"), Some("7"));
        assert_eq!(statuses[0].stripe_code(), "rate_limit");
        assert_eq!(world.links().await, links, "{mode}");
    }
}

#[tokio::test]
async fn a_reset_is_a_connection_error_before_or_after_the_effect() {
    let world = World::start().await;
    for (mode, links) in [("reset", 0), ("reset_after", 1)] {
        order(&world, json!({ "service": "stripe", "times": 1, "mode": mode })).await;

        let error = send(world.stripe(Method::POST, "/v1/payment_links").form(&LINK)).await.unwrap_err();

        assert!(error.is_request() && !error.is_timeout() && error.status().is_none(), "{error:?}");
        assert_eq!(world.links().await, links, "{mode}");
    }
    assert_eq!(world.stripe_post("/v1/payment_links", &LINK).await.status, 200);
}

#[tokio::test]
async fn a_call_that_hangs_gets_no_answer_before_or_after_the_effect() {
    let world = World::start().await;
    for (mode, links) in [("hang", 0), ("hang_after", 1)] {
        order(&world, json!({ "service": "stripe", "times": 1, "mode": mode })).await;

        let impatient = world.stripe(Method::POST, "/v1/payment_links").form(&LINK);
        let error = send(impatient.timeout(Duration::from_millis(300))).await.unwrap_err();

        assert!(error.is_timeout(), "{error:?}");
        assert_eq!(world.links().await, links, "{mode}");
        let last = world.items("/requests").await.pop().unwrap();
        assert_eq!(last["fault"], mode);
    }
}

#[tokio::test]
async fn a_fault_strikes_only_the_path_method_and_service_it_is_for() {
    let world = World::start().await;
    let fault = json!({ "service": "stripe", "times": 1, "mode": "status", "status": 500,
                        "path": "/v1/payment_links/plink_", "method": "POST" });
    order(&world, fault).await;

    let link = world.link().await;
    let path = format!("/v1/payment_links/{}", link["id"].as_str().unwrap());
    assert_eq!(world.stripe_get(&path).await.status, 200);
    assert_eq!(world.text(&[("To", BUYER), ("From", NUMBER), ("Body", "Hello")]).await.status, 201);
    assert_eq!(world.stripe_post(&path, &[("active", "false")]).await.status, 500);
    assert_eq!(world.stripe_post(&path, &[("active", "false")]).await.status, 200);
}

#[tokio::test]
async fn the_carrier_fails_as_ordered_too() {
    let world = World::start().await;
    let text = [("To", BUYER), ("From", NUMBER), ("Body", "Hello")];

    order(&world, json!({ "service": "sms", "times": 1, "mode": "status", "status": 429 })).await;
    let refused = world.text(&text).await;
    assert_eq!((refused.status, refused.json()["code"].clone()), (429, json!(20429)));
    assert_eq!(world.items("/sms/outbox").await.len(), 0);

    order(&world, json!({ "service": "sms", "times": 1, "mode": "reset_after" })).await;
    assert!(send(world.sms(Method::POST, "/Messages.json").form(&text)).await.is_err());
    assert_eq!(world.items("/sms/outbox").await.len(), 1);
}

#[tokio::test]
async fn orders_can_be_withdrawn_and_wrong_ones_are_refused() {
    let world = World::start().await;
    order(&world, json!({ "service": "stripe", "times": 9, "mode": "status" })).await;
    order(&world, json!({ "service": "stripe", "times": 0, "mode": "status" })).await;
    assert_eq!(world.stripe_get("/v1/payment_links").await.status, 200);
    for wrong in [
        json!({ "service": "fax", "times": 1, "mode": "status" }),
        json!({ "service": "sms", "times": 1, "mode": "explode" }),
        json!({ "service": "sms", "times": 1, "mode": "status", "status": 42 }),
        json!({ "service": "sms", "times": 1, "mode": "status", "surprise": true }),
    ] {
        assert_eq!(world.control("/fail", wrong.clone()).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn every_request_is_logged_with_its_answer_and_without_its_key() {
    let world = World::start().await;
    send(world.stripe_post_with_key("link:1:1", "/v1/payment_links", &LINK)).await.unwrap();
    world.text(&[("To", BUYER), ("From", NUMBER), ("Body", "Hello")]).await;

    let all = world.items("/requests").await;
    let stripe = world.items("/requests?service=stripe").await;

    assert_eq!((all.len(), stripe.len()), (2, 1));
    let logged = &stripe[0];
    assert_eq!(logged["method"], "POST");
    assert_eq!(logged["path"], "/v1/payment_links");
    assert_eq!(logged["headers"]["idempotency-key"], "link:1:1");
    assert!(logged["body"].as_str().unwrap().contains("unit_amount%5D=12950"), "{logged}");
    assert_eq!(logged["answer"]["status"], 200);
    assert!(logged["answer"]["body"].as_str().unwrap().contains("plink_"));
    assert_eq!(logged["headers"]["authorization"], "Bearer …irst");
}

#[tokio::test]
async fn a_slow_service_has_its_effect_half_way_to_its_answer() {
    let world = World::start().await;
    assert_eq!(world.control("/slow", json!({ "service": "stripe", "delay_ms": 6_000 })).await.status, 200);

    let call = tokio::spawn(send(world.stripe(Method::POST, "/v1/payment_links").form(&LINK)));
    assert_eq!(world.links().await, 0);
    while world.links().await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    assert!(!call.is_finished(), "it was answered with its effect");
    assert_eq!(call.await.unwrap().unwrap().status, 200);
    assert_eq!(world.control("/slow", json!({ "service": "stripe", "delay_ms": 0 })).await.status, 200);
    assert_eq!(world.stripe_post("/v1/payment_links", &LINK).await.status, 200);
    assert_eq!(world.links().await, 2);
}
