//! A buyer who has pressed Pay and comes back: never asked to pay again until it is known that they did not pay.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Answer, App, Link, Sandbox, eventually, on_both_databases};

on_both_databases!(
    a_webhook_that_is_late_is_waited_for,
    a_webhook_that_is_lost_is_made_up_for_by_asking,
    whoever_comes_back_without_having_paid_can_pay,
    a_return_after_the_last_answer_is_waited_for_in_every_tab,
    a_preview_that_looks_like_a_return_asks_nobody,
    a_buyer_whom_nobody_can_answer_may_say_so_themselves,
);

/// How often a page looks in these stories.
const LOOK: Duration = Duration::from_millis(250);

/// How long a webhook is waited for, and the pause between two questions to Stripe. One story waits for it by the
/// machine's clock; in the others the clock is turned.
const PATIENCE: TimeDelta = TimeDelta::seconds(10);

fn asks_to_pay(page: &Answer) -> bool {
    page.text().contains("/pay\"")
}

/// Looks again and again at every one of these pages until one says this; none of them may ask to pay meanwhile.
async fn is_told_without_being_asked_to_pay(app: &App, pages: &[&str], sentence: &str) {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        for page in pages {
            let seen = app.anybody().get(page).await.with_status(200);
            assert!(!asks_to_pay(&seen), "{page} asks to pay: {}", seen.text());
            if seen.text().contains(sentence) {
                return;
            }
        }
        assert!(Instant::now() < deadline, "{sentence} was never said");
        tokio::time::sleep(LOOK).await;
    }
}

/// The questions to Stripe about sessions.
async fn questions(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.requests("stripe", "GET", "/v1/checkout/sessions").await
}

fn returned(link: &Link) -> String {
    format!("{}?returned=1", link.url)
}

async fn a_webhook_that_is_late_is_waited_for(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let link = merchant.makes_a_link(&app.order()).await;
    sandbox.does("webhooks", json!({"drop": true})).await;
    buyer.presses_pay(&link).await.with_status(303);
    let payment = sandbox.does("pay", json!({"url": link.stripe_url})).await;
    let second_tab = app.anybody().get(&link.url).await.with_status(200);
    assert!(second_tab.text().contains("whether this invoice was paid") && !asks_to_pay(&second_tab));

    let back = app.anybody().get(&returned(&link)).await.with_status(200);
    assert!(back.text().contains("being confirmed"), "{}", back.text());
    let by_itself = format!("<meta http-equiv=\"refresh\" content=\"5; url={}\">", &link.url[app.hello.url.len()..]);
    assert!(back.text().contains(&by_itself), "without scripts nothing looks again: {}", back.text());

    sandbox.does("webhooks", json!({})).await;
    sandbox.does("webhooks/resend", json!({"event": payment["event"]})).await;
    is_told_without_being_asked_to_pay(app, &[&link.url, &returned(&link)], "This invoice is paid").await;
    assert_eq!(questions(&sandbox).await.len(), 0, "Stripe told in time");
}

async fn a_webhook_that_is_lost_is_made_up_for_by_asking(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let order = app.order();
    let link = merchant.makes_a_link(&order).await;
    sandbox.does("webhooks", json!({"drop": true})).await;
    let pressed = Instant::now();
    buyer.pays(&link).await;
    app.anybody().get(&returned(&link)).await.with_status(200);

    is_told_without_being_asked_to_pay(app, &[&link.url], "This invoice is paid").await;
    assert!(pressed.elapsed() >= PATIENCE.to_std().unwrap(), "a webhook was not waited for");
    assert_eq!(questions(&sandbox).await.len(), 1);
    assert_eq!(merchant.tag(&order).await, "paid");
    let timeline = merchant.link(&link.id).await["timeline"].clone();
    let paid = timeline.as_array().unwrap().iter().find(|entry| entry["event"] == "paid").unwrap();
    assert!(paid["detail"].as_str().unwrap().contains("source = reconciler"), "{paid}");
    // A webhook may still come: it is too early to blame the connection.
    let connection = merchant.http.get("/v1/stripe-integration").await.with_status(200).json();
    assert!(
        !["never_received", "events_missing"].contains(&connection["health"]["status"].as_str().unwrap_or_default())
    );
}

