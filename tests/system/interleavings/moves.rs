//! What the buyer, the bank and the merchant may do next.

use std::time::Duration;

use serde_json::{Value, json};

use super::Interleaving;
use crate::support::Link;

/// The next possible actions of the buyer, the bank and the merchant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Move {
    Opens,
    Pays,
    PaysLater,
    PaysWhatIsOpen,
    BankSays,
    Voids,
    MarksPaid,
    UnmarksPaid,
    PaysAndComesBack,
    GivesBack,
    RefundGetsOn,
    Disputes,
    DisputeGetsOn,
    Texts,
    TakesTextBack,
    FindsNoRoom,
    Waits,
}

/// Actions that extend what exists are tried more often.
pub(super) const MOVES: [Move; 19] = [
    Move::Opens,
    Move::Pays,
    Move::PaysLater,
    Move::PaysWhatIsOpen,
    Move::BankSays,
    Move::Voids,
    Move::MarksPaid,
    Move::UnmarksPaid,
    Move::PaysAndComesBack,
    Move::PaysAndComesBack,
    Move::GivesBack,
    Move::GivesBack,
    Move::RefundGetsOn,
    Move::Disputes,
    Move::DisputeGetsOn,
    Move::Texts,
    Move::TakesTextBack,
    Move::FindsNoRoom,
    Move::Waits,
];

impl Interleaving<'_> {
    pub(super) async fn makes(&mut self, next: Move, link: &Link) {
        match next {
            Move::Opens => {
                if let (200, answer) = self.sandbox.is_told("open", &json!({"url": link.stripe_url})).await {
                    self.opened.push(answer["session"].clone());
                }
            }
            Move::Pays => {
                self.pays(json!({"url": link.stripe_url})).await;
            }
            Move::PaysLater => {
                self.pays(json!({"url": link.stripe_url, "async": true})).await;
            }
            Move::PaysWhatIsOpen => {
                if let Some(session) = self.opened.pop() {
                    let later = self.rng.u8(0..3) == 0;
                    self.pays(json!({"session": session, "async": later})).await;
                }
            }
            Move::BankSays => {
                if let Some(session) = self.pending.pop() {
                    let succeed = self.rng.bool();
                    self.sandbox.does("settle", json!({"session": session, "succeed": succeed})).await;
                }
            }
            Move::Voids => {
                self.stripe_has_a_bad_day("/v1/").await;
                let path = format!("/v1/payment-links/{}/void", link.id);
                let status = self.asks(&path, &json!({"reason": "a mistake"})).await.status;
                assert!([202, 409].contains(&status), "seed {}: a void was answered {status}", self.seed);
            }
            Move::MarksPaid => {
                self.stripe_has_a_bad_day("/v1/").await;
                let path = format!("/v1/payment-links/{}/mark-paid", link.id);
                let status = self.asks(&path, &json!({"method": "cash"})).await.status;
                assert!([202, 409].contains(&status), "seed {}: cash was answered {status}", self.seed);
            }
            Move::UnmarksPaid => {
                let path = format!("/v1/payment-links/{}/unmark-paid", link.id);
                let status = self.asks(&path, &json!({})).await.status;
                assert!([202, 409].contains(&status), "seed {}: taking cash back was answered {status}", self.seed);
            }
            Move::PaysAndComesBack => self.pays_and_comes_back(link).await,
            Move::GivesBack => self.money.is_given(&self.sandbox, &mut self.rng).await,
            Move::RefundGetsOn => self.money.gets_on(&self.sandbox, &mut self.rng).await,
            Move::Disputes => self.money.is_disputed(&self.sandbox, &mut self.rng).await,
            Move::DisputeGetsOn => self.money.dispute_gets_on(&self.sandbox, &mut self.rng).await,
            Move::Texts => self.texts.are_sent(&self.merchant, link, &mut self.rng).await,
            Move::TakesTextBack => self.texts.are_cancelled(&self.merchant, &mut self.rng).await,
            Move::FindsNoRoom => {
                let time = self.rng.u64(100..800);
                self.app.finds_no_room_for(Duration::from_millis(time)).await;
            }
            Move::Waits => tokio::time::sleep(Duration::from_millis(self.rng.u64(0..400))).await,
        }
    }

    /// Whether something was paid, be it later.
    async fn pays(&mut self, how: Value) -> bool {
        let (200, paid) = self.sandbox.is_told("pay", &how).await else { return false };
        self.money.knows(&paid["payment_intent"]);
        if paid["payment_status"] == "unpaid" {
            self.pending.push(paid["session"].clone());
        }
        true
    }

    /// The buyer presses Pay on our page, pays, and comes back before or after Stripe's webhook.
    async fn pays_and_comes_back(&mut self, link: &Link) {
        let led = self.buyer.presses_pay(link).await;
        let stripe = if led.status == 303 { led.header("location").to_owned() } else { String::new() };
        if !stripe.contains("/pay/") || !self.pays(json!({"url": stripe})).await {
            return;
        }
        let back = self.buyer.browser.get(&format!("{}?returned=1", link.url)).await;
        assert!(!back.text().contains("/pay\""), "seed {}: who has paid is asked to pay again", self.seed);
    }
}
