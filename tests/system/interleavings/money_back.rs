//! Refunds and disputes of one link, as Stripe has them, and what must be shown of them.

use fastrand::Rng;
use serde_json::{Value, json};

use crate::support::Sandbox;

/// The requested amount in cents.
const ASKED: i64 = 12_950;

/// Stripe's state of one link's money.
#[derive(Debug, Default)]
pub(super) struct MoneyBack {
    payments: Vec<Value>,
    refunds: Vec<Refund>,
    disputes: Vec<Dispute>,
}

#[derive(Debug)]
struct Refund {
    id: Value,
    amount: i64,
    status: &'static str,
}

#[derive(Debug)]
struct Dispute {
    payment: Value,
    status: &'static str,
}

impl MoneyBack {
    /// A payment was made, or may have been.
    pub(super) fn knows(&mut self, payment: &Value) {
        self.payments.push(payment.clone());
    }

    /// The merchant gives a part back, if there is something to give.
    pub(super) async fn is_given(&mut self, sandbox: &Sandbox, rng: &mut Rng) {
        let Some(payment) = self.payments.last() else { return };
        let (amount, status) = (rng.i64(1..=7_000), ["pending", "succeeded"][rng.usize(..2)]);
        let how = json!({"payment_intent": payment, "amount": amount, "status": status});
        if let (200, made) = sandbox.is_told("refund", &how).await {
            self.refunds.push(Refund { id: made["refund"].clone(), amount, status });
        }
    }

    /// A refund succeeds, or fails, be it after it had succeeded.
    pub(super) async fn gets_on(&mut self, sandbox: &Sandbox, rng: &mut Rng) {
        if self.refunds.is_empty() {
            return;
        }
        let chosen = rng.usize(..self.refunds.len());
        let refund = &mut self.refunds[chosen];
        let next = match refund.status {
            "pending" => ["succeeded", "failed", "canceled"][rng.usize(..3)],
            "succeeded" => "failed",
            _ => return,
        };
        sandbox.does("refund/settle", json!({"refund": refund.id, "status": next})).await;
        refund.status = next;
    }

    /// The buyer's bank asks, or wants the money back; also once more, when it was answered.
    pub(super) async fn is_disputed(&mut self, sandbox: &Sandbox, rng: &mut Rng) {
        let Some(payment) = self.payments.last() else { return };
        let status = ["warning_needs_response", "needs_response", "needs_response", "prevented"][rng.usize(..4)];
        if sandbox.is_told("dispute", &json!({"payment_intent": payment, "status": status})).await.0 == 200 {
            self.disputes.push(Dispute { payment: payment.clone(), status });
        }
    }

    /// A dispute gets on: an inquiry is closed or becomes a chargeback, which is won or lost.
    pub(super) async fn dispute_gets_on(&mut self, sandbox: &Sandbox, rng: &mut Rng) {
        let Some(dispute) = self.disputes.last_mut() else { return };
        let next: &[&'static str] = match dispute.status {
            "warning_needs_response" => &["warning_under_review", "warning_closed", "needs_response"],
            "warning_under_review" => &["warning_closed", "needs_response"],
            "needs_response" => &["under_review", "won", "lost"],
            "under_review" => &["won", "lost"],
            _ => return,
        };
        let next = next[rng.usize(..next.len())];
        sandbox.does("dispute/close", json!({"payment_intent": dispute.payment, "status": next})).await;
        dispute.status = next;
    }

    /// The refunded amount is that of the successful refunds, and disputed or lost money is not hidden.
    pub(super) fn is_shown_by(&self, seed: u64, link: &Value) {
        let succeeded = self.refunds.iter().filter(|refund| refund.status == "succeeded");
        let gone: i64 = succeeded.map(|refund| refund.amount).sum();
        let amount = (gone > 0).then(|| format!("{}.{:02}", gone / 100, gone % 100));
        assert_eq!(link["refunded_amount"].as_str(), amount.as_deref(), "seed {seed}: {self:?}: {link}");
        let status = match gone {
            0 => "none",
            ASKED.. => "full",
            _ => "partial",
        };
        assert_eq!(link["refund_status"], status, "seed {seed}: {self:?}: {link}");
        let shown = link["disputed"].as_str();
        let stands: Vec<&str> = self.disputes.iter().map(|dispute| stands(dispute.status)).collect();
        let expected = ["open", "lost"].into_iter().find(|word| stands.contains(word));
        match expected {
            Some(expected) => assert_eq!(shown, Some(expected), "seed {seed}: {self:?}: {link}"),
            None if stands.is_empty() => assert_eq!(shown, None, "seed {seed}: {link}"),
            None => assert!(shown.is_some_and(|shown| stands.contains(&shown)), "seed {seed}: {self:?}: {link}"),
        }
    }
}

/// Stripe repeats failed webhooks: it tries for three days, and there is no other source for refunds and disputes.
pub(super) async fn is_told_again(sandbox: &Sandbox) {
    let told = sandbox.knows("webhooks?service=stripe").await["items"].clone();
    for webhook in told.as_array().unwrap().iter().filter(|webhook| webhook["state"] == "dropped") {
        let kind = webhook["type"].as_str().unwrap_or_default();
        if ["refund.", "charge.refund", "charge.dispute."].iter().any(|begin| kind.starts_with(begin)) {
            sandbox.does("webhooks/resend", json!({"event": webhook["event"]})).await;
        }
    }
}

fn stands(status: &str) -> &'static str {
    match status {
        "won" => "won",
        "lost" => "lost",
        "warning_closed" | "prevented" => "closed",
        _ => "open",
    }
}
