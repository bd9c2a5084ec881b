//! Buyer, bank, merchant, scheduler and webhooks at once, in random order, against an unreliable Stripe: payments,
//! refunds and disputes, returning buyers, payments elsewhere, texts sent at once and scheduled, batches, and credit
//! purchases; and now and then a full disk for a moment.
//!
//! `PAYLINK_INTERLEAVINGS` is the number for each database, and `PAYLINK_INTERLEAVINGS_SEED` the seed; the printed seed
//! of a run replays its decisions.

mod batches;
mod ends;
mod money_back;
mod moves;
mod purchases;
mod texts;

use std::{env, time::Duration};

use chrono::{TimeDelta, Utc};
use fastrand::Rng;
use futures_util::{StreamExt, future, stream};
use reqwest::Method;
use serde_json::{Value, json};

use self::{
    ends::{all_is_settled, check},
    money_back::MoneyBack,
    moves::{MOVES, Move},
    texts::Texts,
};
use crate::support::{Answer, App, Buyer, Database, Invoice, Link, Merchant, Order, Sandbox, SmallDisk, order_body};

mod whatever_the_order_no_payment_goes_missing_and_no_closed_link_can_be_paid {
    use super::{Database, SmallDisk, on};

    #[tokio::test]
    async fn on_sqlite() {
        on(SmallDisk::mounted(), Database::sqlite()).await;
    }

    #[tokio::test]
    async fn on_postgresql() {
        let disk = SmallDisk::mounted();
        let database = match disk {
            Some(disk) => Database::postgresql_on(disk).await,
            None => Database::postgresql().await,
        };
        on(disk, database).await;
    }
}

/// Where a worker could not write that it failed, its jobs are soon another's.
async fn on(disk: Option<&'static SmallDisk>, database: Database) {
    let environment = [("PAYLINK_LEASE_SECONDS", "4".to_owned())];
    whatever_the_order(&App::start_on(disk, database, &environment).await).await;
}

/// How many are under way at once.
const AT_ONCE: usize = 12;

/// How often to look at what is not settled, each time an hour later.
const LOOKS: i64 = 30;

/// How long to wait for an end; it decides nothing else.
const PATIENCE: Duration = Duration::from_mins(10);

/// The actions on one link.
struct Played {
    seed: u64,
    id: String,
    money: MoneyBack,
    texts: Texts,
}

/// One link, and what is known of it outside.
struct Interleaving<'a> {
    app: &'a App,
    seed: u64,
    phone: String,
    rng: Rng,
    merchant: Merchant,
    buyer: Buyer,
    sandbox: Sandbox,
    money: MoneyBack,
    texts: Texts,
    /// Pages that were open at Stripe.
    opened: Vec<Value>,
    /// Payments that the bank has not decided yet.
    pending: Vec<Value>,
}

async fn whatever_the_order(app: &App) {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let count = number("PAYLINK_INTERLEAVINGS").unwrap_or(16);
    let seed = number("PAYLINK_INTERLEAVINGS_SEED").unwrap_or_else(|| Rng::new().u64(..));
    println!("{count} interleavings with PAYLINK_INTERLEAVINGS_SEED={seed}");

    app.operator().tops_up(&app.merchant(), 100_000).await;

    let all = stream::iter(0..count)
        .map(|index| Interleaving::new(app, seed.wrapping_add(index), index).runs())
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>();
    let mut rng = Rng::with_seed(seed);
    let mut all =
        std::pin::pin!(future::join3(all, purchases::are_made(app, seed), batches::are_made(app, seed, count)));
    let (links, bought, batches) = loop {
        let pause = Duration::from_millis(rng.u64(500..3_000));
        tokio::select! {
            all = &mut all => break all,
            room = async { tokio::time::sleep(pause).await; app.finds_room().await } => {
                // A scheduler that is run once expires what ends tomorrow, wherever that is over last, and asks
                // Stripe about the rest.
                looks_around(app, 60);
                drop(room);
                app.sandbox().does("webhooks", a_bad_day_for_webhooks(&mut rng)).await;
                // Remaining faults are removed: otherwise failures pile up, and one link meets a dozen of them.
                stripe_has_no_bad_day(app).await;
            }
        }
    };

    app.sandbox().does("webhooks", json!({})).await;
    stripe_has_no_bad_day(app).await;
    money_back::is_told_again(&app.sandbox()).await;
    app.sandbox().has_told_everything().await;
    all_is_settled(app, &links).await;
    purchases::add_up(app, &bought).await;
    batches::are_done(app, &batches).await;
    let (mut held, at_stripe) = (0, app.sandbox().all_links().await);
    for played in links {
        held += check(app, &played, &at_stripe.for_link(&played.id)).await;
    }
    assert_eq!(app.merchant().credits().await.1, held, "credits are held for more than waits");
}

fn looks_around(app: &App, hours: i64) {
    app.passes(Utc::now() + TimeDelta::hours(hours));
}

