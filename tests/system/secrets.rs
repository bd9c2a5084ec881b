//! The secret key of the installation is changed, and no client notices.

use crate::support::{App, on_both_databases};

on_both_databases!(a_changed_secret_key_breaks_no_link_and_forgets_no_opt_out);

async fn a_changed_secret_key_breaks_no_link_and_forgets_no_opt_out(app: &mut App) {
    let (merchant, buyer, sandbox) = (app.merchant(), app.buyer(), app.sandbox());
    let order = merchant.opens_an_order("8101").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    sandbox.buyer_texts(&order.phone, "STOP").await;
    crate::support::eventually("the buyer has opted out", async || {
        (merchant.asks_to_send(&link).await.status == 422).then_some(())
    })
    .await;
    let old = app.file("secret.key");
    let generated = app.runs(&["secrets", "generate"]).stdout;
    let new = String::from_utf8(generated).unwrap().trim().to_owned();
    assert_ne!(old.trim(), new);
    let rotates = |app: &App| {
        let ran = app.runs(&["secrets", "rotate"]);
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    };

    // The new key is set, the old one still opens what it has sealed.
    app.starts_again_with(&[("PAYLINK_SECRET_KEY", &new), ("PAYLINK_PREVIOUS_SECRET_KEYS", old.trim())]).await;
    assert_eq!(merchant.link(&link.id).await["url"], link.url.as_str());
    // The root, a Stripe key, its signing secrets and the carrier's token.
    let told = rotates(app);
    assert!(
        told.starts_with("4 sealed anew, 0 under this key already\n") && told.contains("secret.key holds"),
        "{told}"
    );
    assert_eq!(app.file("secret.key"), new, "whoever is not told the key finds the one that opens");
    assert_eq!(rotates(app), "0 sealed anew, 4 under this key already\n");
    assert_eq!(app.rows().await.matches("secrets.rotate").count(), 4);

    // The old one is not needed any more.
    app.starts_again_with(&[("PAYLINK_SECRET_KEY", &new)]).await;
    assert_eq!(merchant.link(&link.id).await["url"], link.url.as_str());
    buyer.opens(&link).await.with_status(200);
    merchant.asks_to_send(&link).await.problem(422, "opted_out");
    buyer.pays(&link).await;
    merchant.sees(&link.id, "paid").await;
}
