//! The operator's pages and dialogs.

use super::Tour;
use crate::support::App;

pub(super) async fn walk(tour: &Tour<'_>, app: &App) {
    let browser = tour.browser;
    browser.opens(&format!("{}/console/operator", app.hello.url)).await;
    browser.sees("Operator key").await;
    tour.stops_at("operator-sign-in").await;
    browser.writes("Operator key", &app.hello.operator_key).await;
    browser.clicks("Sign in").await;
    browser.sees("process_stripe_event").await;
    tour.stops_at("operator-queues").await;
    browser.clicks("Pause send_sms").await;
    browser.writes("Reason", "The carrier is down").await;
    tour.stops_at("operator-dialog-pause").await;
    browser.clicks("Pause").await;
    browser.sees("Paused").await;
    tour.stops_at("operator-queues-paused").await;
    browser.clicks("Resume send_sms").await;
    browser.sees("send_sms goes on").await;

    jobs(tour, app).await;

    browser.clicks("Texts").await;
    browser.sees("No texts to be settled").await;
    tour.stops_at("operator-texts-none").await;
    browser.clicks("Merchants").await;
    browser.sees("Example Bakery").await;
    tour.stops_at("operator-merchants").await;
    browser.clicks("New merchant").await;
    tour.stops_at("operator-dialog-new-merchant").await;
    browser.clicks("Cancel").await;
    browser.clicks("Example Bakery").await;
    browser.sees("Time zone").await;
    tour.stops_at("operator-merchant").await;
    browser.clicks("Top up").await;
    tour.stops_at("operator-dialog-top-up").await;
    browser.writes("Credits", "250").await;
    browser.clicks("Top up").await;
    browser.sees("250 credits added").await;
    browser.clicks("New key").await;
    tour.stops_at("operator-dialog-key").await;
    browser.clicks("Cancel").await;
    browser.clicks("Why").await;
    tour.stops_at("operator-why").await;
    tour.goes_to(&format!("/why?about={}", app.hello.order_id), "create_stripe_link").await;
    tour.stops_at("operator-why-answer").await;
}

async fn jobs(tour: &Tour<'_>, app: &App) {
    let browser = tour.browser;
    browser.clicks("Jobs").await;
    browser.sees("Nothing was given up.").await;
    tour.stops_at("operator-jobs-none").await;
    browser.clicks("Done").await;
    browser.sees("create_stripe_link").await;
    tour.stops_at("operator-jobs").await;
    let done = app.operator().jobs("done").await.remove(0);
    tour.goes_to(&format!("/jobs/{}", done["id"].as_str().unwrap()), "Attempts").await;
    tour.stops_at("operator-job").await;
}
