//! Orders and links are found by part of their texts, in any script and letter case.

use reqwest::Method;
use serde_json::json;

use crate::support::{App, Invoice, Merchant, eventually, on_both_databases, order_body};

on_both_databases!(
    orders_are_found_by_all_that_they_are_known_by,
    links_are_found_by_their_order_and_by_what_is_their_own,
    what_was_written_before_is_found_too,
    what_was_erased_is_found_by_nothing,
    notes_and_metadata_are_found_as_they_are_now,
);

async fn opens(merchant: &Merchant, number: &str, name: &str, phone: &str, amount: &str) {
    merchant.http.hush().private(phone);
    let mut body = order_body(number, phone);
    body["customer"]["name"] = json!(name);
    body["amount"] = json!(amount);
    body["items"] = json!([]);
    body.as_object_mut().unwrap().remove("shipping");
    merchant.http.post("/v1/orders", &body).await.with_status(201);
}

/// What is found below this path by this text, by that field, newest first.
async fn found(merchant: &Merchant, path: &str, text: &str, field: &str) -> Vec<String> {
    let query = serde_json::to_string(&text).unwrap();
    let query: String = query.trim_matches('"').bytes().map(|byte| format!("%{byte:02X}")).collect();
    let page = merchant.http.get(&format!("{path}?q={query}")).await.with_status(200).json();
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect()
}

async fn orders_are_found_by_all_that_they_are_known_by(app: &mut App) {
    let merchant = app.merchant();
    opens(&merchant, "Ä-17", "José GARCÍA", "+12025557901", "1234.50").await;
    opens(&merchant, "B_18", "Мария Ёлкина", "+4915123456789", "20.00").await;
    opens(&merchant, "C%19", "田中太郎", "+819012345678", "7.07").await;
    opens(&merchant, "D-20", "ΟΔΥΣΣΕΥΣ Straße", "+12025557904", "99.99").await;
    for (text, numbers) in [
        ("jose garcia", vec!["Ä-17"]),
        ("GARCÍA", vec!["Ä-17"]),
        ("a-17", vec!["Ä-17"]),
        ("мАРИЯ", vec!["B_18"]),
        ("елкина", vec!["B_18"]),
        ("田中", vec!["C%19"]),
        ("郎", vec!["C%19"]),
        ("οδυσσεύς", vec!["D-20"]),
        ("STRASSE", vec!["D-20"]),
        ("0151 2345", vec!["B_18"]),
        ("(202) 555-79", vec!["D-20", "Ä-17"]),
        ("+49 151", vec!["B_18"]),
        ("1,234.50", vec!["Ä-17"]),
        ("1234,50", vec!["Ä-17"]),
        ("$99.99", vec!["D-20"]),
        ("%", vec!["C%19"]),
        ("_", vec!["B_18"]),
        ("nobody", vec![]),
        ("zz", vec![]),
    ] {
        assert_eq!(found(&merchant, "/v1/orders", text, "number").await, numbers, "{text}");
    }
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    assert!(found(&stranger, "/v1/orders", "garcia", "number").await.is_empty());
}

async fn links_are_found_by_their_order_and_by_what_is_their_own(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order_of("Ö-30", "+12025557911").await;
    let invoice = Invoice { number: Some("RE-ÄÖ-77"), amount: Some("55.00"), ..Invoice::default() };
    let id = merchant.uploads(&order, &invoice).await;
    merchant.has_the_link(&id).await;
    for text in ["re-aö", "ö-30", "EXAMPLE buyer", "555-7911", "55,00", "129.50"] {
        assert_eq!(found(&merchant, "/v1/payment-links", text, "id").await, [id.as_str()], "{text}");
    }
    // The order is found by its link's, too.
    assert_eq!(found(&merchant, "/v1/orders", "RE-ÄÖ", "number").await, ["Ö-30"]);
    assert!(found(&merchant, "/v1/payment-links", "RE-78", "id").await.is_empty());
}

async fn what_was_written_before_is_found_too(app: &mut App) {
    let merchant = app.merchant();
    opens(&merchant, "41", "Zoë Müller", "+12025557921", "20.00").await;
    app.changes_rows("UPDATE orders SET search = NULL").await;
    app.passes(chrono::Utc::now() + chrono::TimeDelta::minutes(2));
    eventually("the tick has come", async || {
        (found(&merchant, "/v1/orders", "zoe muller", "number").await == ["41"]).then_some(())
    })
    .await;
}