async fn stripe_has_no_bad_day(app: &App) {
    app.sandbox().fails(json!({"service": "stripe", "times": 0, "mode": "status"})).await;
}

fn a_bad_day_for_webhooks(rng: &mut Rng) -> Value {
    json!({"duplicate": rng.u32(0..3), "shuffle": rng.bool(), "delay_ms": rng.u32(0..300), "drop": rng.u32(0..4)})
}

impl<'a> Interleaving<'a> {
    fn new(app: &'a App, seed: u64, index: u64) -> Self {
        Self {
            app,
            seed,
            phone: format!("+1202558{index:04}"),
            rng: Rng::with_seed(seed),
            merchant: app.merchant(),
            buyer: app.buyer(),
            sandbox: app.sandbox(),
            money: MoneyBack::default(),
            texts: Texts::default(),
            opened: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// Makes a link and does to it what comes.
    async fn runs(mut self) -> Played {
        self.merchant.http.hush().private(&self.phone);
        let body = order_body(&format!("I{}", self.seed), &self.phone);
        let opened = self.asks("/v1/orders", &body).await.with_status(201).json();
        let order = Order { id: opened["id"].as_str().unwrap().to_owned(), phone: self.phone.clone() };
        self.texts = Texts::to(&order.phone);
        self.stripe_has_a_bad_day("/v1/payment_links").await;
        let tomorrow = (Utc::now() + TimeDelta::days(1)).format("%Y-%m-%d").to_string();
        let expires_on = self.rng.bool().then_some(tomorrow.as_str());
        let invoice = Invoice { expires_on, ..Invoice::default() };
        let link = self.merchant.http.insists(|| self.merchant.request_for_a_link(&order, &invoice)).await;
        let id = link.with_status(202).json()["id"].as_str().unwrap().to_owned();
        let Some(link) = self.is_made(&id).await else { return self.ends(id) };
        for _ in 0..self.rng.usize(3..12) {
            let next = MOVES[self.rng.usize(..MOVES.len())];
            self.makes(next, &link).await;
            self.what_is_closed_cannot_be_paid(&link).await;
        }
        while !self.pending.is_empty() {
            self.makes(Move::BankSays, &link).await;
        }
        self.ends(id)
    }

    fn ends(self, id: String) -> Played {
        Played { seed: self.seed, id, money: self.money, texts: self.texts }
    }

    /// The next call fails, in one of many ways; or does not.
    async fn stripe_has_a_bad_day(&mut self, path: &str) {
        // Whoever calls next may meet what was meant for another, so every third call fails and hardly any link meets
        // ten failures.
        let fault = match self.rng.u8(0..20) {
            0 => json!({"mode": "status", "status": 500}),
            1 => json!({"mode": "status_after", "status": 500}),
            2 => json!({"mode": "reset"}),
            3 => json!({"mode": "reset_after"}),
            4 => json!({"mode": "status", "status": 429, "retry_after": 1}),
            5 => json!({"mode": "status", "status": 503}),
            // A call that hangs takes half a minute until it times out.
            6 if self.rng.u8(0..20) == 0 => json!({"mode": "hang_after"}),
            _ => return,
        };
        let mut fault = fault;
        fault["service"] = "stripe".into();
        fault["times"] = 1.into();
        fault["path"] = path.into();
        self.sandbox.fails(fault).await;
    }

    async fn is_made(&self, id: &str) -> Option<Link> {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let seen = self.merchant.link(id).await;
            if seen["status"] == "failed" {
                return None;
            }
            if let (Some(url), Some(stripe_url)) = (seen["url"].as_str(), seen["stripe_url"].as_str()) {
                return Some(Link { id: id.to_owned(), url: url.to_owned(), stripe_url: stripe_url.to_owned() });
            }
            assert!(std::time::Instant::now() < deadline, "seed {}: it is not made: {seen}", self.seed);
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// A command of the merchant's, again where it cannot be done now.
    async fn asks(&self, path: &str, body: &Value) -> Answer {
        let http = &self.merchant.http;
        http.insists(|| http.request(Method::POST, path).json(body)).await
    }

    /// As soon as a link is reported as closed, it cannot be paid on any page.
    async fn what_is_closed_cannot_be_paid(&self, link: &Link) {
        let seen = self.merchant.link(&link.id).await;
        let paid_elsewhere = seen["status"] == "paid" && seen["paid_by"]["method"] != "stripe";
        if seen["status"] != "voided" && seen["status"] != "expired" && !paid_elsewhere {
            return;
        }
        assert_eq!(self.sandbox.payment_is_tried(link).await, 409, "seed {}: {seen}", self.seed);
        for session in &self.opened {
            let tried = self.sandbox.is_told("pay", &json!({"session": session})).await.0;
            assert_eq!(tried, 409, "seed {}: {session} could be paid: {seen}", self.seed);
        }
    }
}
