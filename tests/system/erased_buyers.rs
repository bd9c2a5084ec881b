//! Buyers who are erased on request, or with all that was theirs.

use reqwest::Method;
use serde_json::json;

use super::ninety_days::{days_pass, files_with, found_in, is_purged};
use crate::support::{App, INVOICE, Invoice, Link, Merchant, Order, eventually, on_both_databases};

on_both_databases!(
    a_buyer_is_erased_on_request,
    a_buyer_who_is_erased_while_their_bank_thinks_leaves_no_link_behind_that_nobody_can_finish,
    a_buyer_whom_no_link_takes_with_it_is_erased_all_the_same,
);

/// What must be gone when a buyer's link is.
pub(crate) async fn a_buyer_who_leaves_traces(app: &App, number: &str) -> (Merchant, Order, Link, Vec<String>) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order(number).await;
    let padded = [INVOICE, b"\n% marmalade-in-the-invoice\n"].concat();
    let invoice = Invoice { pdf: Some(&padded), number: Some("INV-MARMALADE"), ..Invoice::default() };
    let made = merchant.http.ask(merchant.request_for_a_link(&order, &invoice)).await.with_status(202).json();
    let link = merchant.has_the_link(made["id"].as_str().unwrap()).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    sandbox.buyer_texts(&order.phone, "Is there gooseberry?").await;
    eventually("the answer is there", async || app.rows().await.contains("gooseberry").then_some(())).await;
    sandbox.has_told_everything().await;
    let void = json!({"reason": "Mrs Damson moved away"});
    merchant.http.post(&format!("/v1/payment-links/{}/void", link.id), &void).await.with_status(202);
    merchant.sees(&link.id, "voided").await;
    // What was noted about an unread reply, and why the number gets no texts, is in the audit log too.
    let matters = merchant.http.whole_list("/v1/attention", 10).await;
    let reply = matters.iter().find(|matter| matter["kind"] == "unread_reply").unwrap();
    let resolve = format!("/v1/attention/{}/resolve", reply["id"].as_str().unwrap());
    merchant.http.post(&resolve, &json!({"note": "Greengage was asked for"})).await.with_status(200);
    let opt_out = json!({"phone": order.phone, "reason": "Called from Quince Street"});
    merchant.http.post("/v1/opt-outs", &opt_out).await.with_status(201);
    let traces = [
        order.phone.as_str(),
        "marmalade-in",
        "INV-MARMALADE",
        "gooseberry",
        "Damson",
        "Wedding cake",
        "Greengage",
        "Quince",
    ];
    let traces: Vec<String> = traces.map(ToOwned::to_owned).to_vec();
    let rows = app.rows().await;
    for trace in &traces {
        assert!(
            found_in(&rows, &[trace]).is_some() || !files_with(app, &[trace]).is_empty(),
            "{trace} is not found where it is"
        );
    }
    (merchant, order, link, traces)
}

async fn a_buyer_whom_no_link_takes_with_it_is_erased_all_the_same(app: &mut App) {
    let merchant = app.merchant();
    let order = merchant.opens_an_order("4021").await;
    let by_hand = "+12025554022";
    app.hush(by_hand);
    let opt_out = json!({"phone": by_hand, "reason": "Called from Medlar Lane"});
    merchant.http.post("/v1/opt-outs", &opt_out).await.with_status(201);
    days_pass(app, 89);
    let traces = [order.phone.as_str(), by_hand, "Medlar Lane"];
    for trace in traces {
        assert!(found_in(&app.rows().await, &[trace]).is_some(), "{trace} goes before its time");
    }

    days_pass(app, 91);

    assert_eq!(found_in(&app.rows().await, &traces), None);
    let kept = merchant.http.get(&format!("/v1/orders/{}", order.id)).await.with_status(200).json();
    assert!(kept["customer"]["phone"].is_null() && kept["items"] == json!([]) && kept["number"] == "4021", "{kept}");
    // That the number gets no texts outlives it.
    let again = merchant.opens_an_order_of("4023", by_hand).await;
    let link = merchant.makes_a_link(&again).await;
    merchant.asks_to_send(&link).await.problem(422, "opted_out");
}

