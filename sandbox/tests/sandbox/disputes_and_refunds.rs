//! What comes after the payment, and what changes on a link.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    receiver::Receiver,
    world::{World, send},
};

/// Pays and gives back what that made.
async fn pay(world: &World, link: &Value) -> Value {
    world.control("/pay", json!({ "url": link["url"] })).await.json()
}

#[tokio::test]
async fn a_delayed_payment_completes_unpaid_and_settles_later() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    world.send_events_to(&receiver).await;

    for (succeed, kind, status) in [
        (true, "checkout.session.async_payment_succeeded", "paid"),
        (false, "checkout.session.async_payment_failed", "unpaid"),
    ] {
        let link = world.link().await;
        let paid = world.control("/pay", json!({ "url": link["url"], "async": true })).await.json();
        let completed = receiver.next().await.event();
        assert_eq!(completed["type"], "checkout.session.completed");
        assert_eq!(completed["data"]["object"]["payment_status"], "unpaid");

        let settlement = json!({ "session": paid["session"], "succeed": succeed });
        assert_eq!(world.control("/settle", settlement.clone()).await.status, 200);
        assert_eq!(world.control("/settle", settlement).await.status, 409);

        let settled = receiver.next().await.event();
        assert_eq!(settled["type"], kind);
        assert_eq!(settled["data"]["object"]["payment_status"], status);
    }
}

/// The next two events by the names of their types: as with Stripe, either may come first.
async fn two(receiver: &mut Receiver) -> [Value; 2] {
    let mut told = [receiver.next().await.event(), receiver.next().await.event()];
    told.sort_by_key(|event| event["type"].to_string());
    told
}

#[tokio::test]
async fn refunds_are_told_with_all_that_was_given_back_so_far() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    let link = world.link().await;
    let intent = pay(&world, &link).await["payment_intent"].clone();
    world.send_events_to(&receiver).await;

    for (amount, refunded, whole) in [(json!(950), 950, false), (Value::Null, 12_950, true)] {
        let refund = world.control("/refund", json!({ "payment_intent": intent, "amount": amount })).await;
        assert_eq!(refund.status, 200, "{}", refund.text);
        let [event, of_the_refund] = two(&mut receiver).await;
        assert_eq!(event["type"], "charge.refunded");
        assert_eq!(event["data"]["object"]["payment_intent"], intent);
        assert_eq!(event["data"]["object"]["amount_refunded"], refunded);
        assert_eq!(event["data"]["object"]["refunded"], whole);
        assert_eq!(event["data"]["object"]["metadata"], json!({ "link_id": "link_1" }));
        assert_eq!(
            (&of_the_refund["type"], &of_the_refund["data"]["object"]["status"]),
            (&json!("refund.created"), &json!("succeeded"))
        );
    }
    assert_eq!(world.control("/refund", json!({ "payment_intent": intent })).await.status, 409);
}

#[tokio::test]
async fn a_refund_that_fails_later_is_told_by_itself_and_not_by_its_charge() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    let link = world.link().await;
    let intent = pay(&world, &link).await["payment_intent"].clone();
    world.send_events_to(&receiver).await;

    let begun = json!({ "payment_intent": intent, "amount": 950, "status": "pending" });
    let refund = world.control("/refund", begun).await.json()["refund"].clone();
    let told = two(&mut receiver).await;
    assert_eq!(
        (&told[0]["data"]["object"]["amount_refunded"], &told[1]["data"]["object"]["status"]),
        (&json!(950), &json!("pending"))
    );
    for (status, kinds) in [
        ("succeeded", ["charge.refund.updated", "refund.updated"]),
        ("failed", ["charge.refund.updated", "refund.failed"]),
    ] {
        assert_eq!(world.control("/refund/settle", json!({ "refund": refund, "status": status })).await.status, 200);
        for (kind, event) in kinds.into_iter().zip(two(&mut receiver).await) {
            assert_eq!((&event["type"], &event["data"]["object"]["status"]), (&json!(kind), &json!(status)));
            assert_eq!(event["data"]["object"]["id"], refund);
        }
    }
    assert_eq!(world.control("/refund/settle", json!({ "refund": refund, "status": "succeeded" })).await.status, 409);
    assert_eq!(world.control("/refund/settle", json!({ "refund": "re_1", "status": "succeeded" })).await.status, 404);
    // It can be given back once more.
    world.control("/refund", json!({ "payment_intent": intent })).await;
    assert_eq!(two(&mut receiver).await[0]["data"]["object"]["amount_refunded"], 12_950);
}

#[tokio::test]
async fn a_dispute_is_told_when_it_opens_and_when_it_closes() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    let link = world.link().await;
    let intent = pay(&world, &link).await["payment_intent"].clone();
    world.send_events_to(&receiver).await;

    let dispute = world.control("/dispute", json!({ "payment_intent": intent })).await.json();
    assert_eq!(world.control("/dispute", json!({ "payment_intent": intent })).await.status, 409);
    let event = receiver.next().await.event();
    assert_eq!(event["type"], "charge.dispute.created");
    assert_eq!(event["data"]["object"]["id"], dispute["dispute"]);
    assert_eq!(event["data"]["object"]["payment_intent"], intent);
    world.control("/dispute/close", json!({ "payment_intent": intent, "won": false })).await;
    let event = receiver.next().await.event();
    assert_eq!(event["type"], "charge.dispute.closed");
    assert_eq!(event["data"]["object"]["status"], "lost");
}

#[tokio::test]
async fn what_changes_on_a_link_is_told_and_what_does_not_is_not() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    let link = world.link().await;
    let path = format!("/v1/payment_links/{}", link["id"].as_str().unwrap());
    world.send_events_to(&receiver).await;

    world.stripe_post(&path, &[("active", "true")]).await;
    let changed = world.stripe_post(&path, &[("metadata[link_id]", ""), ("metadata[new]", "1")]).await;

    assert_eq!(changed.json()["metadata"], json!({ "merchant_id": "mer_1", "new": "1" }));
    let event = receiver.next().await.event();
    assert_eq!(event["type"], "payment_link.updated");
    let before = json!({ "metadata": { "link_id": "link_1", "merchant_id": "mer_1" } });
    assert_eq!(event["data"]["previous_attributes"], before);
    let filtered = send(world.stripe(Method::GET, "/v1/payment_links?active=false")).await.unwrap();
    assert_eq!(filtered.json()["data"], json!([]));
}
