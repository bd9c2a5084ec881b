//! What happens to a payment afterwards: refunds and second payments.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Link, Merchant, StripeEvent, eventually, on_both_databases};

on_both_databases!(
    refunds_are_counted_from_refunds_and_one_that_fails_is_taken_off,
    where_only_the_charge_told_its_newest_sum_counts_less_what_failed_since,
    a_refund_that_its_sum_told_too_early_is_put_right,
    what_goes_back_before_the_payment_is_known_is_shown_when_it_is,
    each_payment_on_top_leaves_what_it_was,
    what_went_back_after_the_purge_is_known_without_an_amount,
);

pub(crate) fn events<'a>(link: &'a Value, kind: &str) -> Vec<&'a str> {
    let entries = link["timeline"].as_array().unwrap().iter().filter(|entry| entry["event"] == kind);
    entries.map(|entry| entry["detail"].as_str().unwrap_or_default()).collect()
}

pub(crate) async fn shows(merchant: &Merchant, link: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    eventually(what, async || {
        let link = merchant.link(link).await;
        is(&link).then_some(link)
    })
    .await
}

pub(crate) async fn everything_is_applied(app: &App) {
    eventually("every event is applied", async || app.operator().jobs("queued").await.is_empty().then_some(())).await;
}

/// A link that was paid, and its payment at Stripe.
async fn paid_link(app: &App) -> (Link, String) {
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&app.order()).await;
    app.buyer().pays(&link).await;
    let paid = merchant.sees(&link.id, "paid").await;
    assert_eq!((&paid["paid_by"], &paid["refund_status"]), (&json!({"method": "stripe"}), &json!("none")), "{paid}");
    let intent = paid["dashboard_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    (link, intent)
}

async fn is_said_on_the_page(app: &App, link: &Link, sentence: &str) {
    let page = app.buyer().opens(link).await.with_status(200).text();
    assert!(page.contains(sentence), "{sentence}: {page}");
}

/// The page and the receipt say the same.
async fn is_told_to_the_buyer(app: &App, link: &Link, sentence: &str) {
    is_said_on_the_page(app, link, sentence).await;
    let receipt = app.anybody().get(&format!("{}/receipt.pdf", link.url)).await.with_status(200);
    assert!(String::from_utf8_lossy(&receipt.body).contains(sentence), "{sentence} is not in the receipt");
}

async fn refunds_are_counted_from_refunds_and_one_that_fails_is_taken_off(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let (link, intent) = paid_link(app).await;
    let refund = |amount: i64, status: &str| json!({"payment_intent": intent, "amount": amount, "status": status});

    // It is under way: nothing has gone back yet, and the timeline says what is to come.
    let first = sandbox.does("refund", refund(2_950, "pending")).await["refund"].clone();
    let link_now =
        shows(&merchant, &link.id, "a refund is under way", |link| !events(link, "refund_pending").is_empty()).await;
    sandbox.has_told_everything().await;
    everything_is_applied(app).await;
    let settled = merchant.link(&link.id).await;
    assert!(settled["refunded_amount"].is_null() && settled["refund_status"] == "none", "{settled} {link_now}");
    assert_eq!(settled["unfinished_refund"], json!({"status": "pending", "amount": "29.50", "currency": "usd"}));
    is_told_to_the_buyer(app, &link, "A refund of 29.50\u{a0}USD is on its way to you.").await;
    let http = app.anybody();
    for (language, said) in [
        ("de", "Eine Erstattung von 29,50\u{a0}USD ist"),
        ("es", "Un reembolso de 29,50\u{a0}USD está"),
        ("fr", "Un remboursement de 29,50\u{a0}USD est"),
        ("pt", "Um reembolso de 29,50\u{a0}USD está"),
        ("zh", "谢谢。此账单已支付。29.50\u{a0}USD 的退款"),
        ("ar", "مبلغ \u{2066}29.50\u{a0}USD\u{2069}، وهو"),
    ] {
        let page = http.ask(http.request(Method::GET, &link.url).header("Accept-Language", language)).await;
        let page = page.with_status(200).text();
        assert!(page.contains(said) && page.contains("sentence paid back"), "{said}: {page}");
    }

    sandbox.does("refund/settle", json!({"refund": first, "status": "succeeded"})).await;
    let partly = shows(&merchant, &link.id, "a part went back", |link| link["refund_status"] == "partial").await;
    assert_eq!((&partly["refunded_amount"], partly.get("unfinished_refund")), (&json!("29.50"), None));
    is_told_to_the_buyer(app, &link, "part of the money was paid back to you.").await;
    assert_eq!(merchant.tag(&app.order()).await, "paid");

    sandbox.does("refund", refund(10_000, "succeeded")).await;
    let whole = shows(&merchant, &link.id, "all of it went back", |link| link["refund_status"] == "full").await;
    assert_eq!((&whole["refunded_amount"], &whole["status"]), (&json!("129.50"), &json!("paid")));
    assert_eq!(events(&whole, "refunded").last(), Some(&"129.50 USD"), "{whole}");

    sandbox.does("refund/settle", json!({"refund": first, "status": "failed"})).await;
    let failed = shows(&merchant, &link.id, "it came back", |link| link["refunded_amount"] == "100.00").await;
    assert_eq!(failed["refund_status"], "partial");
    assert_eq!(events(&failed, "refund_failed"), ["29.50 USD"], "{failed}");
    assert_eq!(failed["unfinished_refund"], json!({"status": "failed", "amount": "29.50", "currency": "usd"}));
    let name = merchant.http.get("/v1/merchant").await.json()["name"].as_str().unwrap().to_owned();
    let both = format!("was paid back to you. A refund of 29.50\u{a0}USD did not go through; {name} was told.");
    is_told_to_the_buyer(app, &link, &both).await;
    let order = merchant.http.get(&format!("/v1/orders/{}", app.order().id)).await.with_status(200).json();
    assert_eq!(order["notices"], json!(["partly_refunded", "refund_failed"]));
    sandbox.has_told_everything().await;
    everything_is_applied(app).await;
    assert_eq!(merchant.link(&link.id).await, failed, "each is told by several events and counts once");
}

