//! A copy of a merchant's data, made only from webhooks by an unreliable receiver, during all other faults.

use std::{collections::BTreeMap, time::Instant};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    merchant::Merchant,
    mirror::Mirror,
    receiver::{Receiver, Taking, Webhook},
    wait::{GRAIN, PATIENCE},
};

const PATH: &str = "/copy";

/// The merchant's own system. It refuses every second webhook, so that they come late and out of order, and twice if a
/// worker dies before it has recorded an accepted one.
pub(crate) struct WebhookCopy {
    receiver: Receiver,
    merchant: Merchant,
    /// The path of its endpoint.
    endpoint: String,
}

impl WebhookCopy {
    /// Its settings: it has an address on this machine.
    pub(crate) fn setting() -> (&'static str, String) {
        ("PAYLINK_WEBHOOKS_ALLOW_PRIVATE", "true".to_owned())
    }

    /// Subscribes to everything from now on.
    pub(crate) async fn begin(merchant: &Merchant) -> Self {
        let receiver = Receiver::start().await;
        receiver.answers(PATH, Taking::EveryOther);
        let wanted = json!({"url": format!("{}{PATH}", receiver.url), "events": ["*"]});
        let made = merchant.http.post("/v1/webhook-endpoints", &wanted).await.with_status(201).json();
        merchant.http.hush().private(made["secret"].as_str().unwrap());
        let endpoint = format!("/v1/webhook-endpoints/{}", made["id"].as_str().unwrap());
        Self { receiver, merchant: merchant.clone(), endpoint }
    }

    /// Accepts everything from now on, and has refused ones sent again at once instead of by the schedule. They go out one
    /// after the other, and after a long run there are thousands, so it waits for as long as they become fewer.
    pub(crate) async fn catches_up(&self) {
        self.receiver.answers(PATH, Taking::Status(204));
        let waiting = format!("{}/deliveries?state=pending", self.endpoint);
        let (mut fewest, mut since) = (usize::MAX, Instant::now());
        loop {
            let waiting = self.merchant.http.whole_list(&waiting, 100).await;
            if waiting.is_empty() {
                break;
            }
            if waiting.len() < fewest {
                (fewest, since) = (waiting.len(), Instant::now());
            }
            assert!(since.elapsed() < PATIENCE, "{fewest} webhooks are not taken, of which {}", waiting[0]);
            for later in waiting.iter().filter(|delivery| is_later(delivery)) {
                let again = format!("{}/deliveries/{}/redeliver", self.endpoint, later["id"].as_str().unwrap());
                self.merchant.http.post(&again, &json!({})).await.with_status(200);
            }
            tokio::time::sleep(GRAIN).await;
        }
    }

    /// The webhooks, read in any order and each twice, equal the current state: for each resource the one with the
    /// highest number counts.
    pub(crate) async fn is_perfect(&self) {
        let (mirror, deadline) = (Mirror::new(&self.merchant.http), Instant::now() + PATIENCE);
        loop {
            self.catches_up().await;
            let difference = differing(&self.copy(), &mirror.original().await);
            if difference.is_empty() {
                break;
            }
            assert!(Instant::now() < deadline, "the copy made of webhooks is not what it is a copy of: {difference}");
            tokio::time::sleep(GRAIN).await;
        }
        assert!(self.receiver.came(PATH).iter().any(|webhook| !webhook.is_taken), "none was refused: it shows little");
    }

    /// The last webhook of each resource, with its number.
    fn copy(&self) -> BTreeMap<String, (i64, Value)> {
        let mut taken: Vec<Webhook> = self.receiver.came(PATH).into_iter().filter(|webhook| webhook.is_taken).collect();
        taken.extend(taken.clone());
        fastrand::shuffle(&mut taken);
        let mut copy = BTreeMap::new();
        for told in taken.iter().map(Webhook::json) {
            let (Some(seq), true) = (told["seq"].as_i64(), told["data"].is_object()) else { continue };
            let id = told["data"]["id"].as_str().unwrap_or("credits").to_owned();
            if copy.get(&id).is_none_or(|(known, _)| *known < seq) {
                copy.insert(id, (seq, told["data"].clone()));
            }
        }
        copy
    }
}

/// Whether a delivery waits for its next attempt, by the schedule of those that were refused.
fn is_later(delivery: &Value) -> bool {
    delivery["due_at"].as_str().is_some_and(|due| due.parse::<DateTime<Utc>>().unwrap() > Utc::now())
}

/// Resources that differ from their webhooks, and orders, links and texts without any; matters that need a person and
/// credits may be older.
fn differing(copy: &BTreeMap<String, (i64, Value)>, truth: &BTreeMap<String, Value>) -> String {
    let wrong = copy.iter().filter(|(id, (_, told))| truth.get(*id) != Some(told));
    let wrong = wrong.map(|(id, (seq, told))| format!("\ntold as {seq}: {told}\nin truth: {:?}", truth.get(id)));
    let has_to_be_told = |id: &String| ["ord_", "link_", "msg_"].iter().any(|prefix| id.starts_with(prefix));
    let missing = truth.keys().filter(|id| has_to_be_told(id) && !copy.contains_key(*id));
    wrong.chain(missing.map(|id| format!("\nnever told: {id}"))).collect()
}
