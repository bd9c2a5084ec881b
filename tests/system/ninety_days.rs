//! What is left after 90 days. The scheduler is a process of its own here, and time is its argument.

use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use super::erased_buyers::a_buyer_who_leaves_traces;
use crate::support::{App, Database, INVOICE, Invoice, Merchant, eventually, hex, on_both_databases};

on_both_databases!(
    an_unpaid_link_expires_at_stripe_and_is_erased,
    a_paid_link_is_erased_and_stays_paid,
    what_the_buyer_answered_is_erased_with_the_link,
    a_stop_outlives_everything_that_was_said,
);

/// Runs every tick that is due then.
pub(crate) fn days_pass(app: &App, days: i64) {
    app.passes(Utc::now() + TimeDelta::days(days));
}

pub(crate) async fn is_purged(merchant: &Merchant, link: &str) -> Value {
    eventually("the link is purged", async || {
        let link = merchant.link(link).await;
        link["purged_at"].is_string().then_some(link)
    })
    .await
}

async fn an_unpaid_link_expires_at_stripe_and_is_erased(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let order = merchant.opens_an_order("4001").await;
    let invoice = Invoice { pdf: Some(INVOICE), number: Some("INV-TO-BE-ERASED"), ..Invoice::default() };
    // Under a key, so that the answers that are kept for it are looked at as well.
    let request = merchant.request_for_a_link(&order, &invoice).header("Idempotency-Key", "made-once");
    let made = merchant.http.ask(request).await.with_status(202).json();
    let link = merchant.has_the_link(made["id"].as_str().unwrap()).await;
    let session = buyer.opens_stripe(&link).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    sandbox.has_told_everything().await;
    let rows = app.rows().await;
    for kept in [order.phone.as_str(), "INV-TO-BE-ERASED", link.url.as_str()] {
        assert!(rows.contains(kept), "{kept} is not found where it is");
    }

    days_pass(app, 80);
    assert_eq!(merchant.link(&link.id).await["status"], "unpaid");
    days_pass(app, 100);

    let purged = is_purged(&merchant, &link.id).await;
    assert_eq!(purged["status"], "expired");
    for erased in ["amount", "invoice_number"] {
        assert!(purged[erased].is_null(), "{purged}");
    }
    assert_eq!(sandbox.payment_is_tried(&link).await, 409);
    let pays_late = serde_json::json!({"session": session});
    assert_eq!(sandbox.is_told("pay", &pays_late).await.0, 409);
    assert_eq!(sandbox.links_for(&link.id).await.live, 0);
    buyer.opens(&link).await.with_status(410);
    merchant.http.get(&format!("/v1/payment-links/{}/invoice", link.id)).await.problem(410, "purged");
    let text = json!({"body": "Pay at {{link}}", "link_id": link.id});
    merchant.http.post("/v1/message-template/preview", &text).await.problem(409, "purged");
    assert_eq!(app.documents(), [] as [&str; 0]);
    let message = merchant.message(&message).await;
    assert!(message["body"].is_null() && message["to"].is_null(), "{message}");
    assert_eq!(message["credits"], 1);
    assert_eq!(merchant.tag(&order).await, "unpaid");
    let rows = app.rows().await;
    for erased in [order.phone.as_str(), "INV-TO-BE-ERASED", link.url.as_str()] {
        let left = rows.lines().find(|row| row.contains(erased));
        assert_eq!(left, None, "{erased} is left");
    }
}

async fn a_paid_link_is_erased_and_stays_paid(app: &mut App) {
    let (merchant, buyer) = (app.merchant(), app.buyer());
    let order = merchant.opens_an_order("4002").await;
    let invoice = Invoice { number: Some("INV-PAID-AND-ERASED"), ..Invoice::default() };
    let id = merchant.uploads(&order, &invoice).await;
    let link = merchant.has_the_link(&id).await;
    buyer.pays(&link).await;
    merchant.sees(&link.id, "paid").await;

    days_pass(app, 100);

    let purged = is_purged(&merchant, &link.id).await;
    assert_eq!(purged["status"], "paid");
    assert!(purged["paid_at"].is_string() && purged["invoice_number"].is_null(), "{purged}");
    assert_eq!(merchant.tag(&order).await, "paid");
    assert!(buyer.opens(&link).await.with_status(200).text().contains("is paid"));
    assert_eq!(app.documents(), [] as [&str; 0]);
    let rows = app.rows().await;
    for erased in [order.phone.as_str(), "INV-PAID-AND-ERASED"] {
        let left = rows.lines().find(|row| row.contains(erased));
        assert_eq!(left, None, "{erased} is left");
    }
}

async fn what_the_buyer_answered_is_erased_with_the_link(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("4003").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    sandbox.buyer_texts(&order.phone, "Could it have raspberries?").await;
    eventually("the answer is there", async || app.rows().await.contains("raspberries").then_some(())).await;
    sandbox.has_told_everything().await;

    days_pass(app, 100);

    is_purged(&merchant, &link.id).await;
    let rows = app.rows().await;
    for erased in [order.phone.as_str(), "raspberries"] {
        let left = rows.lines().find(|row| row.contains(erased));
        assert_eq!(left, None, "{erased} is left");
    }
}

