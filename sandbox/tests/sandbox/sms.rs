//! The carrier.

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};

use crate::{
    receiver::{Received, Receiver},
    world::{BUYER, NUMBER, SID, TOKEN, World, send},
};

/// Recomputes the signature from the bytes that arrived.
fn assert_signed(received: &Received, url: &str) {
    let mut pairs = received.form();
    pairs.sort();
    let signed: String = pairs.iter().fold(url.to_owned(), |text, (name, value)| format!("{text}{name}{value}"));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, TOKEN.as_bytes());
    let tag = BASE64_STANDARD.decode(received.twilio_signature.as_deref().unwrap()).unwrap();
    hmac::verify(&key, signed.as_bytes(), &tag).unwrap();
}

/// Sends a text whose reports go to the receiver; gives back its sid.
async fn send_text(world: &World, receiver: &Receiver, body: &str) -> Value {
    let form = [("To", BUYER), ("From", NUMBER), ("Body", body), ("StatusCallback", &receiver.url)];
    let answer = world.text(&form).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["sid"].clone()
}

#[tokio::test]
async fn a_text_is_queued_sent_and_delivered_and_each_step_is_reported_and_signed() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    let body = "Pay at http://127.0.0.1:8080/p/abc, thanks & see you 😀";
    let sid = send_text(&world, &receiver, body).await;

    let mut statuses = Vec::new();
    for _ in 0..3 {
        let report = receiver.next().await;
        assert_signed(&report, &receiver.url);
        assert_eq!(report.field("MessageSid").map(Value::from), Some(sid.clone()));
        assert_eq!(report.field("To").as_deref(), Some(BUYER));
        statuses.extend(report.field("MessageStatus"));
    }

    statuses.sort();
    assert_eq!(statuses, ["delivered", "queued", "sent"]);
    let message = send(world.sms(Method::GET, &format!("/Messages/{}.json", sid.as_str().unwrap()))).await.unwrap();
    assert_eq!(message.json()["status"], "delivered");
    assert_eq!(message.json()["body"], body);
    assert_eq!(message.json()["num_segments"], "1");
    let page = send(world.http.get(world.url("/outbox"))).await.unwrap();
    assert!(page.text.contains("<a href=\"http://127.0.0.1:8080/p/abc\">"), "{}", page.text);
}

#[tokio::test]
async fn the_carrier_reports_what_it_is_told_to_and_a_text_never_goes_back() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    world.control("/sms/reports", json!({ "automatic": false })).await;
    let sid = send_text(&world, &receiver, "Hello").await;

    for (status, code) in [("undelivered", json!(30003)), ("sent", Value::Null)] {
        let report = json!({ "sid": sid, "status": status, "error_code": code });
        assert_eq!(world.control("/sms/report", report).await.json()["reported"], true);
        let report = receiver.next().await;
        assert_signed(&report, &receiver.url);
        assert_eq!(report.field("MessageStatus").as_deref(), Some(status));
        assert_eq!(report.field("ErrorCode"), code.as_u64().map(|code| code.to_string()));
    }

    let message = world.items("/sms/outbox").await.remove(0);
    assert_eq!((&message["status"], &message["error_code"]), (&json!("undelivered"), &json!(30003)));
    assert_eq!(world.control("/sms/report", json!({ "sid": "SM0", "status": "sent" })).await.status, 404);
}

#[tokio::test]
async fn a_report_that_is_refused_comes_again() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    world.control("/sms/reports", json!({ "automatic": false })).await;
    let sid = send_text(&world, &receiver, "Hello").await;

    receiver.answer(503);
    world.control("/sms/report", json!({ "sid": sid, "status": "delivered" })).await;

    assert_eq!(receiver.next().await.body, receiver.next().await.body);
}

#[tokio::test]
async fn what_the_carrier_refuses_has_its_code() {
    let world = World::start().await;
    let long = "a".repeat(1601);
    let text = |to, body| vec![("To", to), ("From", NUMBER), ("Body", body)];
    for (form, code) in [
        (text("+15005550001", "Hello"), 21211),
        (text("5551230000", "Hello"), 21211),
        (text("+15005550009", "Hello"), 21614),
        (text("+15005550004", "Hello"), 21610),
        (text(BUYER, ""), 21602),
        (text(BUYER, &long), 21617),
        (vec![("From", NUMBER), ("Body", "Hello")], 21604),
        (vec![("To", BUYER), ("Body", "Hello")], 21603),
        (vec![("To", BUYER), ("From", "+15550000000"), ("Body", "Hello")], 21606),
        (vec![("To", BUYER), ("From", NUMBER), ("Body", "Hello"), ("StatusCallback", "nowhere")], 21609),
        (vec![("To", BUYER), ("From", NUMBER), ("Body", "Hello"), ("Text", "Hello")], 20001),
    ] {
        let answer = world.text(&form).await;
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(code)), "{}", answer.text);
        assert_eq!(answer.json()["status"], 400);
        assert!(answer.json()["more_info"].as_str().unwrap().ends_with(&code.to_string()));
    }
    assert_eq!(world.items("/sms/outbox").await.len(), 0);
}

