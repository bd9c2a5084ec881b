//! The process dies without warning. Accepted work is done nevertheless, once.

use serde_json::json;

use crate::support::{App, INVOICE, Invoice, eventually, on_both_databases};

on_both_databases!(
    killed:
    what_was_accepted_before_a_crash_is_done_after_it,
    a_crash_in_the_middle_of_a_call_leaves_one_effect,
);

async fn what_was_accepted_before_a_crash_is_done_after_it(app: &mut App) {
    let merchant = app.merchant();
    let to_send = merchant.opens_an_order("10001").await;
    let to_void = merchant.opens_an_order("10002").await;
    let to_make = merchant.opens_an_order("10003").await;
    let sent = merchant.makes_a_link(&to_send).await;
    let voided = merchant.makes_a_link(&to_void).await;

    let made = merchant.uploads(&to_make, &Invoice { pdf: Some(INVOICE), ..Invoice::default() }).await;
    app.is_killed_and_started_again().await;
    let message = merchant.sends(&sent).await;
    app.is_killed_and_started_again().await;
    merchant.voids(&voided).await.with_status(202);
    app.is_killed_and_started_again().await;

    let (buyer, sandbox) = (app.buyer(), app.sandbox());
    let made = merchant.has_the_link(&made).await;
    // If the crash fell between the mark that it leaves and the wire, nobody can know that it did not, and it is never
    // sent again.
    let texts = eventually("the text is delivered, or never left", async || {
        let status = merchant.message(&message).await["status"].clone();
        match (status.as_str(), sandbox.texts_to(&to_send.phone).await.len()) {
            (Some("delivered"), 1) => Some(1),
            (Some("unknown"), 0) => Some(0),
            _ => None,
        }
    })
    .await;
    merchant.sees(&voided.id, "voided").await;
    for link in [&made, &sent] {
        let at_stripe = sandbox.links_for(&link.id).await;
        assert_eq!((at_stripe.total, at_stripe.live), (1, 1));
    }
    assert_eq!(sandbox.payment_is_tried(&voided).await, 409);
    assert_eq!(sandbox.texts_to(&to_send.phone).await.len(), texts);
    assert_eq!(merchant.ledger().await, ["top_up", "hold", "capture"][..2 + texts]);
    assert!(buyer.reads_the_invoice(&made).await.with_status(200).body == INVOICE, "the invoice was changed");
    buyer.pays(&made).await;
    app.is_killed_and_started_again().await;
    merchant.sees(&made.id, "paid").await;
    assert_eq!(merchant.tag(&to_make).await, "paid");
}

async fn a_crash_in_the_middle_of_a_call_leaves_one_effect(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    // A report would tell what became of the text before anybody has to find it out.
    sandbox.does("sms/reports", json!({"automatic": false})).await;
    let (to_send, to_make) = (merchant.opens_an_order("10004").await, merchant.opens_an_order("10005").await);
    let sent = merchant.makes_a_link(&to_send).await;
    // Both calls have their effect, and neither is answered before the crash.
    for service in ["stripe", "sms"] {
        sandbox.fails(json!({"service": service, "times": 1, "mode": "hang_after", "method": "POST"})).await;
    }
    let message = merchant.sends(&sent).await;
    let made = merchant.uploads(&to_make, &Invoice::default()).await;
    eventually("both calls have arrived", async || {
        let one_link = sandbox.links_for(&made).await.total == 1;
        (one_link && sandbox.texts_to(&to_send.phone).await.len() == 1).then_some(())
    })
    .await;

    app.is_killed_and_started_again().await;

    let sandbox = app.sandbox();
    let made = merchant.has_the_link(&made).await;
    merchant.sees_message(&message, "sent").await;
    let at_stripe = sandbox.links_for(&made.id).await;
    assert_eq!((at_stripe.total, at_stripe.live), (1, 1));
    assert_eq!(sandbox.texts_to(&to_send.phone).await.len(), 1);
    assert_eq!(merchant.credits().await, (99, 0));
    assert_eq!(merchant.ledger().await, ["top_up", "hold", "capture"]);
}
