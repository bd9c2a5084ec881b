//! From the link to the money and back.

use ring::hmac;
use serde_json::{Value, json};

use crate::{
    receiver::{Received, Receiver},
    world::{SECRET, World, send},
};

/// Recomputes the signature from the bytes that arrived.
fn assert_signed(received: &Received) {
    let header = received.stripe_signature.as_deref().unwrap();
    let (time, tag) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let age = chrono::Utc::now().timestamp() - time.parse::<i64>().unwrap();
    assert!((0..300).contains(&age), "{age}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag: Vec<u8> = (0..tag.len()).step_by(2).map(|at| u8::from_str_radix(&tag[at..at + 2], 16).unwrap()).collect();
    hmac::verify(&key, format!("{time}.{}", received.body).as_bytes(), &tag).unwrap();
}

async fn pay(world: &World, link: &Value) -> crate::world::Answer {
    world.control("/pay", json!({ "url": link["url"] })).await
}

#[tokio::test]
async fn a_link_is_created_opened_and_paid_and_a_signed_webhook_tells_of_it() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    world.send_events_to(&receiver).await;

    let link = world.link().await;
    assert!(link["id"].as_str().unwrap().starts_with("plink_"));
    assert_eq!(link["object"], "payment_link");
    assert_eq!(link["active"], true);
    assert_eq!(link["livemode"], false);
    assert!(link["url"].as_str().unwrap().starts_with(&world.url("/pay/test_")));
    let opened = world.control("/open", json!({ "url": link["url"] })).await.json();
    let paid = world.control("/pay", json!({ "session": opened["session"] })).await;
    assert_eq!(paid.status, 200, "{}", paid.text);

    let hook = receiver.next().await;
    assert_signed(&hook);
    assert!(hook.content_type.starts_with("application/json"));
    let event = hook.event();
    assert_eq!(event["id"], paid.json()["event"]);
    assert_eq!(event["object"], "event");
    assert_eq!(event["type"], "checkout.session.completed");
    assert_eq!(event["livemode"], false);
    let session = &event["data"]["object"];
    assert_eq!(session["id"], opened["session"]);
    assert_eq!(session["payment_link"], link["id"]);
    assert_eq!(session["payment_intent"], paid.json()["payment_intent"]);
    assert_eq!(session["amount_total"], 12_950);
    assert_eq!(session["currency"], "usd");
    assert_eq!(session["status"], "complete");
    assert_eq!(session["payment_status"], "paid");
    assert_eq!(session["metadata"], json!({ "link_id": "link_1", "merchant_id": "mer_1" }));
}

#[tokio::test]
async fn a_link_for_one_payment_cannot_be_paid_twice_not_even_from_a_page_that_was_open() {
    let world = World::start().await;
    let link = world.link().await;
    let waiting = world.control("/open", json!({ "url": link["url"] })).await.json();

    assert_eq!(pay(&world, &link).await.status, 200);

    assert_eq!(pay(&world, &link).await.status, 409);
    assert_eq!(world.control("/pay", json!({ "session": waiting["session"] })).await.status, 409);
    let page = send(world.http.get(link["url"].as_str().unwrap())).await.unwrap();
    assert!(page.text.contains("This invoice is settled."), "{}", page.text);
    let link = world.stripe_get(&format!("/v1/payment_links/{}", link["id"].as_str().unwrap())).await.json();
    assert_eq!(link["restrictions"]["completed_sessions"], json!({ "count": 1, "limit": 1 }));
}

#[tokio::test]
async fn a_deactivated_link_cannot_be_opened_but_a_page_that_is_open_can_still_be_paid() {
    let world = World::start().await;
    let link = world.link().await;
    let waiting = world.control("/open", json!({ "url": link["url"] })).await.json();

    let path = format!("/v1/payment_links/{}", link["id"].as_str().unwrap());
    let closed = world.stripe_post(&path, &[("active", "false")]).await;
    assert_eq!(closed.json()["active"], false);

    assert_eq!(pay(&world, &link).await.status, 409);
    assert_eq!(world.control("/pay", json!({ "session": waiting["session"] })).await.status, 200);
}

#[tokio::test]
async fn a_session_that_was_expired_cannot_be_paid() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    world.send_events_to(&receiver).await;
    let link = world.link().await;
    let session = world.control("/open", json!({ "url": link["url"] })).await.json();
    let open = format!("/v1/checkout/sessions?payment_link={}&status=open", link["id"].as_str().unwrap());
    assert_eq!(world.stripe_get(&open).await.json()["data"][0]["id"], session["session"]);

    let expire = format!("/v1/checkout/sessions/{}/expire", session["session"].as_str().unwrap());
    let expired = world.stripe_post(&expire, &[]).await;
    assert_eq!(expired.json()["status"], "expired");

    assert_eq!(world.control("/pay", json!({ "session": session["session"] })).await.status, 409);
    assert_eq!(world.stripe_get(&open).await.json()["data"], json!([]));
    assert_eq!(world.stripe_post(&expire, &[]).await.status, 400);
    let event = receiver.next().await.event();
    assert_eq!(event["type"], "checkout.session.expired");
    assert_eq!(event["request"]["id"], expired.header("request-id").unwrap());
}

#[tokio::test]
async fn a_session_that_was_paid_is_found_complete_and_cannot_be_expired() {
    let world = World::start().await;
    let link = world.link().await;
    let paid = pay(&world, &link).await.json();

    let found = format!("/v1/checkout/sessions?payment_link={}&status=complete", link["id"].as_str().unwrap());
    let found = world.stripe_get(&found).await.json();

    assert_eq!(found["data"][0]["id"], paid["session"]);
    assert_eq!(found["data"][0]["payment_status"], "paid");
    let expire = format!("/v1/checkout/sessions/{}/expire", paid["session"].as_str().unwrap());
    assert_eq!(world.stripe_post(&expire, &[]).await.status, 400);
}

#[tokio::test]
async fn the_page_shows_the_amount_and_its_button_pays() {
    let world = World::start().await;
    let link = world.link().await;
    let url = link["url"].as_str().unwrap();

    let page = send(world.http.get(url)).await.unwrap();
    assert!(page.text.contains("USD 129.50"), "{}", page.text);
    assert!(page.text.contains("Invoice 7 &amp; more"), "{}", page.text);
    let session = page.text.split("name=\"session\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let pressed = send(world.http.post(url).form(&[("session", session)])).await.unwrap();

    assert_eq!(pressed.status, 303);
    assert_eq!(pressed.header("location"), Some("http://127.0.0.1:8080/p/thanks"));
    let session = world.stripe_get(&format!("/v1/checkout/sessions/{session}")).await.json();
    assert_eq!(session["payment_status"], "paid");
    assert_eq!(send(world.http.post(url).form(&[("session", "cs_test_none")])).await.unwrap().status, 404);
}

#[tokio::test]
async fn what_is_not_a_link_of_ours_cannot_be_paid() {
    let world = World::start().await;
    for url in [world.url("/pay/test_unknown"), world.url("/outbox"), "nonsense".to_owned()] {
        assert_eq!(world.control("/pay", json!({ "url": url })).await.status, 404, "{url}");
    }
    assert_eq!(world.control("/pay", json!({})).await.status, 400);
}
