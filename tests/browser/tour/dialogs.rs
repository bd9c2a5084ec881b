//! The dialogs of an order, each opened and closed again.

use super::Tour;
use crate::{console::fixture, support::App};

pub(super) async fn walk(tour: &Tour<'_>, app: &App) {
    let browser = tour.browser;
    tour.goes_to("/orders", "New order").await;
    browser.clicks("New order").await;
    browser.clicks("Add an item").await;
    browser.writes("Unit price", "119.00").await;
    browser.clicks("Create the order").await;
    browser.sees("Please fill this in.").await;
    tour.stops_at("dialog-new-order").await;
    browser.clicks("Close").await;

    let page = format!("/orders/{}", app.order().id);
    tour.goes_to(&page, "No payment link yet").await;
    browser.clicks("Create a link").await;
    tour.stops_at("dialog-create-link").await;
    browser.picks("Invoice as a PDF", &fixture("invoice-3-pages.pdf")).await;
    browser.sees("invoice-3-pages.pdf").await;
    tour.stops_at("dialog-create-link-with-a-file").await;
    browser.clicks("Use the order's details page").await;
    tour.stops_at("dialog-create-link-from-details").await;
    browser.clicks("Create a link").await;
    browser.sees("Ready to be paid").await;

    browser.clicks("Show as a QR code").await;
    browser.sees("Scanning it opens").await;
    tour.stops_at("dialog-qr").await;
    browser.clicks("Done").await;
    browser.clicks("Send link").await;
    browser.sees("Send for 1 credit").await;
    tour.stops_at("dialog-send").await;
    browser.refusals.expect(422, "/message-template/preview");
    browser.writes("Text", "Grüße, {{customer_name}}! ☺ {{link}} {{nothing}}").await;
    browser.sees("nothing").await;
    tour.stops_at("dialog-send-with-a-mistake").await;
    browser.clicks("Cancel").await;
    browser.clicks("Void link").await;
    browser.sees("stops working at once").await;
    tour.stops_at("dialog-void").await;
    browser.clicks("Keep it").await;
}