async fn whoever_comes_back_without_having_paid_can_pay(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let link = merchant.makes_a_link(&app.order()).await;
    for _ in 0..2 {
        // A button that is pressed twice leads to Stripe twice.
        assert_eq!(buyer.presses_pay(&link).await.with_status(303).header("location"), link.stripe_url);
    }
    buyer.opens_stripe(&link).await;

    let checking = buyer.opens(&link).await.with_status(200);
    assert!(checking.text().contains("whether this invoice was paid") && !asks_to_pay(&checking));
    app.turns_its_clock(PATIENCE);
    let open = eventually("Pay is there again", async || {
        tokio::time::sleep(LOOK).await;
        let page = buyer.opens(&link).await.with_status(200);
        asks_to_pay(&page).then_some(page)
    })
    .await;
    assert!(open.text().contains("You are asked to pay"), "{}", open.text());
    assert_eq!(buyer.presses_pay(&link).await.with_status(303).header("location"), link.stripe_url);
    // For 25 seconds the page is loaded once a second.
    for _ in 0..25 {
        app.turns_its_clock(TimeDelta::seconds(1));
        app.anybody().get(&returned(&link)).await.with_status(200);
    }
    let asked = eventually("Stripe is asked again", async || {
        let asked = questions(&sandbox).await.len();
        (asked >= 2).then_some(asked)
    })
    .await;
    assert!(asked <= 4, "Stripe was asked {asked} times in 35 s");

    buyer.opens_stripe(&link).await;
    sandbox.does("pay", json!({"url": link.stripe_url})).await;
    is_told_without_being_asked_to_pay(app, &[&returned(&link)], "This invoice is paid").await;
    assert_eq!(merchant.link(&link.id).await["status"], "paid");
}

async fn a_return_after_the_last_answer_is_waited_for_in_every_tab(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let link = merchant.makes_a_link(&app.order()).await;
    sandbox.does("webhooks", json!({"drop": true})).await;
    buyer.presses_pay(&link).await.with_status(303);
    app.turns_its_clock(PATIENCE);
    eventually("it is known that nothing is paid yet", async || {
        tokio::time::sleep(LOOK).await;
        asks_to_pay(&buyer.opens(&link).await).then_some(())
    })
    .await;

    sandbox.does("pay", json!({"url": link.stripe_url})).await;
    let back = app.anybody().get(&returned(&link)).await.with_status(200);
    assert!(back.text().contains("being confirmed") && !asks_to_pay(&back), "{}", back.text());
    // The button that another tab still shows leads nowhere where they would read that the link is not active.
    let led = buyer.presses_pay(&link).await.with_status(303);
    assert!(link.url.ends_with(led.header("location")), "{}", led.header("location"));
    app.turns_its_clock(PATIENCE);
    is_told_without_being_asked_to_pay(app, &[&link.url], "This invoice is paid").await;
}

async fn a_preview_that_looks_like_a_return_asks_nobody(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let link = merchant.makes_a_link(&app.order()).await;
    let before = merchant.link(&link.id).await;
    let jobs = app.operator().jobs_of_people("done").await.len();
    for _ in 0..20 {
        let page = app.anybody().get(&returned(&link)).await.with_status(200);
        assert!(
            page.text().contains("being confirmed") && page.text().contains("?returned&#x3D;1\""),
            "{}",
            page.text()
        );
    }
    assert_eq!(app.operator().jobs_of_people("queued").await.len(), 0);
    assert_eq!(app.operator().jobs_of_people("done").await.len(), jobs);
    assert_eq!(questions(&sandbox).await.len(), 0);
    assert_eq!(merchant.link(&link.id).await, before, "a GET changed the link");
    assert!(asks_to_pay(&app.buyer().opens(&link).await));
}

async fn a_buyer_whom_nobody_can_answer_may_say_so_themselves(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let link = merchant.makes_a_link(&app.order()).await;
    sandbox.fails(json!({"service": "stripe", "times": 1000, "mode": "status", "status": 401})).await;
    buyer.presses_pay(&link).await.with_status(303);
    let checking = buyer.opens(&link).await.with_status(200);
    assert!(!asks_to_pay(&checking) && !checking.text().contains("/not-paid\""));
    let not_paid = format!("{}/not-paid", link.url);
    let said = app.anybody().ask(app.anybody().request(reqwest::Method::POST, &not_paid)).await.with_status(303);
    assert!(link.url.ends_with(said.header("location")));
    assert!(asks_to_pay(&buyer.opens(&link).await));
}