#[tokio::test]
async fn a_request_needs_the_account_and_its_token() {
    let world = World::start().await;
    let url = world.url(&format!("/sms/2010-04-01/Accounts/{SID}/Messages.json"));
    let other = world.url("/sms/2010-04-01/Accounts/AC11111111111111111111111111111111/Messages.json");
    for request in [
        world.http.get(&url),
        world.http.get(&url).basic_auth(SID, Some("wrong")),
        world.http.get(other).basic_auth(SID, Some(TOKEN)),
    ] {
        let answer = send(request).await.unwrap();
        assert_eq!((answer.status, &answer.json()["code"]), (401, &json!(20003)));
    }
}

#[tokio::test]
async fn a_text_is_found_by_its_number_and_time() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let sid = send_text(&world, &receiver, "First").await;
    let other = [("To", "+15551230001"), ("MessagingServiceSid", &format!("MG{}", "0".repeat(32))), ("Body", "Other")];
    assert_eq!(world.text(&other).await.status, 201);

    for (since, found) in [("2020-01-01", 1), ("2020-01-01T08:00:00Z", 1), ("2999-01-01", 0)] {
        let path = format!("/Messages.json?To=%2B{}&DateSent%3E={since}", &BUYER[1..]);
        let list = send(world.sms(Method::GET, &path)).await.unwrap().json();
        let messages = list["messages"].as_array().unwrap();
        assert_eq!(messages.len(), found, "{since}");
        assert!(messages.iter().all(|message| message["sid"] == sid));
    }
    assert_eq!(send(world.sms(Method::GET, "/Messages.json?Since=2020-01-01")).await.unwrap().status, 400);
    assert_eq!(send(world.sms(Method::GET, "/Messages/SM0.json")).await.unwrap().status, 404);
}

#[tokio::test]
async fn a_buyer_who_says_stop_gets_no_more_texts_until_they_say_start() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    world.control("/sms/reports", json!({ "automatic": false })).await;
    send_text(&world, &receiver, "Hello").await;
    let text = [("To", BUYER), ("From", NUMBER), ("Body", "Hello again")];

    for (word, status) in [(" stop\n", 400), ("What is this?", 400), ("Start", 201)] {
        let incoming = json!({ "from": BUYER, "to": NUMBER, "body": word });
        let said = world.control("/sms/incoming", incoming).await;
        assert_eq!(said.status, 200, "{}", said.text);
        let hook = receiver.next().await;
        assert_signed(&hook, &receiver.url);
        assert_eq!(hook.field("MessageSid").map(Value::from), Some(said.json()["sid"].clone()));
        assert_eq!(hook.field("From").as_deref(), Some(BUYER));
        assert_eq!(hook.field("To").as_deref(), Some(NUMBER));
        assert_eq!(hook.field("Body").as_deref(), Some(word));
        assert_eq!(hook.field("MessageStatus"), None);

        let answer = world.text(&text).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(status == 201 || answer.json()["code"] == 21610);
    }
}

#[tokio::test]
async fn a_buyer_answers_from_the_outbox_page() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    assert_eq!(world.control("/sms/incoming", json!({ "from": BUYER, "body": "Hi" })).await.status, 409);
    world.control("/sms/webhook", json!({ "url": receiver.url })).await;

    let form = [("from", BUYER), ("body", "Is this <you>?")];
    let sent = send(world.http.post(world.url("/outbox")).form(&form)).await.unwrap();

    assert_eq!(sent.status, 303);
    assert_eq!(receiver.next().await.field("Body").as_deref(), Some("Is this <you>?"));
    let page = send(world.http.get(world.url("/outbox"))).await.unwrap();
    assert!(page.text.contains("Is this &lt;you&gt;?"), "{}", page.text);
}

#[tokio::test]
async fn the_gateway_that_speaks_json_takes_reports_and_passes_on() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    let post = |body: Value| world.http.post(world.url("/sms/gateway/messages")).json(&body);
    let order = json!({"to": BUYER, "from": "Bakery", "text": "Hello", "callback": receiver.url});
    assert_eq!(send(post(order.clone())).await.unwrap().status, 401);
    let ask = |body: Value| send(post(body).bearer_auth(TOKEN));

    let taken = ask(order.clone()).await.unwrap();
    assert_eq!(taken.status, 202, "{}", taken.text);
    let id = taken.json()["message"]["id"].clone();
    let mut states = Vec::new();
    for _ in 0..3 {
        let report: Value = serde_json::from_str(&receiver.next().await.body).unwrap();
        assert_eq!(report["id"], id);
        states.push(report["state"].as_str().unwrap().to_owned());
    }
    states.sort();
    assert_eq!(states, ["delivered", "queued", "sent"]);

    let refused = |change: &dyn Fn(&mut Value)| {
        let mut order = order.clone();
        change(&mut order);
        ask(order)
    };
    for (answer, code) in [
        (refused(&|it| it["to"] = json!("+15005550009")).await.unwrap(), "invalid_recipient"),
        (refused(&|it| it["to"] = json!("+15005550004")).await.unwrap(), "opted_out"),
        (refused(&|it| it["colour"] = json!("red")).await.unwrap(), "invalid_request"),
    ] {
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (422, &json!(code)));
    }

    let said = json!({"from": BUYER, "body": "STOP"});
    assert_eq!(world.control("/sms/incoming", said).await.status, 200);
    let text: Value = serde_json::from_str(&receiver.next().await.body).unwrap();
    assert_eq!((&text["msisdn"], &text["text"]), (&json!(BUYER.trim_start_matches('+')), &json!("STOP")));
    assert_eq!(ask(order).await.unwrap().json()["error"]["code"], "opted_out");
}
