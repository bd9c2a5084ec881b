//! The settings and their dialogs.

use fantoccini::key::Key;

use super::Tour;
use crate::support::App;

pub(super) async fn walk(tour: &Tour<'_>, app: &App) {
    let browser = tour.browser;
    tour.goes_to("/settings/profile", "Your business").await;
    browser.sees("Time zone").await;
    tour.stops_at("settings-business").await;
    tour.goes_to("/settings/stripe", "Webhook signing secret").await;
    tour.stops_at("settings-stripe").await;
    // If webhooks are healthy this is collapsed.
    browser.runs("document.querySelector('[data-key=\"by-hand\"]').open = true", vec![]).await;
    browser.clicks("Register the webhook").await;
    browser.sees("Register the webhook anew").await;
    tour.stops_at("settings-stripe-registered").await;
    browser.clicks("Replace the keys or disconnect").await;
    browser.clicks("Disconnect").await;
    browser.sees("Disconnect Stripe?").await;
    tour.stops_at("dialog-disconnect").await;
    browser.clicks("Cancel").await;
    tour.goes_to("/settings/sms", "URL for incoming texts").await;
    tour.stops_at("settings-sms").await;
    browser.clicks("Change the connection").await;
    browser.clicks("Another, by HTTP").await;
    tour.stops_at("settings-sms-another-carrier").await;
    tour.goes_to("/settings/template", "Preview with an example").await;
    browser.sees("1 segment").await;
    tour.stops_at("settings-message").await;
    tour.goes_to("/settings/reminders", "Remind buyers of unpaid links").await;
    browser.clicks("Remind buyers of unpaid links").await;
    tour.stops_at("settings-reminders").await;
    tour.goes_to("/settings/keys", "This session").await;
    browser.clicks("New key").await;
    browser.writes("Name", "Front desk").await;
    tour.stops_at("dialog-new-key").await;
    browser.clicks("Make the key").await;
    browser.sees("it is not shown again").await;
    tour.stops_at("dialog-key-once").await;
    browser.clicks("I have kept it").await;
    browser.sees("Front desk").await;
    tour.stops_at("settings-keys").await;
    browser.clicks("Revoke Front desk").await;
    browser.sees("Revoke this key?").await;
    tour.stops_at("dialog-revoke").await;
    browser.clicks("Revoke").await;
    browser.sees("revoked").await;
    webhooks(tour).await;
    tour.goes_to("/settings/activity", "made a key").await;
    tour.stops_at("settings-activity").await;
    no_connection(tour, app).await;
}

async fn webhooks(tour: &Tour<'_>) {
    let browser = tour.browser;
    tour.goes_to("/settings/webhooks", "No webhooks are sent yet").await;
    browser.clicks("New endpoint").await;
    browser.writes("Address", "https://example.com/hooks").await;
    tour.stops_at("dialog-new-endpoint").await;
    browser.clicks("Make the endpoint").await;
    browser.sees("it is not shown again").await;
    browser.clicks("I have kept it").await;
    browser.sees("example.com").await;
    tour.stops_at("settings-webhooks").await;
    browser.clicks("Deliveries").await;
    browser.sees("Nothing was sent yet").await;
    tour.stops_at("dialog-deliveries").await;
    browser.presses(Key::Escape).await;
    browser.clicks("Remove").await;
    browser.sees("Remove this endpoint?").await;
    browser.clicks("Remove").await;
    browser.sees("The endpoint is removed").await;
}

/// A merchant at the beginning: nothing is connected, ordered or bought.
async fn no_connection(tour: &Tour<'_>, app: &App) {
    let browser = tour.browser;
    let operator = app.operator();
    let merchant = operator.makes_a_merchant("Corner Shop").await;
    let key = operator.makes_a_key(&merchant.id, "admin").await;
    browser.clicks("Sign out").await;
    // The order of before was never made.
    browser.sees("Something was written and not sent or saved").await;
    tour.stops_at("dialog-sign-out").await;
    browser.clicks("Sign out all the same").await;
    browser.sees("API key").await;
    browser.signs_in_with(app, &key).await;
    browser.sees("No orders yet").await;
    tour.stops_at("orders-empty").await;
    tour.goes_to("/conversations", "No conversations yet").await;
    tour.stops_at("conversations-empty").await;
    browser.refusals.expect(404, "/v1/stripe-integration");
    tour.goes_to("/settings/stripe", "No Stripe account is connected yet").await;
    tour.stops_at("settings-stripe-none").await;
    browser.refusals.expect(404, "/v1/sms-integration");
    tour.goes_to("/settings/sms", "No carrier is connected yet").await;
    tour.stops_at("settings-sms-none").await;
    browser.clicks("Sign out").await;
    browser.sees("API key").await;
}
