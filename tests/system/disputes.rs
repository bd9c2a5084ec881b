//! Disputes of payments: what they show, and whom they need.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    attention::{changes, needs, needs_nobody, open},
    money::{events, shows},
};
use crate::support::{App, Merchant, StripeEvent, eventually, on_both_databases};

on_both_databases!(
    a_dispute_that_was_lost_before_anybody_heard_of_it_needs_a_person_until_it_is_not,
    each_dispute_needs_a_person_and_so_does_an_inquiry_that_becomes_a_chargeback,
    the_deadline_of_a_dispute_is_told_until_it_is_answered,
    a_dispute_is_judged_by_its_status,
);

/// Resolves the open matters of this kind.
pub(crate) async fn is_seen_to(merchant: &Merchant, kind: &str) {
    let matter = needs(merchant, kind).await;
    let resolve = format!("/v1/attention/{}/resolve", matter["id"].as_str().unwrap());
    merchant.http.post(&resolve, &json!({})).await.with_status(200);
}

async fn each_dispute_needs_a_person_and_so_does_an_inquiry_that_becomes_a_chargeback(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("32020").await;
    let link = merchant.makes_a_link(&order).await;
    for session in ["cs_disputed", "cs_too"] {
        let paid = StripeEvent::about_session("checkout.session.completed", &link.id, session, "paid");
        app.is_told(&paid).await.with_status(200);
        merchant.sees(&link.id, "paid").await;
    }
    let told = async |dispute: StripeEvent, at: i64| app.is_told(&dispute.later(at)).await.with_status(200);
    let known = async |events: usize, disputed: usize| {
        eventually("the dispute is told", async || {
            let seen = merchant.link(&link.id).await;
            let told = seen["timeline"].as_array().unwrap().iter().filter(|it| it["event"] == "disputed").count();
            let rows = changes(&merchant, "link.disputed").await;
            (told == events && rows == disputed).then_some(seen)
        })
        .await
    };

    told(StripeEvent::dispute("created", "cs_disputed", "warning_needs_response"), 1).await;
    known(1, 1).await;
    is_seen_to(&merchant, "dispute").await;
    // It was answered, so there is nothing to do.
    told(StripeEvent::dispute("updated", "cs_disputed", "warning_under_review"), 2).await;
    told(StripeEvent::dispute("updated", "cs_disputed", "needs_response"), 3).await;
    let seen = known(2, 2).await;
    assert!(seen.to_string().contains("fraudulent, an inquiry"), "{seen}");
    is_seen_to(&merchant, "dispute").await;
    // A repetition reports nothing new.
    told(StripeEvent::dispute("updated", "cs_disputed", "needs_response"), 4).await;
    // One of another payment of the link.
    told(StripeEvent::dispute("created", "cs_too", "needs_response").with("created", json!(1_770_000_000)), 5).await;
    known(3, 3).await;
    needs(&merchant, "dispute").await;

    told(StripeEvent::dispute("closed", "cs_too", "won"), 6).await;
    eventually("it is decided", async || {
        merchant.link(&link.id).await.to_string().contains("dispute_closed").then_some(())
    })
    .await;
    needs(&merchant, "dispute").await;
    // That it was lost is another matter, which nobody can answer: that the money is gone is to be known.
    told(StripeEvent::dispute("closed", "cs_disputed", "lost"), 7).await;
    let lost = eventually("it is told as lost", async || {
        let disputes = open(&merchant).await.into_iter().filter(|matter| matter["kind"] == "dispute");
        let disputes: Vec<Value> = disputes.collect();
        (disputes.len() == 1 && disputes[0]["reason"] == "lost").then(|| disputes[0].clone())
    })
    .await;
    assert_eq!(lost["link_id"], link.id.as_str());
    is_seen_to(&merchant, "dispute").await;
    // A repeated loss changes nothing, and the bank may still decide otherwise.
    told(StripeEvent::dispute("closed", "cs_disputed", "lost"), 8).await;
    told(StripeEvent::dispute("closed", "cs_disputed", "won"), 9).await;
    eventually("it is won", async || (merchant.link(&link.id).await["dispute_status"] == "won").then_some(())).await;
    needs_nobody(&merchant, "dispute").await;
}

