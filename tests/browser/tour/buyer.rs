//! The buyer's page in each of its states.

use chrono::{Days, TimeDelta, Utc};
use serde_json::json;

use super::Tour;
use crate::support::{App, INVOICE, Invoice};

pub(super) async fn walk(tour: &Tour<'_>, app: &App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let order = async |number| merchant.opens_an_order(number).await;

    let invoice = Invoice { pdf: Some(INVOICE), number: Some("INV-2026-120"), ..Invoice::default() };
    let id = merchant.uploads(&order("6101").await, &invoice).await;
    let open = merchant.has_the_link(&id).await;
    shows(tour, &open.url, "Pay", "buyer-open").await;
    buyer.pays(&open).await;
    merchant.sees(&open.id, "paid").await;
    shows(tour, &open.url, "is paid", "buyer-paid").await;

    let late = merchant.makes_a_link(&order("6102").await).await;
    let session = buyer.opens_stripe(&late).await;
    sandbox.does("pay", json!({"session": session, "async": true})).await;
    merchant.sees(&late.id, "processing").await;
    shows(tour, &late.url, "Example Bakery", "buyer-processing").await;

    tour.browser.refusals.expect(410, "/p/");
    let voided = merchant.makes_a_link(&order("6103").await).await;
    merchant.voids(&voided).await.with_status(202);
    merchant.sees(&voided.id, "voided").await;
    shows(tour, &voided.url, "withdrawn", "buyer-voided").await;

    let tomorrow = (Utc::now() + Days::new(1)).date_naive().to_string();
    let id =
        merchant.uploads(&order("6104").await, &Invoice { expires_on: Some(&tomorrow), ..Invoice::default() }).await;
    let over = merchant.has_the_link(&id).await;
    app.passes(Utc::now() + TimeDelta::days(3));
    merchant.sees(&over.id, "expired").await;
    shows(tour, &over.url, "Example Bakery", "buyer-expired").await;

    tour.browser.refusals.expect(404, "/p/");
    let nobodys = format!("{}/p/{}", app.hello.url, "A".repeat(22));
    shows(tour, &nobodys, "There is no invoice here", "buyer-unknown").await;
}

async fn shows(tour: &Tour<'_>, url: &str, seen: &str, place: &str) {
    tour.browser.opens(url).await;
    tour.browser.sees(seen).await;
    tour.stops_at(place).await;
}
