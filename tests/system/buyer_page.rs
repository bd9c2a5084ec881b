//! What a buyer sees in every state of the link, and what a page view does and does not do.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Invoice, Link, Merchant, Order, on_both_databases};

on_both_databases!(
    the_page_says_who_asks_whom_for_what,
    every_standing_has_its_sentence_and_status,
    a_look_is_noted_only_when_a_person_looks,
    a_buyer_who_does_not_recognise_it_is_heard,
    the_amount_is_written_as_the_buyer_writes,
);

async fn in_language(app: &App, url: &str, language: &str) -> Answer {
    let http = app.anybody();
    http.ask(http.request(Method::GET, url).header("Accept-Language", language)).await
}

async fn posts(app: &App, url: &str) -> Answer {
    let http = app.anybody();
    http.ask(http.request(Method::POST, url)).await
}

async fn link_of(merchant: &Merchant, number: &str) -> (Order, Link) {
    let order = merchant.opens_an_order(number).await;
    let link = merchant.makes_a_link(&order).await;
    (order, link)
}

async fn the_page_says_who_asks_whom_for_what(app: &mut App) {
    let merchant = app.merchant();
    let profile = json!({"name": "Bäckerei <Beispiel>", "contact": "+49 30 1234567", "colour": "#0a5c36"});
    let patch = merchant.http.request(Method::PATCH, "/v1/merchant").json(&profile);
    merchant.http.ask(patch).await.with_status(200);
    let (order, link) = link_of(&merchant, "18001").await;

    let page = app.buyer().opens(&link).await.with_status(200);
    let html = page.text();
    for part in ["Bäckerei &lt;Beispiel&gt;", "+49 30 1234567", "INV-1", "Secured by Stripe", "I don’t recognise this"]
    {
        assert!(html.contains(part), "{part} is not on the page: {html}");
    }
    let ending = &order.phone[order.phone.len() - 3..];
    assert!(html.contains(&format!("Example, number ending in\u{a0}{ending}")), "{html}");
    assert!(!html.contains(&order.phone) && !html.contains("Example Buyer"));
    let pdf = app.buyer().reads_the_invoice(&link).await.with_status(200);
    assert!(pdf.header("content-disposition").starts_with("inline"));
    let saved = app.anybody().get(&format!("{}/invoice.pdf?download=1", link.url)).await.with_status(200);
    assert!(saved.header("content-disposition").starts_with("attachment"), "{}", saved.header("content-disposition"));
    let fingerprint: String = domain::sha256(&pdf.body).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(html.contains(&fingerprint), "the fingerprint is another file's");

    let preview: Vec<_> = html.lines().filter(|line| line.contains("og:")).collect();
    assert_eq!(preview.len(), 2, "a preview reveals the merchant's name: {preview:?}");
    assert!(
        preview.iter().all(|line| !line.contains("129.50") && !line.contains("INV-1") && !line.contains("Example,"))
    );
    assert!(html.len() < 30_000);
    let elsewhere: Vec<&str> = html.match_indices("=\"http").map(|(at, _)| &html[at..]).collect();
    assert!(elsewhere.is_empty(), "the page asks elsewhere: {elsewhere:?}");
    for file in ["/assets/buyer.css", "/assets/buyer.js", "/assets/colour/0a5c36.css"] {
        assert!(html.contains(file), "{file}");
        app.anybody().get(file).await.with_status(200);
    }
    app.anybody().get("/assets/colour/ffffff.css").await.with_status(404);
    app.anybody().get("/assets/colour/0a5c36;}.css").await.with_status(404);
}

async fn every_standing_has_its_sentence_and_status(app: &mut App) {
    let merchant = app.merchant();
    let says = async |url: &str, status: u16, sentence: &str| {
        let page = app.anybody().get(url).await.with_status(status);
        assert!(page.text().contains(sentence), "{sentence} is not on {}", page.text());
        page
    };
    says("/p/AAAAAAAAAAAAAAAAAAAAAA", 404, "There is no invoice here").await;

    let (_, voided) = link_of(&merchant, "18101").await;
    merchant.voids(&voided).await.with_status(202);
    merchant.sees(&voided.id, "voided").await;
    let page = says(&voided.url, 410, "was withdrawn").await;
    assert!(!page.text().contains("INV-1") && !page.text().contains("/pay"));

    let (_, paid) = link_of(&merchant, "18102").await;
    let page = says(&paid.url, 200, "Payable until").await;
    assert!(page.header("content-security-policy").contains("form-action 'self' http://127.0.0.1"));
    says(&format!("{}?returned=1", paid.url), 200, "being confirmed").await;
    app.buyer().pays(&paid).await;
    merchant.sees(&paid.id, "paid").await;
    says(&paid.url, 200, "Thank you. This invoice is paid.").await;
    let page = says(&paid.url, 200, "Paid on").await;
    assert!(!page.text().contains("recognise this</button>") && !page.text().contains("/pay\""));

    let trouble =
        json!({"service": "stripe", "times": 1, "mode": "status", "status": 500, "path": "/v1/payment_links"});
    app.sandbox().fails(trouble).await;
    let order = merchant.opens_an_order("18103").await;
    let id = merchant.uploads(&order, &Invoice::default()).await;
    let made = merchant.has_the_link(&id).await;
    says(&made.url, 200, "Payable until").await;
}

