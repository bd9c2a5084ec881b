//! The operator's pages: dead jobs, the reasons, and what is done about them.

use serde_json::json;

use crate::{
    browser::Browser,
    chromium::Setup,
    scene,
    support::{App, eventually, sign},
};

#[tokio::test]
async fn an_operator_finds_out_why_a_job_was_given_up_and_discards_it() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        receives_nonsense(app).await;
        signs_in_as_operator(browser, app).await;
        browser.clicks("Jobs").await;
        browser.sees("Why they fail").await;
        // An error of which nothing is the same in all would lead to all jobs of its kind.
        app.changes_rows("UPDATE job SET last_error = '12345' WHERE state = 'dead'").await;
        let leads_nowhere = "return document.querySelector('.errors li') && !document.querySelector('.errors a')";
        eventually("it leads nowhere", async || {
            (browser.runs(leads_nowhere, Vec::new()).await == json!(true)).then_some(())
        })
        .await;
        app.changes_rows("UPDATE job SET last_error = 'nonsense' WHERE state = 'dead'").await;
        // The error leads to the jobs that have it.
        let leads_there = "return document.querySelector('.errors a') !== null";
        eventually("it leads there", async || {
            (browser.runs(leads_there, Vec::new()).await == json!(true)).then_some(())
        })
        .await;
        browser.clicks("process_stripe_event").await;
        browser.sees("Retry all").await;
        browser.clicks("process_stripe_event").await;
        browser.sees("Why the last attempt failed").await;
        browser.sees("Trace").await;
        // In the language of the console, but for what a library said.
        app.changes_rows("UPDATE job SET last_error = 'Stripe did not answer: dns error' WHERE state = 'dead'").await;
        browser.runs("document.cookie = 'paylink_language=de; Path=/console'; location.reload()", vec![]).await;
        browser.sees("Stripe hat nicht geantwortet: dns error").await;
        browser.runs("document.cookie = 'paylink_language=en; Path=/console'; location.reload()", vec![]).await;
        browser.sees("Stripe did not answer: dns error").await;

        // Nothing is done without a reason.
        browser.clicks("Retry").await;
        browser.clicks("Retry").await;
        browser.sees("Please fill this in.").await;
        browser.writes("Reason", "once more").await;
        browser.clicks("Retry").await;
        browser.sees("The job is tried again.").await;
        browser.clicks("Discard").await;
        browser.writes("Reason", "not from Stripe").await;
        browser.clicks("Discard").await;
        browser.sees("The job is discarded.").await;
        browser.clicks("Jobs").await;
        browser.sees("Nothing was given up.").await;
    })
    .await;
}

#[tokio::test]
async fn an_operator_pauses_a_kind_of_job_and_sells_credits() {
    scene::on(Setup::PHONE, async |app: &mut App, browser: &Browser| {
        signs_in_as_operator(browser, app).await;
        browser.clicks("Pause send_sms").await;
        browser.writes("Reason", "the carrier is down").await;
        browser.clicks("Pause").await;
        browser.sees("the carrier is down").await;
        let noticed = "what is paused has changed";
        eventually("the workers know of it", async || app.log().contains(noticed).then_some(())).await;
        let merchant = app.merchant();
        let link = merchant.makes_a_link(&app.order()).await;
        let message = merchant.sends(&link).await;

        browser.clicks("Merchants").await;
        browser.clicks("Example Bakery").await;
        browser.clicks("Top up").await;
        browser.writes("Credits", "250").await;
        browser.clicks("Top up").await;
        browser.sees("250 credits added.").await;
        assert_eq!(merchant.credits().await, (349, 1));

        // Waiting jobs continue and have lost nothing.
        assert_eq!(merchant.message(&message).await["status"], "queued");
        browser.clicks("Queues").await;
        browser.clicks("Resume send_sms").await;
        merchant.sees_message(&message, "delivered").await;

        browser.clicks("Why").await;
        browser.writes("Phone number, order, link or text", &message).await;
        browser.clicks("Find out").await;
        browser.sees("it reached the phone").await;
    })
    .await;
}

/// A correctly signed event whose payload does not fit its type.
async fn receives_nonsense(app: &App) {
    let event =
        json!({"id": "evt_nonsense", "type": "checkout.session.completed", "livemode": false, "data": {"object": 7}});
    let body = event.to_string();
    let http = app.anybody();
    let post = http.request(reqwest::Method::POST, &format!("/webhooks/stripe/{}", app.hello.merchant_id));
    let signature = sign(&app.hello.webhook_secret, chrono::Utc::now().timestamp(), &body);
    http.ask(post.header("Stripe-Signature", signature).body(body)).await.with_status(200);
}

async fn signs_in_as_operator(browser: &Browser, app: &App) {
    browser.opens(&format!("{}/console/operator", app.hello.url)).await;
    browser.writes("Operator key", &app.hello.operator_key).await;
    browser.clicks("Sign in").await;
    browser.sees("process_stripe_event").await;
}