async fn a_buyer_is_erased_on_request(app: &mut App) {
    let (merchant, order, link, traces) = a_buyer_who_leaves_traces(app, "4012").await;
    let second = merchant.opens_an_order_of("4013", &order.phone).await;
    let open = merchant.makes_a_link(&second).await;
    let third = merchant.opens_an_order_of("4014", &order.phone).await;
    let other = merchant.opens_an_order("4015").await;
    let path = format!("/v1/buyers/{}", order.phone.replace('+', "%2B"));
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    stranger.http.get(&format!("{path}/export")).await.problem(404, "not_found");
    stranger.http.ask(stranger.http.request(Method::DELETE, &path)).await.problem(404, "not_found");

    let export = merchant.http.get(&format!("{path}/export")).await.with_status(200).json();
    let orders: Vec<&str> =
        export["orders"].as_array().unwrap().iter().map(|it| it["number"].as_str().unwrap()).collect();
    assert_eq!(orders, ["4014", "4013", "4012"]);
    assert!(export["messages"].as_array().unwrap().iter().any(|it| it["link_id"] == link.id.as_str()), "{export}");

    let erasing = merchant.http.ask(merchant.http.request(Method::DELETE, &path)).await.with_status(202).json();
    assert_eq!(erasing, json!({"orders": 3, "links": 2}));
    is_purged(&merchant, &link.id).await;
    let closed = is_purged(&merchant, &open.id).await;
    assert_eq!(closed["status"], "expired", "an open link is closed first");
    assert_eq!(app.sandbox().links_for(&open.id).await.live, 0);
    let invoice = merchant.http.get(&format!("/v1/payment-links/{}/invoice", link.id)).await.problem(410, "purged");
    assert_eq!(invoice["detail"], "The invoice was erased.", "it did not wait for its day");
    for order in [&order, &second, &third] {
        let kept = merchant.http.get(&format!("/v1/orders/{}", order.id)).await.with_status(200).json();
        assert!(kept["customer"]["phone"].is_null() && kept["items"] == json!([]), "{kept}");
    }
    merchant.http.get(&format!("{path}/export")).await.problem(404, "not_found");
    // The demo's order and the other buyer's have the same cake.
    let gone: Vec<&str> = traces.iter().map(String::as_str).filter(|trace| *trace != "Wedding cake").collect();
    assert_eq!(found_in(&app.rows().await, &gone), None);
    eventually("nothing is left in any file", async || files_with(app, &gone).is_empty().then_some(())).await;
    let kept = merchant.http.get(&format!("/v1/orders/{}", other.id)).await.with_status(200).json();
    assert_eq!(kept["customer"]["phone"], other.phone.as_str(), "another buyer's is kept");
}

async fn a_buyer_who_is_erased_while_their_bank_thinks_leaves_no_link_behind_that_nobody_can_finish(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("4020").await;
    let link = merchant.makes_a_link(&order).await;
    let begun = sandbox.does("pay", json!({"url": link.stripe_url, "async": true})).await;
    merchant.sees(&link.id, "processing").await;
    let path = format!("/v1/buyers/{}", order.phone.replace('+', "%2B"));
    merchant.http.ask(merchant.http.request(Method::DELETE, &path)).await.with_status(202);
    assert_eq!(is_purged(&merchant, &link.id).await["status"], "processing");

    sandbox.does("settle", json!({"session": begun["session"], "succeed": false})).await;

    let expired = merchant.sees(&link.id, "expired").await;
    assert!(expired["failure"].is_null(), "{expired}");
    assert_eq!(sandbox.links_for(&link.id).await.live, 0);
    // Its amount is gone, and the order's stays.
    let asked = Invoice { number: Some("INV-2"), ..Invoice::default() };
    merchant.asks_for_a_link(&order, &asked).await.with_status(202);
}
