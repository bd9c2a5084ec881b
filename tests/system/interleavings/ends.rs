//! The end of it all: nothing is under way, and each link shows what Stripe has.

use std::time::Duration;

use super::{LOOKS, PATIENCE, Played, looks_around};
use crate::support::{App, AtStripe};

/// Waits until nothing is under way any more; what webhooks did not tell, the scheduler has asked.
pub(super) async fn all_is_settled(app: &App, links: &[Played]) {
    let merchant = app.merchant();
    // How often, and not for how long: a look at a thousand links takes longer than what they wait for.
    for hours in 2.. {
        looks_around(app, hours);
        let deadline = std::time::Instant::now() + PATIENCE;
        while !app.operator().jobs("queued").await.is_empty() {
            assert!(std::time::Instant::now() < deadline, "jobs are left: {:?}", app.operator().jobs("queued").await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let (mut under_way, at_stripe) = (Vec::new(), app.sandbox().all_links().await);
        for Played { seed, id, texts, .. } in links {
            let seen = merchant.link(id).await;
            let status = seen["status"].as_str().unwrap();
            let paid = at_stripe.for_link(id).paid_sessions;
            let is_settled = match status {
                "unpaid" => paid == 0,
                // Scheduled texts are cancelled.
                "paid" | "voided" | "expired" | "failed" => !texts.wait(&merchant).await,
                _ => false,
            };
            if !is_settled {
                under_way.push(format!("seed {seed}: {seen}"));
            }
        }
        if under_way.is_empty() {
            return;
        }
        assert!(hours < LOOKS, "not settled: {under_way:?}");
    }
}

/// The credits that are held for texts that wait.
pub(super) async fn check(app: &App, Played { seed, id, money, texts }: &Played, stripe: &AtStripe) -> i64 {
    let seen = app.merchant().link(id).await;
    let status = seen["status"].as_str().unwrap();
    // Each payment that failed has used one up.
    let entries = seen["timeline"].as_array().unwrap().iter();
    let failed = entries.filter(|entry| entry["event"] == "payment_failed").count() as u64;
    assert!(stripe.total <= 1 + failed, "seed {seed}: {} links at Stripe for {seen}", stripe.total);
    assert!(stripe.live <= 1, "seed {seed}: {} of them can be paid", stripe.live);
    let paid_by_stripe = status == "paid" && seen["paid_by"]["method"] == "stripe";
    assert_eq!(paid_by_stripe, stripe.paid_sessions > 0, "seed {seed}: {} payments for {seen}", stripe.paid_sessions);
    if ["voided", "expired", "failed"].contains(&status) || (status == "paid" && !paid_by_stripe) {
        assert_eq!((stripe.live, stripe.open_sessions), (0, 0), "seed {seed}: {seen}");
    }
    let dashboard = seen["dashboard_url"].as_str().unwrap_or_default();
    assert!(!paid_by_stripe || dashboard.contains("/test/payments/pi_"), "seed {seed}: {seen}");
    money.is_shown_by(*seed, &seen);
    texts.are_settled(app, *seed, &seen).await
}
