//! `Idempotency-Key`, as Stripe keeps it.

use serde_json::json;

use crate::world::{LINK, World, send};

const PATH: &str = "/v1/payment_links";

#[tokio::test]
async fn the_same_key_and_parameters_give_the_first_answer_again() {
    let world = World::start().await;
    let first = send(world.stripe_post_with_key("link:1:1", PATH, &LINK)).await.unwrap();
    let mut reordered = LINK;
    reordered.reverse();
    let again = send(world.stripe_post_with_key("link:1:1", PATH, &reordered)).await.unwrap();

    assert_eq!(first.status, 200);
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("original-request"), first.header("request-id"));
    assert_ne!(again.header("request-id"), first.header("request-id"));
    assert_eq!(world.links().await, 1);
}

#[tokio::test]
async fn a_key_is_for_one_set_of_parameters_and_one_endpoint() {
    let world = World::start().await;
    let first = send(world.stripe_post_with_key("link:1:1", PATH, &LINK)).await.unwrap();
    let path = format!("{PATH}/{}", first.json()["id"].as_str().unwrap());

    let mut other = LINK;
    other[1].1 = "12951";
    for request in [
        world.stripe_post_with_key("link:1:1", PATH, &other),
        world.stripe_post_with_key("link:1:1", &path, &[("active", "false")]),
    ] {
        let answer = send(request).await.unwrap();
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["error"]["type"], "idempotency_error");
    }
    assert_eq!(world.links().await, 1);
}

#[tokio::test]
async fn a_refusal_is_not_kept_and_the_key_can_be_used_again() {
    let world = World::start().await;
    let wrong = send(world.stripe_post_with_key("link:1:1", PATH, &[("active", "true")])).await.unwrap();
    let right = send(world.stripe_post_with_key("link:1:1", PATH, &LINK)).await.unwrap();

    assert_eq!((wrong.status, right.status), (400, 200));
}

#[tokio::test]
async fn a_500_is_kept_whether_it_came_before_or_after_the_effect() {
    let world = World::start().await;
    for (mode, links) in [("status", 0), ("status_after", 1)] {
        let fault = json!({ "service": "stripe", "times": 1, "mode": mode, "status": 500 });
        assert_eq!(world.control("/fail", fault).await.status, 200);

        let failed = send(world.stripe_post_with_key(mode, PATH, &LINK)).await.unwrap();
        let again = send(world.stripe_post_with_key(mode, PATH, &LINK)).await.unwrap();

        assert_eq!(failed.status, 500);
        assert_eq!((again.status, &again.text), (500, &failed.text));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(world.links().await, links);
    }
}

#[tokio::test]
async fn a_503_at_the_door_is_not_kept() {
    let world = World::start().await;
    for (mode, replayed) in [("status", None), ("status_after", Some("true"))] {
        world.control("/fail", json!({ "service": "stripe", "times": 1, "mode": mode, "status": 503 })).await;
        let failed = send(world.stripe_post_with_key(mode, PATH, &LINK)).await.unwrap();
        let again = send(world.stripe_post_with_key(mode, PATH, &LINK)).await.unwrap();

        assert_eq!((failed.status, again.status), (503, 200));
        assert_eq!(again.header("idempotent-replayed"), replayed);
    }
    assert_eq!(world.links().await, 2);
}

#[tokio::test]
async fn a_key_whose_request_is_in_progress_is_refused_until_that_ends() {
    let world = World::start().await;
    world.control("/fail", json!({ "service": "stripe", "times": 1, "mode": "hang" })).await;
    let hanging = tokio::spawn(send(world.stripe_post_with_key("link:1:1", PATH, &LINK)));
    while world.items("/requests").await.is_empty() {
        tokio::task::yield_now().await;
    }

    let meanwhile = loop {
        let answer = send(world.stripe_post_with_key("link:1:1", PATH, &[("active", "true")])).await.unwrap();
        // The hanging request is in the log a moment before its key is held.
        if answer.status == 409 {
            break answer;
        }
    };
    assert_eq!(meanwhile.json()["error"]["code"], "idempotency_key_in_use");

    hanging.abort();
    let freed = loop {
        let answer = send(world.stripe_post_with_key("link:1:1", PATH, &LINK)).await.unwrap();
        if answer.status != 409 {
            break answer;
        }
    };
    assert_eq!(freed.status, 200);
}

#[tokio::test]
async fn a_key_has_255_characters_at_most() {
    let world = World::start().await;
    for (length, status) in [(255, 200), (256, 400)] {
        let answer = send(world.stripe_post_with_key(&"k".repeat(length), PATH, &LINK)).await.unwrap();
        assert_eq!(answer.status, status);
    }
}