/// Those with notes and metadata.
async fn opens_with(merchant: &Merchant, number: &str, phone: &str, notes: &str, customer: &str) -> String {
    merchant.http.hush().private(phone);
    let mut body = order_body(number, phone);
    body["notes"] = json!(notes);
    body["metadata"] = json!({"customer": customer});
    let order = merchant.http.post("/v1/orders", &body).await.with_status(201).json();
    order["id"].as_str().unwrap().to_owned()
}

async fn notes_and_metadata_are_found_as_they_are_now(app: &mut App) {
    let merchant = app.merchant();
    let order = opens_with(&merchant, "61", "+12025557941", "Fällig am 4.\nHintereingang", "K10061-Ä").await;
    let other = opens_with(&merchant, "62", "+12025557942", "", "K10062").await;
    let request = merchant.http.request(Method::POST, &format!("/v1/orders/{other}/payment-links"));
    let form = Invoice { number: Some("RE-62"), ..Invoice::default() }.form();
    let form = form.text("metadata", json!({"cost_center": "zentrum-nord"}).to_string());
    let link = merchant.http.ask(request.multipart(form)).await.with_status(202).json();
    let link = link["id"].as_str().unwrap();

    for (text, number) in [("k10061-a", "61"), ("fallig AM 4. hinter", "61"), ("10062", "62"), ("ZENTRUM", "62")] {
        assert_eq!(found(&merchant, "/v1/orders", text, "number").await, [number], "{text}");
    }
    for text in ["K10062", "zentrum-nord"] {
        assert_eq!(found(&merchant, "/v1/payment-links", text, "id").await, [link], "{text}");
    }
    // A key of the metadata is not one of its values.
    assert!(found(&merchant, "/v1/orders", "cost_center", "number").await.is_empty());

    let change = json!({"notes": "bezahlt bar", "metadata": {"customer": "K20061"}});
    let patch = merchant.http.request(Method::PATCH, &format!("/v1/orders/{order}")).json(&change);
    merchant.http.ask(patch).await.with_status(200);
    for (text, is_there) in [("K20061", true), ("bezahlt BAR", true), ("k10061", false), ("hintereingang", false)] {
        assert_eq!(found(&merchant, "/v1/orders", text, "number").await == ["61"], is_there, "{text}");
    }

    // As a version before wrote it.
    app.changes_rows("UPDATE orders SET search = '61' WHERE number = '61'").await;
    assert!(found(&merchant, "/v1/orders", "K20061", "number").await.is_empty());
    app.passes(chrono::Utc::now() + chrono::TimeDelta::minutes(2));
    eventually("the tick has come", async || {
        (found(&merchant, "/v1/orders", "K20061", "number").await == ["61"]).then_some(())
    })
    .await;

    merchant.sees(link, "unpaid").await;
    for phone in ["%2B12025557941", "%2B12025557942"] {
        let erase = merchant.http.request(Method::DELETE, &format!("/v1/buyers/{phone}"));
        merchant.http.ask(erase).await.with_status(202);
    }
    eventually("nothing of it is found", async || {
        for text in ["K20061", "bezahlt", "K10062", "zentrum"] {
            if !found(&merchant, "/v1/orders", text, "number").await.is_empty() {
                return None;
            }
        }
        Some(())
    })
    .await;
    let rows = app.rows().await.to_lowercase();
    for erased in ["k20061", "bezahlt bar", "k10062", "zentrum-nord"] {
        let left = rows.lines().find(|row| row.contains(erased));
        assert_eq!(left, None, "{erased} is left");
    }
}

async fn what_was_erased_is_found_by_nothing(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order_of("51", "+12025557931").await;
    let id = merchant.uploads(&order, &Invoice { number: Some("RE-51-A"), ..Invoice::default() }).await;
    merchant.has_the_link(&id).await;
    let erase = merchant.http.request(Method::DELETE, "/v1/buyers/%2B12025557931");
    merchant.http.ask(erase).await.with_status(202);
    eventually("the link is erased", async || merchant.link(&id).await["purged_at"].is_string().then_some(())).await;
    for text in ["RE-51", "7931", "Example Buyer 5"] {
        assert!(found(&merchant, "/v1/orders", text, "number").await.iter().all(|number| number != "51"), "{text}");
    }
    assert_eq!(found(&merchant, "/v1/orders", "51", "number").await.last().map(String::as_str), Some("51"));
}