async fn a_look_is_noted_only_when_a_person_looks(app: &mut App) {
    let merchant = app.merchant();
    let (_, link) = link_of(&merchant, "18201").await;
    for _ in 0..3 {
        app.buyer().opens(&link).await.with_status(200);
        app.buyer().reads_the_invoice(&link).await.with_status(200);
        app.anybody().get(&format!("{}/viewed", link.url)).await.with_status(405);
    }
    assert!(merchant.link(&link.id).await["viewed_at"].is_null(), "a preview counted as a person");

    posts(app, &format!("{}/viewed", link.url)).await.with_status(204);
    let seen = merchant.link(&link.id).await;
    assert!(seen["viewed_at"].is_string());
    posts(app, &format!("{}/viewed", link.url)).await.with_status(204);
    let again = merchant.link(&link.id).await;
    assert_eq!((&again["viewed_at"], &again["timeline"]), (&seen["viewed_at"], &seen["timeline"]));
    assert!(!app.buyer().opens(&link).await.text().contains("buyer.js"), "there is nothing more to tell");
    posts(app, "/p/AAAAAAAAAAAAAAAAAAAAAA/viewed").await.with_status(404);
}

async fn a_buyer_who_does_not_recognise_it_is_heard(app: &mut App) {
    let merchant = app.merchant();
    let (order, link) = link_of(&merchant, "18301").await;
    // The question is where the button was, and its answer too, and not above at what is to be paid.
    let page = app.buyer().opens(&link).await.with_status(200).text();
    assert!(page.contains("#deny\">") && page.contains("id=\"deny\""), "{page}");
    let unsure = app.anybody().get(&format!("{}?unsure=1", link.url)).await.with_status(200).text();
    assert!(unsure.contains("/unrecognised#deny\"") && unsure.contains("id=\"deny\""), "{unsure}");
    for _ in 0..2 {
        let led = posts(app, &format!("{}/unrecognised", link.url)).await.with_status(303);
        assert!(link.url.ends_with(led.header("location")));
    }
    let page = app.buyer().opens(&link).await.with_status(200).text();
    assert!(page.contains("was told that you don’t recognise this") && page.contains("/pay"), "{page}");
    assert!(!page.contains("recognise this</button>"));

    let seen = merchant.link(&link.id).await;
    assert!(seen["unrecognised_at"].is_string() && seen["status"] == "unpaid", "{seen}");
    let told: Vec<_> = seen["timeline"].as_array().unwrap().iter().filter(|it| it["event"] == "unrecognised").collect();
    assert_eq!(told.len(), 1);
    let conversation = merchant.conversation_with(&order.phone).await;
    assert_eq!(conversation["unread"], 1);
    let path = format!("/v1/conversations/{}/messages", conversation["id"].as_str().unwrap());
    let said = merchant.http.get(&path).await.json()["items"].as_array().unwrap().clone();
    assert_eq!(said.len(), 1, "it is said once, however often the button is pressed");
    assert_eq!((&said[0]["direction"], &said[0]["link_id"]), (&json!("incoming"), &json!(link.id)));
    assert!(said[0]["body"].as_str().unwrap().contains("recognise"));
}

async fn the_amount_is_written_as_the_buyer_writes(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("18401").await;
    let asked = Invoice { amount: Some("1234.50"), currency: Some("eur"), ..Invoice::default() };
    let link = merchant.has_the_link(&merchant.uploads(&order, &asked).await).await;
    for (language, wanted) in [("de-DE,de;q=0.9", "1.234,50\u{a0}EUR"), ("en-GB", "1,234.50\u{a0}EUR")] {
        let page = in_language(app, &link.url, language).await.with_status(200).text();
        assert!(page.contains(wanted), "{wanted} is not on {page}");
    }
    let seen: Value = merchant.link(&link.id).await;
    assert_eq!(seen["amount"], "1234.50");
}
