//! The merchant's profile, keys, and list of conversations.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Browser, Http, Invoice, eventually, on_both_databases};

on_both_databases!(
    a_merchant_changes_what_buyers_see,
    a_logo_is_a_small_picture,
    keys_are_made_shown_once_and_revoked,
    conversations_are_listed_by_what_was_last_said,
    a_link_has_a_qr_code,
);

async fn a_merchant_changes_what_buyers_see(app: &mut App) {
    let merchant = app.merchant();
    let patch =
        async |body: Value| merchant.http.ask(merchant.http.request(Method::PATCH, "/v1/merchant").json(&body)).await;
    let profile = merchant.http.get("/v1/merchant").await.with_status(200).json();
    assert_eq!((&profile["name"], &profile["region"]), (&json!("Example Bakery"), &json!("US")));
    assert_eq!((&profile["region_currency"], profile.get("currency")), (&json!("usd"), None));
    let webhooks = &profile["webhook_urls"];
    assert_eq!(webhooks["stripe"], format!("{}/webhooks/stripe/{}", app.hello.url, merchant.id));

    let changes = json!({"name": "Bäckerei Beispiel", "contact": null, "region": "DE", "currency": "eur",
        "time_zone": "Europe/Berlin", "colour": "#0A5C36"});
    let changed = patch(changes).await.with_status(200).json();
    for (field, value) in [("name", "Bäckerei Beispiel"), ("region", "DE"), ("currency", "eur"), ("colour", "#0a5c36")]
    {
        assert_eq!(changed[field], value, "{changed}");
    }
    assert!(changed["contact"].is_null());
    assert_eq!(patch(json!({"contact": "+49 30 1234567"})).await.json()["name"], "Bäckerei Beispiel");
    let order = json!({"number": "16001", "customer": {"name": "A", "phone": "0151 23456789"}, "amount": "12.50"});
    let order = merchant.http.post("/v1/orders", &order).await.with_status(201).json();
    assert_eq!((&order["currency"], &order["customer"]["phone"]), (&json!("eur"), &json!("+4915123456789")));
    // An example of a text asks for what the shop asks for, and without a currency for that of its region.
    for (change, expected) in [
        (json!({"currency": "usd"}), "129.50 USD"),
        (json!({"currency": "jpy"}), "12,950 JPY"),
        (json!({"currency": null}), "129.50 EUR"),
        (json!({"region": "GB"}), "129.50 GBP"),
    ] {
        patch(change).await.with_status(200);
        let asked = json!({"body": "{{amount}} {{link}}"});
        let preview = merchant.http.post("/v1/message-template/preview", &asked).await.with_status(200).json();
        assert!(preview["text"].as_str().unwrap().starts_with(expected), "{preview}");
    }

    // What the description says is looked at first, then what it cannot say.
    for (wrong, expected) in [
        (json!({"name": "", "colour": "red"}), &["colour", "name"][..]),
        (
            json!({"region": "XX", "currency": "bhd", "time_zone": "Mars", "colour": "#ffee00"}),
            &["region", "currency", "time_zone", "colour"][..],
        ),
    ] {
        let problem = patch(wrong).await.problem(422, "invalid_input");
        let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
        assert_eq!(fields, expected, "{problem}");
    }
    patch(json!({"sms_rate": 0})).await.problem(422, "unknown_field");
    // Automatic texts have hours, never too early nor too late.
    assert_eq!((&changed["texts_from"], &changed["texts_until"]), (&json!(9), &json!(20)));
    let hours = patch(json!({"texts_from": 10, "texts_on_sundays": false})).await.with_status(200).json();
    let said = ["texts_from", "texts_until", "texts_on_sundays"].map(|field| hours[field].clone());
    assert_eq!(said, [json!(10), json!(20), json!(false)]);
    for wrong in [json!({"texts_from": 7}), json!({"texts_until": 22}), json!({"texts_until": 10})] {
        patch(wrong).await.problem(422, "invalid_input");
    }
    let reminding = json!({"reminders": true, "reminder_after_days": 5, "low_credit_threshold": 25});
    let changed = patch(reminding).await.with_status(200).json();
    assert_eq!((&changed["reminders"], &changed["reminder_after_days"]), (&json!(true), &json!(5)));
    assert_eq!((&changed["reminders_at_most"], &changed["low_credit_threshold"]), (&json!(2), &json!(25)));
    let problem =
        patch(json!({"reminders_at_most": 11, "low_credit_threshold": -1})).await.problem(422, "invalid_input");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "{problem}");
    let writer = merchant.with_key(&app.operator().makes_a_key(&merchant.id, "write").await);
    let as_writer = writer.http.request(Method::PATCH, "/v1/merchant").json(&json!({"name": "Mine"}));
    writer.http.ask(as_writer).await.problem(403, "forbidden");
    assert_eq!(writer.http.get("/v1/merchant").await.json()["name"], "Bäckerei Beispiel");
}

