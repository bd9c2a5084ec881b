//! Texts of one link: sent at once or scheduled, and cancelled.

use chrono::{SecondsFormat, TimeDelta, Utc};
use fastrand::Rng;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Link, Merchant};

/// The texts that were accepted.
#[derive(Debug, Default)]
pub(super) struct Texts {
    phone: String,
    ids: Vec<String>,
}

impl Texts {
    pub(super) fn to(phone: &str) -> Self {
        Self { phone: phone.to_owned(), ids: Vec::new() }
    }

    /// Sends the link at once, or within two days.
    pub(super) async fn are_sent(&mut self, merchant: &Merchant, link: &Link, rng: &mut Rng) {
        let mut how = json!({"resend": true});
        if rng.bool() {
            let then = Utc::now() + TimeDelta::minutes(rng.i64(1..50 * 60));
            how["send_at"] = json!(then.to_rfc3339_opts(SecondsFormat::Secs, true));
        }
        let path = format!("/v1/payment-links/{}/send", link.id);
        let answer = merchant.http.insists(|| merchant.http.request(Method::POST, &path).json(&how)).await;
        // A link that ends tomorrow is not to be sent the day after.
        let is_too_late = answer.status == 422 && answer.text().contains("before the link expires");
        assert!([202, 409].contains(&answer.status) || is_too_late, "{}", answer.text());
        if answer.status == 202 {
            self.ids.push(answer.json()["id"].as_str().unwrap().to_owned());
        }
    }

    /// Takes one back, if it has not left yet.
    pub(super) async fn are_cancelled(&self, merchant: &Merchant, rng: &mut Rng) {
        if self.ids.is_empty() {
            return;
        }
        let id = &self.ids[rng.usize(..self.ids.len())];
        let path = format!("/v1/messages/{id}");
        let answer = merchant.http.insists(|| merchant.http.request(Method::DELETE, &path)).await;
        assert!([200, 409].contains(&answer.status), "{}", answer.text());
    }

    /// Whether one of them has not come to an end.
    pub(super) async fn wait(&self, merchant: &Merchant) -> bool {
        for id in &self.ids {
            let text = merchant.message(id).await;
            if ["scheduled", "queued", "sending", "unknown"].iter().any(|status| text["status"] == *status) {
                return true;
            }
        }
        false
    }

    /// Each has come to an end, or waits for its time while its link is open; what has left has left once: the credits
    /// that are held for those that wait.
    pub(super) async fn are_settled(&self, app: &App, seed: u64, link: &Value) -> i64 {
        let (mut left, mut held) = (0, 0);
        for id in &self.ids {
            let text = app.merchant().message(id).await;
            match text["status"].as_str().unwrap() {
                "sent" | "delivered" => left += 1,
                "cancelled" => {}
                // Its time had come when the link was closed, or when a payment was on its way that failed later.
                "failed" => {
                    assert!(text["error"].as_str().unwrap().starts_with("Not sent: "), "seed {seed}: {text}");
                    let was_processing = link["timeline"]
                        .as_array()
                        .is_some_and(|timeline| timeline.iter().any(|entry| entry["event"] == "processing"));
                    assert!(link["status"] != "unpaid" || was_processing, "seed {seed}: {text} of {link}");
                }
                "scheduled" => {
                    assert_eq!(link["status"], "unpaid", "seed {seed}: {text} waits for {link}");
                    held += text["credits"].as_i64().unwrap();
                }
                other => panic!("seed {seed}: a text is {other}: {text}"),
            }
        }
        let there = app.sandbox().texts_to(&self.phone).await.len();
        assert_eq!(there, left, "seed {seed}: the carrier has {there} texts of {left}");
        held
    }
}