/// The first row of the database that has one of these, as a text or in bytes.
pub(crate) fn found_in(rows: &str, texts: &[&str]) -> Option<String> {
    let written = |text: &str| [text.to_owned(), hex(text.as_bytes()), hex(text.as_bytes()).to_uppercase()];
    let wanted: Vec<String> = texts.iter().copied().flat_map(written).collect();
    rows.lines().find(|row| wanted.iter().any(|text| row.contains(text.as_str()))).map(ToOwned::to_owned)
}

/// An entry of the statement without what it says of its text.
fn without_text(mut entry: Value) -> Value {
    for name in ["customer_name", "order_id", "order_number", "sent_by"] {
        entry.as_object_mut().unwrap().remove(name);
    }
    entry
}

async fn a_stop_outlives_everything_that_was_said(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("4004").await;
    let link = merchant.makes_a_link(&order).await;
    // Under a key, whose answer is kept and has the number and the text in it.
    let send = merchant.http.request(Method::POST, &format!("/v1/payment-links/{}/send", link.id));
    let sent = merchant.http.ask(send.header("Idempotency-Key", "sent-once").json(&json!({}))).await;
    let message = sent.with_status(202).json()["id"].as_str().unwrap().to_owned();
    merchant.sees_message(&message, "delivered").await;
    // One that the carrier refuses, with a reason of its own.
    sandbox.fails(json!({"service": "sms", "times": 1, "mode": "status", "status": 400, "method": "POST"})).await;
    let failed = merchant.sends_again(&link).await;
    let failed = merchant.sees_message(&failed, "failed").await;
    assert!(failed["error"].as_str().unwrap().contains("was unacceptable"), "{failed}");
    let conversation = merchant.conversation_with(&order.phone).await;
    let path = format!("/v1/conversations/{}/messages", conversation["id"].as_str().unwrap());
    let reply = merchant.http.post(&path, &json!({"body": "It has blackcurrants."})).await.with_status(202).json();
    merchant.sees_message(reply["id"].as_str().unwrap(), "delivered").await;
    sandbox.buyer_texts(&order.phone, "Raspberries would be better.").await;
    sandbox.buyer_texts(&order.phone, "STOP").await;
    eventually("the buyer has opted out", async || (merchant.asks_to_send(&link).await.status == 422).then_some(()))
        .await;
    sandbox.has_told_everything().await;
    eventually("every text is read", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;
    let ledger = merchant.http.whole_list("/v1/credits/entries", 100).await;
    // The number without its country too.
    let erased = [
        order.phone.as_str(),
        &order.phone[2..],
        "blackcurrants",
        "Raspberries",
        "was unacceptable",
        link.url.as_str(),
    ];
    let rows = app.rows().await;
    for there in erased {
        assert!(found_in(&rows, &[there]).is_some(), "{there} is not found where it is");
    }

    days_pass(app, 100);

    is_purged(&merchant, &link.id).await;
    assert_eq!(found_in(&app.rows().await, &erased), None);
    // The statement stays; of whom and by whom goes with the texts.
    let kept = merchant.http.whole_list("/v1/credits/entries", 100).await;
    assert_eq!(kept, ledger.into_iter().map(without_text).collect::<Vec<_>>());
    assert_eq!(merchant.credits().await, (98, 0));

    // The buyer comes back; nobody has the number any more, and it is still not texted.
    let again = merchant.opens_an_order_of("4005", &order.phone).await;
    let link = merchant.makes_a_link(&again).await;
    let texts = sandbox.texts_to(&order.phone).await.len();
    merchant.asks_to_send(&link).await.problem(422, "opted_out");
    merchant.http.post(&path, &json!({"body": "Are you there?"})).await.problem(409, "purged");
    assert_eq!((sandbox.texts_to(&order.phone).await.len(), merchant.credits().await), (texts, (98, 0)));
    sandbox.buyer_texts(&order.phone, "START").await;
    eventually("the buyer has opted in", async || (merchant.asks_to_send(&link).await.status == 202).then_some(()))
        .await;
}

/// The files of the data directory in which one of these is, as a text or in bytes. The log is searched by every test.
pub(crate) fn files_with(app: &App, texts: &[&str]) -> Vec<String> {
    let written = |text: &str| [text.as_bytes().to_vec(), hex(text.as_bytes()).into_bytes()];
    let wanted: Vec<Vec<u8>> = texts.iter().copied().flat_map(written).collect();
    let holds =
        |bytes: &[u8]| wanted.iter().any(|text| bytes.windows(text.len()).any(|window| window == text.as_slice()));
    app.files().into_iter().filter(|(_, bytes)| holds(bytes)).map(|(name, _)| name).collect()
}

/// On SQLite, where the rows lie in the data directory.
#[tokio::test]
async fn after_ninety_days_no_file_has_anything_of_it_left() {
    let app = App::start(Database::sqlite()).await;
    let (merchant, _, link, traces) = a_buyer_who_leaves_traces(&app, "4011").await;
    // Another order of the demo has the same cake.
    let traces: Vec<&str> = traces.iter().map(String::as_str).filter(|trace| *trace != "Wedding cake").collect();

    days_pass(&app, 100);

    is_purged(&merchant, &link.id).await;
    eventually("nothing is left in any file", async || files_with(&app, &traces).is_empty().then_some(())).await;
    assert_eq!(app.documents(), [] as [&str; 0]);
}
