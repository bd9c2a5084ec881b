//! Pictures that buyers send: fetched with the merchant's account, shown with the text, erased with it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Merchant, Order, eventually, on_both_databases};

on_both_databases!(
    a_picture_is_fetched_shown_and_erased_with_its_buyer,
    a_picture_goes_with_its_text_after_90_days,
    what_is_no_picture_is_told_and_never_an_empty_bubble,
);

/// A buyer who can answer: a text went to them.
async fn a_buyer(app: &App, number: &str) -> Order {
    let merchant = app.merchant();
    let order = merchant.opens_an_order(number).await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    order
}

async fn sends(app: &App, order: &Order, body: &str, media: &[&str]) {
    app.sandbox().does("sms/incoming", json!({"from": order.phone, "body": body, "media": media})).await;
}

/// The text that the buyer sent, once each of its pictures has one of these ends.
async fn received(merchant: &Merchant, order: &Order, ends: &[&str]) -> Value {
    let conversation = merchant.conversation_with(&order.phone).await["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/conversations/{conversation}/messages");
    eventually("the pictures came to their end", async || {
        let said = merchant.http.whole_list(&path, 10).await;
        let text = said.into_iter().find(|message| message["direction"] == "incoming")?;
        let pictures = text["pictures"].as_array()?;
        let ended: Vec<&str> = pictures.iter().map(|picture| picture["status"].as_str().unwrap()).collect();
        (ended == ends).then(|| text.clone())
    })
    .await
}

fn of_buyers(app: &App) -> Vec<String> {
    app.documents().into_iter().filter(|name| name.starts_with("received/")).collect()
}

async fn a_picture_is_fetched_shown_and_erased_with_its_buyer(app: &mut App) {
    let merchant = app.merchant();
    let order = a_buyer(app, "7801").await;
    // One that the carrier gives by itself, and one that it points to.
    sends(app, &order, "", &["picture", "elsewhere"]).await;

    let text = received(&merchant, &order, &["stored", "stored"]).await;
    assert_eq!((&text["body"], &text["pictures"][0]["content_type"]), (&json!(""), &json!("image/png")));
    let path = text["pictures"][1]["path"].as_str().unwrap();
    let shown = merchant.http.get(path).await.with_status(200);
    assert_eq!((shown.content_type(), shown.header("x-content-type-options")), ("image/png", "nosniff"));
    assert!(shown.header("content-security-policy").contains("sandbox"));
    assert_eq!(of_buyers(app).len(), 2);
    let conversation = merchant.conversation_with(&order.phone).await;
    assert_eq!(conversation["last_message"]["pictures"], 2, "{conversation}");
    let id = text["id"].as_str().unwrap();
    assert_eq!(merchant.message(id).await["pictures"], text["pictures"]);
    merchant.http.get(&format!("/v1/messages/{id}/pictures/2")).await.problem(404, "not_found");
    merchant.http.get(&format!("/v1/messages/{id}/pictures/x")).await.problem(404, "not_found");
    app.operator().makes_a_merchant("A Florist").await.http.get(path).await.problem(404, "not_found");

    let buyer = format!("/v1/buyers/{}", order.phone.replace('+', "%2B"));
    let kept = merchant.http.get(&format!("{buyer}/export")).await.with_status(200).json();
    assert!(kept["messages"].as_array().unwrap().iter().any(|message| message["pictures"] == text["pictures"]));
    merchant.http.ask(merchant.http.request(Method::DELETE, &buyer)).await.with_status(202);
    merchant.http.get(path).await.problem(404, "not_found");
    eventually("the bytes are gone", async || of_buyers(app).is_empty().then_some(())).await;
}

async fn a_picture_goes_with_its_text_after_90_days(app: &mut App) {
    let merchant = app.merchant();
    let order = a_buyer(app, "7802").await;
    sends(app, &order, "Here it is", &["picture"]).await;
    let text = received(&merchant, &order, &["stored"]).await;
    assert_eq!((&text["body"], of_buyers(app).len()), (&json!("Here it is"), 1));

    app.passes(chrono::Utc::now() + chrono::TimeDelta::days(91));

    merchant.http.get(text["pictures"][0]["path"].as_str().unwrap()).await.problem(404, "not_found");
    assert!(of_buyers(app).is_empty());
}

async fn what_is_no_picture_is_told_and_never_an_empty_bubble(app: &mut App) {
    let merchant = app.merchant();
    let order = a_buyer(app, "7803").await;
    sends(app, &order, "", &["large", "page", "picture"]).await;
    let text = received(&merchant, &order, &["failed", "failed", "stored"]).await;
    assert_eq!(text["pictures"][0]["error"], "The picture is larger than 5 MiB.");
    assert_eq!(text["pictures"][1]["error"], "The file is not a picture.");
    assert!(text["pictures"][1].get("path").is_none());
    assert_eq!(of_buyers(app).len(), 1);

    // A carrier's URL on another host is not fetched with our credentials, nor from the internal network.
    let inside = format!("{}/healthz", app.hello.url);
    let form = [
        ("MessageSid", "SM7804"),
        ("From", order.phone.as_str()),
        ("NumMedia", "1"),
        ("MediaUrl0", inside.as_str()),
        ("MediaContentType0", "image/png"),
    ];
    app.is_called_by_twilio(&form).await.with_status(200);
    let text = received(&merchant, &order, &["failed"]).await;
    assert_eq!(text["pictures"][0]["error"], "The picture is not at a public address.");
}
