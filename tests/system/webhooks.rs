//! What Stripe and the carrier tell: believed when signed, in any order, once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, on_both_databases};

on_both_databases!(
    a_webhook_that_is_not_signed_is_refused,
    webhooks_that_come_twice_and_in_any_order_have_one_effect,
    a_webhook_whose_answer_was_lost_comes_again_and_changes_nothing,
);

fn events(link: &Value, kind: &str) -> usize {
    link["timeline"].as_array().unwrap().iter().filter(|entry| entry["event"] == kind).count()
}

async fn a_webhook_that_is_not_signed_is_refused(app: &mut App) {
    let http = app.anybody();
    let event = json!({"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {}}});
    let report = [("MessageSid", "SM1"), ("MessageStatus", "delivered")];
    let now = chrono::Utc::now().timestamp();
    let signatures = [String::new(), "nonsense".to_owned(), format!("t={now},v1={}", "0".repeat(64))];
    let merchant = &app.hello.merchant_id;
    for signature in &signatures {
        let post = |path: &str| http.request(Method::POST, path);
        let stripe = post(&format!("/webhooks/stripe/{merchant}")).header("Stripe-Signature", signature).json(&event);
        http.ask(stripe).await.problem(400, "bad_signature");
        let sms = post(&format!("/webhooks/sms/{merchant}")).header("X-Twilio-Signature", signature).form(&report);
        http.ask(sms).await.problem(400, "bad_signature");
        for nobody in ["mer_00000000000000000000000000000000", "mer_1", "me"] {
            let stripe = post(&format!("/webhooks/stripe/{nobody}")).header("Stripe-Signature", signature).json(&event);
            http.ask(stripe).await.problem(404, "not_found");
            let sms = post(&format!("/webhooks/sms/{nobody}")).header("X-Twilio-Signature", signature).form(&report);
            http.ask(sms).await.problem(404, "not_found");
        }
    }
    assert!(!app.rows().await.contains("evt_1"), "what was refused was stored");
}

async fn webhooks_that_come_twice_and_in_any_order_have_one_effect(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    for service in ["stripe", "sms"] {
        sandbox.does("webhooks", json!({"service": service, "duplicate": 2, "shuffle": true})).await;
    }
    let order = merchant.opens_an_order("5001").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    buyer.pays(&link).await;
    let paid = merchant.sees(&link.id, "paid").await;
    let intent = paid["dashboard_url"].as_str().unwrap().rsplit('/').next().unwrap();
    sandbox.does("refund", json!({"payment_intent": intent, "amount": 1_000})).await;
    sandbox.does("dispute", json!({"payment_intent": intent})).await;
    merchant.sees_message(&message, "delivered").await;
    let told = sandbox.has_told_everything().await;
    assert!(told["delivered"].as_u64().unwrap() >= 3 * 5, "{told}");

    let everything_is_applied = async || {
        let link = merchant.link(&link.id).await;
        (events(&link, "refunded") > 0 && events(&link, "disputed") > 0).then_some(link)
    };
    let link = crate::support::eventually("refund and dispute are shown", everything_is_applied).await;
    assert_eq!(link["status"], "paid");
    for kind in ["paid", "sent", "refunded", "disputed"] {
        assert_eq!(events(&link, kind), 1, "{kind}: {link}");
    }
    assert_eq!(merchant.ledger().await, ["top_up", "hold", "capture"]);
    assert_eq!(merchant.message(&message).await["status"], "delivered");
}

async fn a_webhook_whose_answer_was_lost_comes_again_and_changes_nothing(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let link = merchant.makes_a_link(&app.order()).await;
    // It never comes; later Stripe sends it after all.
    sandbox.does("webhooks", json!({"drop": true})).await;
    let payment = sandbox.does("pay", json!({"url": link.stripe_url})).await;
    assert_eq!(merchant.link(&link.id).await["status"], "unpaid");
    sandbox.does("webhooks", json!({})).await;
    sandbox.does("webhooks/resend", json!({"event": payment["event"]})).await;
    let paid = merchant.sees(&link.id, "paid").await;

    // We answered, and the answer was lost: it is sent again.
    sandbox.does("webhooks/resend", json!({"event": payment["event"]})).await;
    sandbox.has_told_everything().await;

    assert_eq!(merchant.link(&link.id).await, paid);
}