async fn where_only_the_charge_told_its_newest_sum_counts_less_what_failed_since(app: &mut App) {
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&app.order()).await;
    let paid = StripeEvent::about_session("checkout.session.completed", &link.id, "cs_sum", "paid");
    app.is_told(&paid).await.with_status(200);
    merchant.sees(&link.id, "paid").await;
    app.is_told(&StripeEvent::refund(&link.id, "cs_sum", 5_000).later(10)).await.with_status(200);
    shows(&merchant, &link.id, "the newest sum", |link| link["refunded_amount"] == "50.00").await;
    // Told late, and of before.
    app.is_told(&StripeEvent::refund(&link.id, "cs_sum", 3_000).later(5)).await.with_status(200);
    let failed = StripeEvent::refund_object("refund.failed", "cs_sum", ("re_1", 2_000, "failed")).later(20);
    app.is_told(&failed).await.with_status(200);
    shows(&merchant, &link.id, "less what failed since", |link| link["refunded_amount"] == "30.00").await;
    // A smaller sum that is newer counts.
    app.is_told(&StripeEvent::refund(&link.id, "cs_sum", 4_000).later(30)).await.with_status(200);
    shows(&merchant, &link.id, "a newer sum", |link| link["refunded_amount"] == "40.00").await;
}

async fn a_refund_that_its_sum_told_too_early_is_put_right(app: &mut App) {
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&app.order()).await;
    let paid = StripeEvent::about_session("checkout.session.completed", &link.id, "cs_soon", "paid");
    app.is_told(&paid).await.with_status(200);
    merchant.sees(&link.id, "paid").await;
    for so_far in [1_000, 3_000] {
        app.is_told(&StripeEvent::refund(&link.id, "cs_soon", so_far).later(so_far)).await.with_status(200);
        let wanted = format!("{}.00", so_far / 100);
        shows(&merchant, &link.id, "the sum", |link| link["refunded_amount"] == wanted.as_str()).await;
    }
    let told = merchant.link(&link.id).await;
    assert_eq!(events(&told, "refunded"), ["10.00 USD", "30.00 USD"], "{told}");

    // The sum holds two refunds, of which the second is only under way, and then the first, too.
    let refund = |id: &str, amount, status: &str| {
        let kind = if status == "pending" { "refund.created" } else { "refund.updated" };
        StripeEvent::refund_object(kind, "cs_soon", (id, amount, status)).later(amount)
    };
    app.is_told(&refund("re_second", 2_000, "pending")).await.with_status(200);
    let link_now = shows(&merchant, &link.id, "less", |link| link["refunded_amount"] == "10.00").await;
    assert_eq!(
        (events(&link_now, "refunded"), events(&link_now, "refund_pending")),
        (vec!["10.00 USD"], vec!["20.00 USD"])
    );
    app.is_told(&refund("re_first", 1_000, "pending")).await.with_status(200);
    let link_now = shows(&merchant, &link.id, "nothing", |link| link["refund_status"] == "none").await;
    assert_eq!(events(&link_now, "refunded"), [""; 0], "{link_now}");
    assert_eq!(events(&link_now, "refund_pending"), ["20.00 USD", "10.00 USD"], "{link_now}");
    assert_eq!(link_now["unfinished_refund"]["amount"], "30.00");

    app.is_told(&refund("re_second", 2_000, "succeeded")).await.with_status(200);
    let made = shows(&merchant, &link.id, "it is made", |link| link["refunded_amount"] == "20.00").await;
    assert_eq!((events(&made, "refunded"), &made["unfinished_refund"]["amount"]), (vec!["20.00 USD"], &json!("10.00")));
}

