//! Merchants and buyers who carry on during the faults. Each command has an idempotency key and is repeated until it is
//! answered, as a good client does.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use chrono::{SecondsFormat, TimeDelta, Utc};
use domain::link::Dispute;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};

use super::{
    accepted::{Accepted, invoice_of},
    cluster::Cluster,
};
use crate::support::{Invoice, Merchant, Order, Sandbox, order_body};

/// How long a client tries.
const PATIENCE: Duration = Duration::from_secs(150);
/// How long it waits before it tries again, or looks again.
const PAUSE: Duration = Duration::from_millis(100);

/// People who buy and sell until they are told to stop.
pub(crate) struct Traffic {
    people: JoinSet<Accepted>,
    open: watch::Sender<bool>,
}

impl Traffic {
    /// So many merchants at once, each with one order after the other.
    pub(crate) fn begin(cluster: &Cluster, people: usize) -> Self {
        Self::of(&cluster.merchant, &cluster.world(), people)
    }

    /// The same, of this merchant in this installation.
    pub(crate) fn of(merchant: &Merchant, world: &Sandbox, people: usize) -> Self {
        let open = watch::Sender::new(true);
        let mut join = JoinSet::new();
        for _ in 0..people {
            let mut person = Person::new(merchant, world);
            let is_open = open.subscribe();
            join.spawn(async move {
                while *is_open.borrow() {
                    person.sells().await;
                }
                person.accepted
            });
        }
        Self { people: join, open }
    }

    /// What they are at is ended, and nothing is begun any more: what they were accepted.
    pub(crate) async fn end(self) -> Accepted {
        self.open.send_replace(false);
        self.people.join_all().await.into_iter().fold(Accepted::default(), Accepted::and)
    }
}

/// The accepted part of a batch of this many orders, one after the other.
pub(crate) async fn batch(cluster: &Cluster, orders: usize) -> Accepted {
    let mut person = Person::new(&cluster.merchant, &cluster.world());
    for _ in 0..orders {
        person.sells().await;
    }
    person.accepted
}

struct Person {
    merchant: Merchant,
    world: Sandbox,
    accepted: Accepted,
}

impl Person {
    fn new(merchant: &Merchant, world: &Sandbox) -> Self {
        Self { merchant: merchant.clone(), world: world.clone(), accepted: Accepted::default() }
    }

    /// One order, and how long it took.
    async fn sells(&mut self) {
        let begin = Instant::now();
        self.sells_one().await;
        self.accepted.slowest = self.accepted.slowest.max(begin.elapsed());
    }

    /// An order, its link and its text, and what becomes of them: see the `match`.
    async fn sells_one(&mut self) {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // Fewer numbers than orders: a buyer comes back.
        let phone = format!("+1202557{:04}", number % 10_000);
        if number % 10 == 9 {
            return self.sells_many(number, &phone).await;
        }
        let body = order_body(&format!("F{number}"), &phone);
        let id = self.id_of(|http| http.http.request(Method::POST, "/v1/orders").json(&body)).await;
        self.accepted.orders.push(id.clone());
        let order = Order { id, phone: phone.clone() };

        let pdf = number.is_multiple_of(2).then(|| invoice_of(number));
        let invoice = Invoice { pdf: pdf.as_deref(), ..Invoice::default() };
        let id = self.id_of(|merchant| merchant.request_for_a_link(&order, &invoice)).await;
        self.accepted.link(&id);
        self.last_link().invoice = pdf.is_some().then_some(number);
        let link = self.sees(&id, "unpaid").await;

        let path = format!("/v1/payment-links/{id}/send");
        let message = self.id_of(|merchant| merchant.http.request(Method::POST, &path).json(&json!({}))).await;
        self.accepted.text(&message, &phone);
        self.sees_sent(&message).await;
        match number % 9 {
            0 | 3 => {
                self.is_paid(&link).await;
            }
            1 | 4 => self.voids(&id).await,
            5 => self.gives_back(&link).await,
            6 => self.is_disputed(&link).await,
            7 => self.marks_paid(&id, number.is_multiple_of(2)).await,
            8 => self.takes_a_text_back(&id, &phone).await,
            _ => {}
        }
    }

    /// Three orders with their links at once, which are left open.
    async fn sells_many(&mut self, number: u32, phone: &str) {
        let row = |index: u32| {
            let mut row = order_body(&format!("F{number}-{index}"), phone);
            row["key"] = format!("{number}-{index}").into();
            row
        };
        let rows = json!({"rows": [row(1), row(2), row(3)], "send": false});
        let batch = self.id_of(|merchant| merchant.http.request(Method::POST, "/v1/batches").json(&rows)).await;
        let path = format!("/v1/batches/{batch}");
        let start = format!("{path}/start");
        self.id_of(|merchant| merchant.http.request(Method::POST, &start).json(&json!({}))).await;
        self.looks(&path, |batch| batch["status"] == "done").await;
        let rows = self.looks(&format!("{path}/rows"), |_| true).await;
        for row in rows["items"].as_array().unwrap() {
            assert_eq!(row["status"], "done", "{row}");
            self.accepted.orders.push(row["order_id"].as_str().unwrap().to_owned());
            self.accepted.link(row["link_id"].as_str().unwrap());
        }
    }

    /// The payment at Stripe.
    async fn is_paid(&mut self, link: &Value) -> Value {
        let (status, answer) = self.world.is_told("pay", &json!({"url": link["stripe_url"]})).await;
        assert_eq!(status, 200, "{answer}");
        self.last_link().paid = true;
        answer["payment_intent"].clone()
    }

