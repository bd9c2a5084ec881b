//! Keys, and the sessions created with them.

use reqwest::Method;

use crate::{browser::Browser, chromium::Setup, scene, support::App};

#[tokio::test]
async fn a_key_that_may_only_read_is_offered_nothing_else_and_a_revoked_one_nothing_at_all() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        browser.signs_in(app).await;
        browser.clicks("Settings").await;
        browser.clicks("API keys").await;
        browser.clicks("New key").await;
        browser.writes("Name", "Auditor").await;
        browser.clicks("Read").await;
        browser.clicks("Make the key").await;
        browser.sees("it is not shown again").await;
        let key = browser.reads("Key").await;
        browser.clicks("I have kept it").await;
        browser.clicks("Sign out").await;
        browser.sees("It is not kept in your browser").await;

        // The session survives a reload, and the browser stores no key.
        browser.signs_in_with(app, &key).await;
        browser.sees("1001").await;
        browser.client().refresh().await.unwrap();
        browser.opens_order("1001").await;
        browser.sees_no("Create a link").await;
        let kept =
            browser.runs("return JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])", vec![]);
        assert_eq!(kept.await, "[{},{},\"\"]");
        browser.clicks("Settings").await;
        browser.sees("Message template").await;
        browser.sees_no("API keys").await;

        // Revoked elsewhere: the page's next request, of its own or for a click, leads to the sign-in, with the reason.
        let merchant = app.merchant();
        let keys = merchant.http.whole_list("/v1/api-keys", 10).await;
        let auditor = keys.iter().find(|key| key["name"] == "Auditor").unwrap()["id"].as_str().unwrap();
        browser.refusals.expect(401, "/v1/");
        let revocation = merchant.http.request(Method::DELETE, &format!("/v1/api-keys/{auditor}"));
        merchant.http.ask(revocation).await.with_status(204);
        browser.sees("Your session is over. Sign in again.").await;
    })
    .await;
}

#[tokio::test]
async fn times_are_those_of_the_merchant_wherever_the_browser_is() {
    scene::on(Setup::PHONE, async |app: &mut App, browser: &Browser| {
        browser.signs_in(app).await;
        browser.clicks("Settings").await;
        browser.writes("Name", "Aunt Ada's Bakery").await;
        browser.chooses("Time zone", "Pacific/Kiritimati").await;
        browser.clicks("Save").await;
        browser.sees("Saved.").await;
        let order = app.merchant().http.get(&format!("/v1/orders/{}", app.hello.order_id)).await.json();
        let here = order["created_at"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        let there = here + chrono::TimeDelta::hours(14);
        browser.clicks("Orders").await;
        browser.sees(&there.format("%b %-d, %-I:%M %p").to_string()).await;
        browser.client().refresh().await.unwrap();
        browser.sees("Aunt Ada's Bakery").await;
        browser.sees(&there.format("%b %-d, %-I:%M %p").to_string()).await;
    })
    .await;
}