async fn what_goes_back_before_the_payment_is_known_is_shown_when_it_is(app: &mut App) {
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&app.order()).await;
    let refunded = StripeEvent::refund_object("refund.created", "cs_early", ("re_early", 1_000, "succeeded"));
    app.is_told(&refunded).await.with_status(200);
    app.is_told(&StripeEvent::dispute("created", "cs_early", "needs_response")).await.with_status(200);
    everything_is_applied(app).await;
    assert!(merchant.link(&link.id).await["disputed"].is_null());

    let paid = StripeEvent::about_session("checkout.session.completed", &link.id, "cs_early", "paid");
    app.is_told(&paid).await.with_status(200);

    let link = merchant.sees(&link.id, "paid").await;
    assert_eq!((&link["refunded_amount"], &link["disputed"]), (&json!("10.00"), &json!("open")), "{link}");
    assert_eq!((events(&link, "refunded"), events(&link, "disputed")), (vec!["10.00 USD"], vec!["fraudulent"]));
}

async fn each_payment_on_top_leaves_what_it_was(app: &mut App) {
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&app.order()).await;
    for session in ["cs_one", "cs_two", "cs_three"] {
        let paid = StripeEvent::about_session("checkout.session.completed", &link.id, session, "paid");
        app.is_told(&paid).await.with_status(200);
        merchant.sees(&link.id, "paid").await;
        everything_is_applied(app).await;
        app.is_told(&paid).await.with_status(200);
    }
    let thrice = shows(&merchant, &link.id, "each is told", |link| events(link, "paid_again").len() == 2).await;
    assert_eq!(thrice["review"], "amount_mismatch");
    assert!(events(&thrice, "review")[0].contains("or more than once"), "{thrice}");
    for (told, session) in events(&thrice, "paid_again").iter().zip(["cs_two", "cs_three"]) {
        assert!(
            told.contains(session) && told.contains("129.50 USD") && told.contains(&format!("pi_{session}")),
            "{told}"
        );
    }

    is_said_on_the_page(app, &link, "You paid more than once, and ").await;

    // One that came on top goes back: nothing of what was asked is gone.
    let back = |session: &str| {
        StripeEvent::refund_object("refund.created", session, (&format!("re_{session}"), 12_950, "succeeded"))
    };
    app.is_told(&back("cs_two")).await.with_status(200);
    let once = shows(&merchant, &link.id, "it went back", |link| !events(link, "refunded").is_empty()).await;
    assert_eq!(events(&once, "refunded"), ["129.50 USD of pi_cs_two"]);
    assert!(once["refunded_amount"].is_null() && once["refund_status"] == "none", "{once}");
    is_said_on_the_page(app, &link, "You paid more than once, and 129.50\u{a0}USD was paid back to you so far.").await;
    // The third is contested: so is the link.
    app.is_told(&StripeEvent::dispute("created", "cs_three", "needs_response")).await.with_status(200);
    let contested = shows(&merchant, &link.id, "it is disputed", |link| link["disputed"] == "open").await;
    assert_eq!(events(&contested, "disputed"), ["fraudulent, of pi_cs_three"]);
    // All of it is gone once all three have gone back.
    app.is_told(&back("cs_three")).await.with_status(200);
    app.is_told(&back("cs_one")).await.with_status(200);
    let gone = shows(&merchant, &link.id, "all went back", |link| link["refund_status"] == "full").await;
    assert_eq!(gone["refunded_amount"], "129.50");
    is_said_on_the_page(app, &link, "This invoice was paid, and the money was paid back to you.").await;
    is_said_on_the_page(app, &link, "<dd>388.50\u{a0}USD</dd>").await;
}

async fn what_went_back_after_the_purge_is_known_without_an_amount(app: &mut App) {
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&app.order()).await;
    let paid = StripeEvent::about_session("checkout.session.completed", &link.id, "cs_old", "paid");
    app.is_told(&paid).await.with_status(200);
    merchant.sees(&link.id, "paid").await;
    let back =
        |id: &str, amount: i64| StripeEvent::refund_object("refund.created", "cs_old", (id, amount, "succeeded"));
    app.is_told(&back("re_old_1", 1_234)).await.with_status(200);
    shows(&merchant, &link.id, "a part went back", |link| link["refunded_amount"] == "12.34").await;
    app.passes(chrono::Utc::now() + chrono::TimeDelta::days(91));
    let purged = shows(&merchant, &link.id, "it is purged", |link| link["purged_at"].is_string()).await;
    assert_eq!((&purged["refund_status"], &purged["refunded_amount"]), (&json!("partial"), &Value::Null));

    app.is_told(&back("re_old_2", 5_678)).await.with_status(200);
    let whole = StripeEvent::refund(&link.id, "cs_old", 12_950).with("refunded", json!(true)).later(60);
    app.is_told(&whole).await.with_status(200);
    shows(&merchant, &link.id, "all of it went back", |link| link["refund_status"] == "full").await;
    let rows = app.rows().await;
    for amount in ["1234", "5678", "12950"] {
        let kept = rows.lines().filter(|line| line.contains("re_old") || line.contains("pi_cs_old"));
        for line in kept {
            // As a number of its own: an id may have these digits in it.
            let mut words = line.split(|it: char| !it.is_ascii_alphanumeric());
            assert!(!words.any(|word| word == amount), "{line}");
        }
    }
}