    /// A refund that succeeds, and one that fails after it had succeeded.
    async fn gives_back(&mut self, link: &Value) {
        let payment = self.is_paid(link).await;
        let refund = |amount: i64, status: &str| json!({"payment_intent": payment, "amount": amount, "status": status});
        let fails = self.world.does("refund", refund(2_000, "succeeded")).await["refund"].clone();
        let succeeds = self.world.does("refund", refund(1_000, "pending")).await["refund"].clone();
        self.world.does("refund/settle", json!({"refund": fails, "status": "failed"})).await;
        self.world.does("refund/settle", json!({"refund": succeeds, "status": "succeeded"})).await;
        self.last_link().refunded = Some(1_000);
    }

    /// An inquiry that becomes a chargeback and is won, and a second dispute, which is lost.
    async fn is_disputed(&mut self, link: &Value) {
        let payment = self.is_paid(link).await;
        for steps in [&["warning_needs_response", "needs_response", "won"][..], &["needs_response", "lost"]] {
            self.world.does("dispute", json!({"payment_intent": payment, "status": steps[0]})).await;
            for step in &steps[1..] {
                self.world.does("dispute/close", json!({"payment_intent": payment, "status": step})).await;
            }
        }
        self.last_link().dispute = Some(Dispute::Lost);
    }

    /// The buyer pays in cash, which may have been a mistake.
    async fn marks_paid(&mut self, link: &str, by_mistake: bool) {
        let path = format!("/v1/payment-links/{link}/mark-paid");
        let cash = json!({"method": "cash"});
        self.id_of(|merchant| merchant.http.request(Method::POST, &path).json(&cash)).await;
        self.last_link().elsewhere = true;
        if by_mistake {
            self.sees(link, "paid").await;
            let path = format!("/v1/payment-links/{link}/unmark-paid");
            self.id_of(|merchant| merchant.http.request(Method::POST, &path).json(&json!({}))).await;
            let link = self.last_link();
            (link.elsewhere, link.voided) = (false, true);
        }
    }

    /// A second text for tomorrow, which the merchant cancels.
    async fn takes_a_text_back(&mut self, link: &str, phone: &str) {
        let tomorrow = (Utc::now() + TimeDelta::days(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
        let path = format!("/v1/payment-links/{link}/send");
        let how = json!({"send_at": tomorrow, "resend": true});
        let message = self.id_of(|merchant| merchant.http.request(Method::POST, &path).json(&how)).await;
        let path = format!("/v1/messages/{message}");
        self.id_of(|merchant| merchant.http.request(Method::DELETE, &path)).await;
        self.accepted.cancelled_text(&message, phone);
    }

    async fn voids(&mut self, link: &str) {
        let path = format!("/v1/payment-links/{link}/void");
        self.id_of(|merchant| merchant.http.request(Method::POST, &path).json(&json!({}))).await;
        self.last_link().voided = true;
    }

    fn last_link(&mut self) -> &mut super::accepted::AcceptedLink {
        self.accepted.links.last_mut().expect("one was accepted")
    }

    /// Sends a command until it is answered: the id of what was accepted.
    async fn id_of(&mut self, request: impl Fn(&Merchant) -> RequestBuilder) -> String {
        static KEYS: AtomicU32 = AtomicU32::new(1);
        let key = KEYS.fetch_add(1, Ordering::Relaxed).to_string();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let asked = request(&self.merchant).header("Idempotency-Key", &key).header("Connection", "close");
            match self.merchant.http.try_ask(asked).await {
                Ok(answer) if answer.status < 300 => return answer.json()["id"].as_str().unwrap().to_owned(),
                Ok(answer) if answer.status >= 500 => self.accepted.refused += 1,
                // The first request is still being done, or its process died over it.
                Ok(answer) if answer.status == 409 => {
                    assert_eq!(answer.json()["code"], "idempotency_key_in_use", "{}", answer.text());
                }
                Ok(answer) => panic!("a good command was refused: {}", answer.text()),
                Err(_) => self.accepted.unanswered += 1,
            }
            assert!(Instant::now() < deadline, "nobody answers a command");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The link, as soon as it has this status.
    async fn sees(&mut self, id: &str, status: &str) -> Value {
        self.looks(&format!("/v1/payment-links/{id}"), |link| link["status"] == status).await
    }

    /// Waits until the text has left, or may have: a link that is paid or voided before that is not sent, and rightly.
    async fn sees_sent(&mut self, id: &str) {
        let has_left =
            |message: &Value| ["sent", "delivered", "unknown"].iter().any(|status| message["status"] == *status);
        self.looks(&format!("/v1/messages/{id}"), has_left).await;
    }

    async fn looks(&mut self, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let asked = self.merchant.http.request(Method::GET, path).header("Connection", "close");
            match self.merchant.http.try_ask(asked).await {
                Ok(answer) if answer.status == 200 => {
                    let found = answer.json();
                    if is_so(&found) {
                        return found;
                    }
                    assert!(Instant::now() < deadline, "it does not come to an end: {found}");
                }
                Ok(answer) if answer.status >= 500 => self.accepted.refused += 1,
                Ok(answer) => panic!("what was accepted cannot be read: {}", answer.text()),
                Err(_) => self.accepted.unanswered += 1,
            }
            assert!(Instant::now() < deadline, "nobody answers");
            tokio::time::sleep(PAUSE).await;
        }
    }
}
