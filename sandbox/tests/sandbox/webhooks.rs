//! How webhooks are delivered.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{receiver::Receiver, world::World};

async fn pay(world: &World) -> Value {
    let link = world.link().await;
    world.control("/pay", json!({ "url": link["url"] })).await.json()["event"].clone()
}

/// Waits until nothing is pending.
async fn settled(world: &World) {
    while world.items("/webhooks").await.iter().any(|delivery| delivery["state"] == "pending") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_webhook_that_is_refused_comes_again_with_the_same_body() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    world.send_events_to(&receiver).await;

    receiver.answer(500);
    let event = pay(&world).await;
    let (first, second) = (receiver.next().await, receiver.next().await);
    receiver.answer(200);

    assert_eq!(first.event()["id"], event);
    assert_eq!(first.body, second.body);
    settled(&world).await;
    let delivery = world.items("/webhooks").await.remove(0);
    assert_eq!(delivery["state"], "delivered");
    assert_eq!(delivery["event"], event);
    assert!(delivery["attempts"].as_u64().unwrap() >= 3, "{delivery}");
}

#[tokio::test]
async fn webhooks_are_duplicated_as_ordered_and_then_no_more() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    world.send_events_to(&receiver).await;

    for (order, copies) in [(json!({ "duplicate": 2 }), 3), (json!({ "duplicate": true }), 2), (json!({}), 1)] {
        assert_eq!(world.control("/webhooks", order).await.status, 200);
        let event = pay(&world).await;
        for _ in 0..copies {
            assert_eq!(receiver.next().await.event()["id"], event);
        }
        settled(&world).await;
        assert_eq!(receiver.waiting(), 0);
    }
}

#[tokio::test]
async fn a_dropped_webhook_is_recorded_and_can_be_sent_after_all() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    world.send_events_to(&receiver).await;

    world.control("/webhooks", json!({ "drop": 1 })).await;
    let (dropped, delivered) = (pay(&world).await, pay(&world).await);
    assert_eq!(receiver.next().await.event()["id"], delivered);
    let states: Vec<Value> = world.items("/webhooks").await.iter().map(|item| item["state"].clone()).collect();
    assert_eq!(states[0], "dropped");

    assert_eq!(world.control("/webhooks/resend", json!({ "event": dropped })).await.json()["endpoints"], 1);
    assert_eq!(receiver.next().await.event()["id"], dropped);
    assert_eq!(world.control("/webhooks/resend", json!({ "event": "evt_none" })).await.status, 404);
}

#[tokio::test]
async fn every_webhook_arrives_when_they_are_late_and_shuffled() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    world.send_events_to(&receiver).await;
    world.control("/webhooks", json!({ "shuffle": true, "delay_ms": 50 })).await;

    let (mut sent, mut arrived) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..8 {
        sent.insert(pay(&world).await.as_str().unwrap().to_owned());
    }
    for _ in 0..8 {
        arrived.insert(receiver.next().await.event()["id"].as_str().unwrap().to_owned());
    }

    assert_eq!(sent, arrived);
}

#[tokio::test]
async fn an_endpoint_hears_only_what_it_asked_for_and_of_its_own_account() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    let other = Receiver::start().await;
    world.send_events_to(&receiver).await;
    let everything = json!({ "url": other.url, "key": crate::world::OTHER_KEY, "enabled_events": ["*"] });
    assert_eq!(world.control("/stripe/webhook_endpoints", everything).await.status, 200);

    let event = pay(&world).await;

    assert_eq!(receiver.next().await.event()["id"], event);
    let deliveries = world.items("/webhooks").await;
    assert_eq!(deliveries.len(), 1, "{deliveries:?}");
}
