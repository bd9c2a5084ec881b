//! A suspended merchant sends no texts and creates nothing new; buyers can pay open links, and that counts.

use serde_json::json;

use crate::support::{App, Browser, Invoice, asks_to_sign_in, eventually, on_both_databases};

on_both_databases!(
    a_suspended_merchant_texts_nobody_and_is_still_paid,
    an_operator_at_the_command_line_suspends_a_merchant_and_ends_sessions,
);

async fn a_suspended_merchant_texts_nobody_and_is_still_paid(app: &mut App) {
    let (merchant, operator, nobody) = (app.merchant(), app.operator().0, app.anybody());
    let order = merchant.opens_an_order("24001").await;
    let link = merchant.makes_a_link(&order).await;
    let first = merchant.sends(&link).await;
    merchant.sees_message(&first, "delivered").await;
    let conversation = merchant.conversation_with(&order.phone).await["id"].as_str().unwrap().to_owned();
    let browser = Browser::signs_in(&nobody, &app.hello.api_key).await;
    // One text is accepted and waits.
    let pause = json!({"kind": "send_sms", "reason": "a test"});
    operator.post("/v1/admin/jobs/pause", &pause).await.with_status(200);
    eventually("the workers know of the pause", async || {
        app.log().contains("what is paused has changed").then_some(())
    })
    .await;
    let waiting = merchant.sends_again(&link).await;
    let texts = app.sandbox().knows("sms/outbox").await["items"].as_array().unwrap().len();

    let path = |what: &str| format!("/v1/admin/merchants/{}/{what}", merchant.id);
    operator.post(&path("suspend"), &json!({"reason": ""})).await.problem(422, "invalid_input");
    merchant.http.post(&path("suspend"), &json!({"reason": "me"})).await.problem(401, "unauthorized");
    let suspended = operator.post(&path("suspend"), &json!({"reason": "complaints"})).await.with_status(200).json();
    assert_eq!(suspended["suspended_reason"], "complaints");
    let again = operator.post(&path("suspend"), &json!({"reason": "more"})).await.with_status(200).json();
    assert_eq!(again, suspended, "the first reason stays");

    browser.get("/v1/orders").await.problem(401, "session_expired");
    asks_to_sign_in(&nobody, &app.hello.api_key).await.problem(403, "merchant_suspended");
    let send = format!("/v1/payment-links/{}/send", link.id);
    merchant.http.post(&send, &json!({"resend": true})).await.problem(403, "merchant_suspended");
    let text = format!("/v1/conversations/{conversation}/messages");
    merchant.http.post(&text, &json!({"body": "Hello"})).await.problem(403, "merchant_suspended");
    let other = merchant.opens_an_order("24002").await;
    merchant.asks_for_a_link(&other, &Invoice::default()).await.problem(403, "merchant_suspended");
    // Waiting texts are no longer sent, and cost nothing.
    operator.post("/v1/admin/jobs/resume", &json!({"kind": "send_sms"})).await.with_status(200);
    let failed = merchant.sees_message(&waiting, "failed").await;
    assert!(failed["error"].as_str().unwrap().contains("suspended"), "{failed}");
    assert_eq!(merchant.credits().await, (99, 0));
    // Whoever asks for help by text gets no answer either, and is heard.
    app.sandbox().buyer_texts(&order.phone, "HELP").await;
    let said = format!("/v1/conversations/{conversation}/messages");
    eventually("the buyer is heard", async || {
        let messages = merchant.http.get(&said).await.json();
        messages["items"].as_array().unwrap().iter().any(|message| message["body"] == "HELP").then_some(())
    })
    .await;

    app.buyer().opens(&link).await.with_status(200);
    app.buyer().pays(&link).await;
    merchant.sees(&link.id, "paid").await;
    assert_eq!(merchant.tag(&order).await, "paid");
    assert_eq!(app.sandbox().knows("sms/outbox").await["items"].as_array().unwrap().len(), texts, "a text left");

    let resumed = operator.post(&path("resume"), &json!({"reason": "settled"})).await.with_status(200).json();
    assert!(resumed["suspended_at"].is_null() && resumed["suspended_reason"].is_null());
    asks_to_sign_in(&nobody, &app.hello.api_key).await.with_status(200);
    browser.get("/v1/orders").await.problem(401, "session_expired");
    let link = merchant.makes_a_link(&other).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    let log = merchant.http.get(&format!("/v1/audit-log?subject={}", merchant.id)).await.with_status(200).json();
    let acts: Vec<_> = log["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(acts[..2], ["merchant.resume", "merchant.suspend"]);
}

async fn an_operator_at_the_command_line_suspends_a_merchant_and_ends_sessions(app: &mut App) {
    let (merchant, nobody) = (app.merchant(), app.anybody());
    let browser = Browser::signs_in(&nobody, &app.hello.api_key).await;
    let listed = app.says(&["sessions", "list", "--merchant", &merchant.id]);
    let (session, _) = listed.split_once(' ').unwrap();
    assert!(session.starts_with("ses_") && listed.contains("key_") && listed.contains("127.0.0.1"), "{listed}");
    assert!(!app.runs(&["sessions", "end", session]).status.success(), "it is no operator's");
    app.says(&["sessions", "end", session, "--merchant", &merchant.id]);
    browser.get("/v1/orders").await.problem(401, "session_expired");
    assert_eq!(app.says(&["sessions", "list", "--merchant", &merchant.id]), "");

    assert!(!app.runs(&["merchant", "suspend", &merchant.id, "--reason", " "]).status.success());
    assert!(app.says(&["merchant", "suspend", &merchant.id, "--reason", "complaints"]).contains("is suspended"));
    assert!(app.says(&["merchant", "suspend", &merchant.id, "--reason", "more"]).contains("before"));
    asks_to_sign_in(&nobody, &app.hello.api_key).await.problem(403, "merchant_suspended");
    assert!(app.says(&["merchant", "resume", &merchant.id]).contains("no more"));
    asks_to_sign_in(&nobody, &app.hello.api_key).await.with_status(200);

    let log = app.says(&["audit-log", "--merchant", &merchant.id, "--actor", "operator", "--limit", "3"]);
    let acts: Vec<&str> = log.lines().collect();
    let told = ["merchant.resume", "merchant.suspend", "session.end"];
    assert!(acts.len() == 3 && acts.iter().zip(told).all(|(line, act)| line.contains(act)), "{log}");
    assert!(acts[1].ends_with("complaints"), "{log}");
}
