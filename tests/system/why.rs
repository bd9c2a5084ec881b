//! `paylink why`: what keeps a text from its buyer, each in one plain line, for any kind of argument.

use std::collections::BTreeSet;

use queue::flow::{CARRIER_IS_BUSY, NIGHT, NotNow};

use crate::{
    flow::workers_know_what_is_paused,
    support::{App, Database, Link, Merchant, Order, eventually},
};

/// What is asked about: the buyer, the order by its number and its id, the link, and the text if there is one.
fn all_of<'a>(order: &'a Order, number: &'a str, link: &'a Link, message: Option<&'a str>) -> Vec<&'a str> {
    [order.phone.as_str(), number, &order.id, &link.id].into_iter().chain(message).collect()
}

/// Each answer says so in one line, which may stand in it twice: beside the conversation with a buyer, and beside their
/// order.
fn is_told(app: &App, about: &[&str], what: &str) {
    for about in about {
        let told = app.says(&["why", about]);
        let lines: BTreeSet<&str> = told.lines().map(str::trim).filter(|line| line.contains(what)).collect();
        assert_eq!(lines.len(), 1, "{about}: {what} is told by {lines:?} in\n{told}");
    }
}

async fn an_order(merchant: &Merchant, number: &str) -> (Order, Link) {
    let order = merchant.opens_an_order(number).await;
    let link = merchant.makes_a_link(&order).await;
    (order, link)
}

#[tokio::test]
async fn what_a_text_waits_for_that_was_taken_is_told_in_one_line() {
    let app = App::start(Database::postgresql().await).await;
    let merchant = app.merchant();
    let (order, link) = an_order(&merchant, "15101").await;
    app.says(&["jobs", "pause", "--kind", "send_sms", "--reason", "the carrier asks for it"]);
    workers_know_what_is_paused(&app).await;
    let message = merchant.sends(&link).await;
    let about = all_of(&order, "15101", &link, Some(&message));

    is_told(&app, &about, "it is due since");
    is_told(&app, &about, "the carrier asks for it");
    let reason = "an unpaid bill";
    app.says(&["jobs", "pause", "--merchant", &merchant.id, "--reason", reason]);
    is_told(&app, &about, reason);
    app.changes_rows("UPDATE merchant SET suspended_at = created_at, suspended_reason = 'asked'").await;
    is_told(&app, &about, "the merchant is suspended");
    app.changes_rows("UPDATE merchant SET suspended_at = NULL, suspended_reason = NULL").await;

    // The text that a snoozed job stores. The kind is paused, so that no worker overwrites it.
    let limited =
        NotNow::Limited { limit: "carrier:messages".to_owned(), after: std::time::Duration::ZERO }.to_string();
    for (said, told) in [
        (NIGHT, "it is night at the buyer's: it leaves at"),
        (CARRIER_IS_BUSY, "the carrier asks for patience"),
        (&limited, "the pace is full"),
        ("carrier twilio is taken for down", "did not answer several times in a row and is left alone"),
        ("a line was cut", "the last attempt did not succeed: the next is at"),
    ] {
        let later = "UPDATE job SET run_at = now() + interval '1 hour'";
        app.changes_rows(&format!("{later}, last_error = '{said}' WHERE kind = 'send_sms' AND state = 'queued'")).await;
        is_told(&app, &about, told);
    }

    app.changes_rows("INSERT INTO restoration (restored_at, restored_to) VALUES (now(), now() - interval '1 hour')")
        .await;
    is_told(&app, &about, "what was under way is held, for it may have left since");
}

#[tokio::test]
async fn why_a_text_would_be_refused_is_told_in_one_line() {
    let app = App::start(Database::postgresql().await).await;
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let (order, link) = an_order(&merchant, "15111").await;
    let about = all_of(&order, "15111", &link, None);
    is_told(&app, &about, "no text carries it");

    app.changes_rows("UPDATE merchant SET sms_rate = 1000").await;
    is_told(&app, &about, "credits, and a text takes 1000 at least");
    app.changes_rows("UPDATE merchant SET sms_rate = 1").await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    is_told(&app, &about, "it reached the phone");
    // One that has left says nothing of the next.
    app.changes_rows("UPDATE merchant SET sms_rate = 1000").await;
    is_told(&app, &about, "credits, and a text takes 1000 at least");

    sandbox.buyer_texts(&order.phone, "STOP").await;
    eventually("the buyer is opted out", async || {
        let told = app.says(&["why", &link.id]);
        told.contains("the buyer wants no more texts").then_some(())
    })
    .await;
    is_told(&app, &about[1..], "the buyer wants no more texts");
    let told = app.says(&["why", &order.phone]);
    assert!(told.contains("none is sent until they answer START"), "{told}");
}