async fn the_deadline_of_a_dispute_is_told_until_it_is_answered(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("32025").await;
    let link = merchant.makes_a_link(&order).await;
    let paid = StripeEvent::about_session("checkout.session.completed", &link.id, "cs_due", "paid");
    app.is_told(&paid).await.with_status(200);
    merchant.sees(&link.id, "paid").await;
    let told = async |kind: &str, status: &str, details: Value, at: i64| {
        let dispute = StripeEvent::dispute(kind, "cs_due", status).with("evidence_details", details).later(at);
        app.is_told(&dispute).await.with_status(200);
    };
    let stands = async |status: &str, due: Option<i64>| {
        eventually("the deadline is told", async || {
            let seen = merchant.link(&link.id).await;
            (seen["dispute_status"] == status && due_of(&seen) == due).then_some(seen)
        })
        .await
    };

    told("created", "needs_response", json!({"due_by": 1_790_000_000, "past_due": false}), 1).await;
    stands("needs_response", Some(1_790_000_000)).await;
    let matter = needs(&merchant, "dispute").await;
    assert_eq!(due_of(&matter), Some(1_790_000_000), "{matter}");
    let feed = merchant.http.get("/v1/changes?after=0&limit=100").await.with_status(200).json();
    let told_of = feed["items"].as_array().unwrap().iter().find(|change| change["type"] == "link.disputed").cloned();
    assert_eq!(told_of.map(|change| due_of(&change["resource"])), Some(Some(1_790_000_000)), "{feed}");
    let summary = merchant.http.get("/v1/summary").await.with_status(200).json();
    let dollars = &summary["currencies"][0];
    assert_eq!((&dollars["disputed"], &dollars["disputed_links"]), (&json!("129.50"), &json!(1)), "{summary}");
    assert_eq!(dollars["lost_links"], 0);

    // The bank gives more time, and what says nothing of it takes nothing back.
    told("updated", "needs_response", json!({"due_by": 1_790_500_000}), 2).await;
    stands("needs_response", Some(1_790_500_000)).await;
    told("updated", "needs_response", json!("soon"), 3).await;
    told("updated", "under_review", json!({"due_by": 0}), 4).await;
    stands("under_review", None).await;
    let matter = needs(&merchant, "dispute").await;
    assert_eq!(due_of(&matter), None, "{matter}");
    told("updated", "needs_response", json!({}), 5).await;
    stands("needs_response", Some(1_790_500_000)).await;
    told("closed", "won", json!({"due_by": 1_790_500_000}), 6).await;
    stands("won", None).await;
    let summary = merchant.http.get("/v1/summary").await.with_status(200).json();
    assert_eq!(summary["currencies"][0]["disputed"], "0.00", "{summary}");
}

/// In seconds since 1970.
fn due_of(told: &Value) -> Option<i64> {
    let due = told["respond_by"].as_str()?;
    Some(due.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp())
}

async fn a_dispute_that_was_lost_before_anybody_heard_of_it_needs_a_person_until_it_is_not(app: &mut App) {
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&merchant.opens_an_order("32022").await).await;
    // It comes before its payment.
    app.is_told(&StripeEvent::dispute("closed", "cs_lost", "lost").later(5)).await.with_status(200);
    let paid = StripeEvent::about_session("checkout.session.completed", &link.id, "cs_lost", "paid");
    app.is_told(&paid).await.with_status(200);

    let matter = needs(&merchant, "dispute").await;
    assert_eq!((&matter["reason"], &matter["link_id"]), (&json!("lost"), &json!(link.id)));

    app.is_told(&StripeEvent::dispute("closed", "cs_lost", "won").later(6)).await.with_status(200);
    needs_nobody(&merchant, "dispute").await;
}

async fn a_dispute_is_judged_by_its_status(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    for (steps, ends, told) in [
        (&["warning_needs_response", "warning_under_review", "warning_closed"][..], "closed", "inquiry_closed"),
        (&["needs_response", "under_review", "won"], "won", "dispute_won"),
        (&["needs_response", "lost"], "lost", "dispute_lost"),
        (&["prevented"], "closed", "dispute_prevented"),
    ] {
        let order = merchant.opens_an_order(&format!("D-{}", steps.join("-"))).await;
        let link = merchant.makes_a_link(&order).await;
        app.buyer().pays(&link).await;
        let paid = merchant.sees(&link.id, "paid").await;
        let intent = paid["dashboard_url"].as_str().unwrap().rsplit('/').next().unwrap();
        sandbox.does("dispute", json!({"payment_intent": intent, "status": steps[0]})).await;
        for (before, step) in steps.iter().zip(&steps[1..]) {
            let stands = |link: &Value| link["disputed"] == "open" && link["dispute_status"] == *before;
            shows(&merchant, &link.id, "it is open", stands).await;
            sandbox.does("dispute/close", json!({"payment_intent": intent, "status": step})).await;
        }
        let end = shows(&merchant, &link.id, "it has ended", |link| link["disputed"] == ends).await;
        let last = *steps.last().unwrap();
        assert_eq!((&end["dispute_status"], events(&end, "dispute_closed")), (&json!(last), vec![last]), "{end}");
        assert_eq!(merchant.tag(&order).await, "paid");
        let order = merchant.http.get(&format!("/v1/orders/{}", order.id)).await.with_status(200).json();
        assert_eq!(order["notices"], json!([told]), "{order}");

        // Wherever else it is shown.
        let listed = merchant.http.get(&format!("/v1/payment-links?disputed={ends}")).await.with_status(200).json();
        assert_eq!(listed["items"][0]["id"], link.id.as_str(), "{listed}");
        let csv = merchant.http.request(Method::GET, &format!("/v1/payment-links?disputed={ends}"));
        let csv = merchant.http.ask(csv.header("Accept", "text/csv")).await.with_status(200).text();
        assert!(csv.lines().any(|line| line.starts_with(&link.id) && line.contains(&format!(",{last},"))), "{csv}");
        assert!(app.says(&["why", &link.id]).contains(&format!("(Stripe says {last})")));
        let page = app.buyer().opens(&link).await.with_status(200).text();
        assert!(
            page.contains(if ends == "lost" { "your bank has given you the money back" } else { "is paid" }),
            "{page}"
        );
    }
    let none = merchant.http.get("/v1/payment-links?disputed=open").await.with_status(200).json();
    assert_eq!(none["items"], json!([]));
    merchant.http.get("/v1/payment-links?disputed=perhaps").await.problem(422, "invalid_input");
    let summary = merchant.http.get("/v1/summary").await.with_status(200).json();
    assert_eq!(summary["currencies"][0]["lost_links"], 1, "{summary}");
}
