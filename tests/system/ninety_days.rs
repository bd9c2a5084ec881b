//! What is left after 90 days. The scheduler is a process of its own here, and time is its argument.

use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::Value;

use crate::support::{App, INVOICE, Invoice, Merchant, eventually, on_both_databases};

on_both_databases!(
    an_unpaid_link_expires_at_stripe_and_is_erased,
    a_paid_link_is_erased_and_stays_paid,
    what_the_buyer_answered_is_erased_with_the_link,
);

/// Runs every tick that is due then.
fn days_pass(app: &App, days: i64) {
    let then = (Utc::now() + TimeDelta::days(days)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let ran = app.runs(&["scheduler", "--once", "--at", &then]);
    assert!(ran.status.success(), "{ran:?}");
}

async fn is_purged(merchant: &Merchant, link: &str) -> Value {
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