/// A PNG of one colour: what a decoder takes.
fn png(side: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend([side.to_be_bytes(), side.to_be_bytes()].concat());
    bytes.extend([8, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

async fn puts_logo(http: &Http, content_type: &str, bytes: Vec<u8>) -> Answer {
    let request = http.request(Method::PUT, "/v1/merchant/logo").header("Content-Type", content_type).body(bytes);
    http.ask(request).await
}

async fn a_logo_is_a_small_picture(app: &mut App) {
    let http = app.merchant().http;
    http.get("/v1/merchant/logo").await.problem(404, "not_found");
    let profile = puts_logo(&http, "image/png", png(64)).await.with_status(200).json();
    assert_eq!((&profile["logo"]["width"], &profile["logo"]["content_type"]), (&json!(64), &json!("image/png")));
    puts_logo(&http, "image/jpeg", png(32)).await.with_status(200);
    let logo = http.get("/v1/merchant/logo").await.with_status(200);
    assert_eq!(logo.content_type(), "image/png", "it is what it is, whatever it was called");
    assert_eq!(logo.body, png(32));
    assert_eq!(logo.header("x-content-type-options"), "nosniff");
    assert!(logo.header("content-security-policy").contains("sandbox"));

    puts_logo(&http, "image/svg+xml", b"<svg/>".to_vec()).await.problem(415, "unsupported_media_type");
    puts_logo(&http, "image/png", b"<svg/>".to_vec()).await.problem(422, "bad_logo");
    puts_logo(&http, "image/png", png(5000)).await.problem(422, "bad_logo");
    puts_logo(&http, "image/png", [png(64), vec![0; 64 * 1024]].concat()).await.problem(413, "too_large");
    http.ask(http.request(Method::DELETE, "/v1/merchant/logo")).await.with_status(204);
    assert!(http.get("/v1/merchant").await.json()["logo"].is_null());
}

async fn keys_are_made_shown_once_and_revoked(app: &mut App) {
    let merchant = app.merchant();
    let http = &merchant.http;
    let made = http.post("/v1/api-keys", &json!({"name": "Shop", "scope": "admin"})).await.with_status(201).json();
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    http.hush().private(key);
    let shop = merchant.with_key(key);
    let session = Browser::signs_in(&app.anybody(), key).await;
    session.get("/v1/orders").await.with_status(200);

    let listed = http.get("/v1/api-keys").await.with_status(200);
    assert!(!listed.text().contains(key), "a key is shown once");
    let listed = listed.json();
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["current"]), (&json!(id), &json!(false)));
    assert!(listed["items"][0]["last_used_at"].is_string(), "{listed}");
    assert_eq!((&listed["items"][1]["name"], &listed["items"][1]["current"]), (&json!("demo"), &json!(true)));

    let revoke =
        async |http: &Http, id: &str| http.ask(http.request(Method::DELETE, &format!("/v1/api-keys/{id}"))).await;
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    revoke(&stranger.http, id).await.problem(404, "not_found");
    revoke(http, id).await.with_status(204);
    revoke(http, id).await.problem(404, "not_found");
    shop.http.get("/v1/orders").await.problem(401, "unauthorized");
    session.get("/v1/orders").await.problem(401, "session_expired");
    let own = listed["items"][1]["id"].as_str().unwrap();
    revoke(http, own).await.problem(409, "last_admin_key");
    http.post("/v1/api-keys", &json!({"name": "Shop", "scope": "all"})).await.problem(422, "invalid_input");
}

async fn conversations_are_listed_by_what_was_last_said(app: &mut App) {
    let merchant = app.merchant();
    let (first, second) = (merchant.opens_an_order("16101").await, merchant.opens_an_order("16102").await);
    for order in [&first, &second] {
        let link = merchant.makes_a_link(order).await;
        merchant.sees_message(&merchant.sends(&link).await, "delivered").await;
    }
    let list = async || merchant.http.get("/v1/conversations").await.with_status(200).json()["items"].clone();
    let listed = list().await;
    assert_eq!((&listed[0]["phone"], &listed[1]["phone"]), (&json!(second.phone), &json!(first.phone)));
    assert_eq!((&listed[0]["unread"], &listed[0]["last_message"]["direction"]), (&json!(0), &json!("outgoing")));

    app.sandbox().buyer_texts(&first.phone, "Is it ready?").await;
    app.sandbox().buyer_texts(&first.phone, "Hello?").await;
    let listed = eventually("two texts have come", async || {
        let listed = list().await;
        (listed[0]["unread"] == 2).then_some(listed)
    })
    .await;
    assert_eq!((&listed[0]["phone"], &listed[1]["unread"]), (&json!(first.phone), &json!(0)));
    let id = listed[0]["id"].as_str().unwrap();
    let order = merchant.http.get(&format!("/v1/orders/{}", first.id)).await.json();
    assert_eq!(order["conversation_id"], id);
    merchant.http.post(&format!("/v1/conversations/{id}/read"), &json!({})).await.with_status(204);
    assert_eq!(list().await[0]["unread"], 0);
    assert_eq!(merchant.http.whole_list("/v1/conversations", 1).await.len(), 2);
}

async fn a_link_has_a_qr_code(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("16201").await;
    let link = merchant.makes_a_link(&order).await;
    let path = format!("/v1/payment-links/{}/qr.svg", link.id);
    let code = merchant.http.get(&path).await.with_status(200);
    assert_eq!(code.content_type(), "image/svg+xml");
    assert!(code.text().contains("<svg"));
    // Of a link that is not made there is no page to lead to.
    let other = merchant.opens_an_order("16202").await;
    let unusable = Invoice { pdf: Some(b"%PDF-1.7 and nothing else"), ..Invoice::default() };
    let failed = merchant.uploads(&other, &unusable).await;
    merchant.sees(&failed, "failed").await;
    merchant.http.get(&format!("/v1/payment-links/{failed}/qr.svg")).await.problem(409, "link_not_open");
    app.operator().makes_a_merchant("A Florist").await.http.get(&path).await.problem(404, "not_found");
}
