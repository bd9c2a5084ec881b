//! Buyer, bank, merchant, scheduler and webhooks at once, in random order, against an unreliable Stripe: payments,
//! refunds and disputes, returning buyers, payments elsewhere, texts sent at once and scheduled, batches, and credit
//! purchases; and now and then a full disk for a moment.
//!
//! `PAYLINK_INTERLEAVINGS` is the number for each database, and `PAYLINK_INTERLEAVINGS_SEED` the seed; the printed seed
//! of a run replays its decisions.

mod batches;
mod money_back;
mod purchases;
mod texts;

use std::{env, time::Duration};

use chrono::{TimeDelta, Utc};
use fastrand::Rng;
use futures_util::{StreamExt, future, stream};
use reqwest::Method;
use serde_json::{Value, json};

use self::{money_back::MoneyBack, texts::Texts};
use crate::support::{
    Answer, App, AtStripe, Buyer, Database, Invoice, Link, Merchant, Order, Sandbox, SmallDisk, order_body,
};

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

/// The next possible actions of the buyer, the bank and the merchant.
#[derive(Debug, Clone, Copy)]
enum Move {
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
const MOVES: [Move; 19] = [
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

    async fn makes(&mut self, next: Move, link: &Link) {
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

    /// A command of the merchant's, again where it cannot be done now.
    async fn asks(&self, path: &str, body: &Value) -> Answer {
        let http = &self.merchant.http;
        http.insists(|| http.request(Method::POST, path).json(body)).await
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

/// Waits until nothing is under way any more; what webhooks did not tell, the scheduler has asked.
async fn all_is_settled(app: &App, links: &[Played]) {
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
async fn check(app: &App, Played { seed, id, money, texts }: &Played, stripe: &AtStripe) -> i64 {
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
