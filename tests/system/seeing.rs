//! Monitoring: figures that match what happened, on the front or on an address of their own, and nothing that operators
//! must not see.

#![expect(clippy::float_cmp, reason = "what is compared are counts, and those are whole numbers")]

use std::{
    collections::BTreeSet,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Database, Figures, Http, INVOICE, Invoice, eventually, free_port, on_both_databases};

on_both_databases!(apart: the_figures_match_what_happened, what_cannot_be_used_is_shown_as_such);

async fn figures(http: &Http) -> Figures {
    let answer = http.get("/metrics").await.with_status(200);
    assert_eq!(answer.content_type(), "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text();
    assert_eq!(http.hush().slip_in(&text), None, "the figures say what they must not");
    Figures::read(&text)
}

async fn the_figures_match_what_happened(app: &mut App) {
    let (merchant, buyer, anybody) = (app.merchant(), app.buyer(), app.anybody());
    let order = merchant.opens_an_order("12001").await;
    let id = merchant.uploads(&order, &Invoice { pdf: Some(INVOICE), ..Invoice::default() }).await;
    let link = merchant.has_the_link(&id).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    buyer.opens(&link).await.with_status(200);
    anybody.get("/p/a-token-that-is-none").await.with_status(404);
    anybody.get("/nowhere/at/all").await.with_status(404);
    let event = json!({"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {}}});
    let unsigned = anybody.request(Method::POST, &format!("/webhooks/stripe/{}", app.hello.merchant_id)).json(&event);
    let refused = anybody.ask(unsigned).await;
    assert!(refused.header("x-request-id").starts_with("req_"), "{refused:?}");
    refused.problem(400, "bad_signature");

    // Actions are counted a moment after they become visible.
    let delivered = [("outcome", "delivered")];
    let seen = eventually("the report is counted", async || {
        let seen = figures(&anybody).await;
        (seen.one("paylink_messages_total", &delivered) == 1.0).then_some(seen)
    })
    .await;

    let requests = |method, route, status| {
        seen.one("paylink_http_requests_total", &[("method", method), ("route", route), ("status", status)])
    };
    assert_eq!(requests("POST", "/v1/orders", "201"), 1.0);
    assert_eq!(requests("POST", "/v1/orders/:id/payment-links", "202"), 1.0);
    assert_eq!(requests("GET", "/p/:token", "200"), 1.0);
    assert_eq!(requests("GET", "/p/:token", "404"), 1.0);
    assert_eq!(requests("GET", "none", "404"), 1.0);
    let orders = [("method", "POST"), ("route", "/v1/orders")];
    assert_eq!(seen.one("paylink_http_request_duration_seconds_count", &orders), 1.0);
    assert_eq!(seen.one("paylink_webhooks_refused_total", &[("source", "stripe")]), 1.0);
    assert_eq!(seen.one("paylink_webhooks_refused_total", &[("source", "sms")]), 0.0);
    for (kind, jobs) in [("store_invoice", 1.0), ("create_stripe_link", 1.0), ("check_stripe_key", 1.0)] {
        for histogram in ["paylink_job_wait_seconds_count", "paylink_job_duration_seconds_count"] {
            assert_eq!(seen.one(histogram, &[("kind", kind), ("outcome", "done")]), jobs, "{histogram} {kind}");
        }
        assert_eq!(seen.one("paylink_jobs_in_flight", &[("kind", kind)]), 0.0);
        assert_eq!(seen.one("paylink_queue_oldest_seconds", &[("kind", kind)]), 0.0);
        assert_eq!(seen.one("paylink_jobs_dead", &[("kind", kind)]), 0.0);
    }
    for (outcome, texts) in [("sent", 1.0), ("delivered", 1.0), ("failed", 0.0), ("unknown", 0.0), ("undelivered", 0.0)]
    {
        assert_eq!(seen.one("paylink_messages_total", &[("outcome", outcome)]), texts, "{outcome}");
    }
    assert_eq!(seen.one("paylink_credits_captured_total", &[]), 1.0);
    assert_eq!(calls(&seen, "carrier"), 2.0, "the account was checked and the text sent");
    assert!(calls(&seen, "stripe") >= 2.0, "the key was checked and the link made");
    for up in ["paylink_redis_up", "paylink_database_up"] {
        assert_eq!(seen.one(up, &[]), 1.0);
    }
    let most = seen.one("paylink_database_connections_max", &[]);
    let open: f64 =
        ["in_use", "idle"].map(|state| seen.one("paylink_database_connections", &[("state", state)])).iter().sum();
    assert!(0.0 < open && open <= most, "{open} of {most} connections are open");
    let ids = ["mer_", "ord_", "link_", "msg_", "job_", "evt_", "req_"];
    for label in ["kind", "route", "outcome", "state", "reason", "source", "service"] {
        let id =
            seen.values_of(label).find(|value| ids.iter().any(|prefix| value.contains(prefix)) && *value != "link_");
        assert_eq!(id, None, "{label} tells single things apart");
    }
    the_dashboard_shows(&seen);
}

fn calls(seen: &Figures, service: &str) -> f64 {
    seen.one("paylink_outside_call_duration_seconds_count", &[("service", service), ("outcome", "ok")])
}

/// What the dashboard asks for is there, by name and by label, and no figure is left out of it.
fn the_dashboard_shows(seen: &Figures) {
    let dashboard: Value = serde_json::from_str(include_str!("../../docs/grafana/paylink.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let queries: Vec<&str> = targets.map(|target| target["expr"].as_str().unwrap()).collect();
    let mut asked = BTreeSet::new();
    for query in &queries {
        for found in query.split("paylink_").skip(1) {
            let end = found.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
            let (name, rest) = found.split_at(end.unwrap_or(found.len()));
            asked.insert(
                seen.family(&format!("paylink_{name}")).unwrap_or_else(|| panic!("there is no paylink_{name}")),
            );
            for (label, value) in equal_labels(rest) {
                assert!(seen.values_of(label).any(|known| known == value), "no {label} is {value}: {query}");
            }
        }
    }
    let left_out: Vec<&str> = seen.names().filter(|name| !asked.contains(name)).collect();
    assert!(left_out.is_empty(), "the dashboard does not show {left_out:?}");

    // What Grafana wants of a dashboard that it is given as a file.
    assert!(dashboard["schemaVersion"].is_u64() && dashboard["uid"].is_string() && dashboard["title"].is_string());
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "two panels have one id");
    for panel in panels {
        let place = &panel["gridPos"];
        assert!(place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap() <= 24, "{panel}");
        assert!(panel["type"] == "row" || !panel["targets"].as_array().unwrap().is_empty(), "{panel}");
    }
}

/// The labels of a selector that have to be one word.
fn equal_labels(selector: &str) -> impl Iterator<Item = (&str, &str)> {
    let inside = selector.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(inside, _)| inside);
    inside
        .split(',')
        .filter_map(|label| label.split_once("=\"").filter(|(name, _)| !name.ends_with('~')))
        .filter_map(|(name, value)| Some((name, value.strip_suffix('"')?)))
}

/// An old figure would be taken for a new one, and an operator who asks must not wait for what does not answer.
async fn what_cannot_be_used_is_shown_as_such(app: &mut App) {
    let http = app.anybody();
    // From now on the database can be read, and stores nothing that is written to see whether it does.
    app.rows_are_changed("DELETE FROM heartbeat").await;
    app.redis().freezes();
    let asked = Instant::now();
    let seen = eventually("it is seen that Redis does not answer", async || {
        let seen = figures(&http).await;
        (seen.one("paylink_redis_up", &[]) == 0.0).then_some(seen)
    })
    .await;
    assert!(asked.elapsed() < Duration::from_secs(20), "it took {:?}", asked.elapsed());
    let ready = [("kind", "send_sms"), ("state", "ready")];
    assert!(seen.one("paylink_queue_jobs", &ready).is_nan());
    assert_eq!(seen.one("paylink_queue_oldest_seconds", &[("kind", "send_sms")]), 0.0);
    let errors = ["timeout", "connection"].map(|reason| seen.one("paylink_redis_errors_total", &[("reason", reason)]));
    assert!(errors.iter().sum::<f64>() >= 1.0, "{errors:?}");

    // Jobs waiting meanwhile are seen in the rows.
    let merchant = app.merchant();
    let order = merchant.opens_an_order("12002").await;
    merchant.uploads(&order, &Invoice::default()).await;
    eventually("the oldest job grows older", async || {
        let oldest = figures(&http).await.one("paylink_queue_oldest_seconds", &[("kind", "store_invoice")]);
        (oldest > 1.0).then_some(())
    })
    .await;

    app.redis().thaws();
    eventually("the line is read again, and is empty", async || {
        let seen = figures(&http).await;
        let empty = seen.one("paylink_queue_oldest_seconds", &[("kind", "store_invoice")]) == 0.0;
        (empty && seen.one("paylink_queue_jobs", &ready) == 0.0).then_some(())
    })
    .await;

    let are_up = async |what, up: [f64; 2]| {
        eventually(what, async || {
            let seen = figures(&http).await;
            (["paylink_database_up", "paylink_redis_up"].map(|name| seen.one(name, &[])) == up).then_some(())
        })
        .await;
    };
    are_up("it is seen that the database stores nothing", [0.0, 1.0]).await;
    // A full Redis can be read as well.
    app.redis().is_full();
    app.rows_are_changed("INSERT INTO heartbeat (id, beats, at) VALUES (1, 0, '2026-01-01 00:00:00+00:00')").await;
    are_up("it is seen that Redis is full", [1.0, 0.0]).await;
    app.redis().has_room();
    are_up("both are seen to be well", [1.0, 1.0]).await;
}

/// What a crash and a forgetful Redis cost is mended without a word; the figures say that it was.
#[tokio::test]
async fn what_was_recovered_is_counted() {
    let short = [("PAYLINK_LEASE_SECONDS", "4".to_owned())];
    let mut app = App::start_apart_with(Database::sqlite(), &short).await;
    let (http, merchant, sandbox) = (app.anybody(), app.merchant(), app.sandbox());
    let (to_lose, to_hang) = (merchant.opens_an_order("12003").await, merchant.opens_an_order("12004").await);

    // One job waits in Redis for its time, and Redis forgets it.
    // (Of the making of links only: the doctor asks Stripe too.)
    sandbox
        .fails(json!({"service": "stripe", "times": 1, "mode": "status", "status": 429, "retry_after": 8, "path": "/v1/payment_links"}))
        .await;
    let lost = merchant.uploads(&to_lose, &Invoice::default()).await;
    let delayed = [("kind", "create_stripe_link"), ("state", "delayed")];
    eventually("the job is seen to be delayed", async || {
        (figures(&http).await.one("paylink_queue_jobs", &delayed) == 1.0).then_some(())
    })
    .await;
    app.redis().loses_everything();
    merchant.has_the_link(&lost).await;
    let seen = figures(&http).await;
    assert!(seen.one("paylink_jobs_notified_again_total", &[]) >= 1.0);
    let retried = [("kind", "create_stripe_link"), ("outcome", "retried")];
    assert_eq!(seen.one("paylink_job_duration_seconds_count", &retried), 1.0);
    let too_many = [("service", "stripe"), ("outcome", "too_many")];
    assert_eq!(seen.one("paylink_outside_call_duration_seconds_count", &too_many), 1.0);

    // Another is being done when its worker dies.
    sandbox.fails(json!({"service": "stripe", "times": 1, "mode": "hang", "method": "POST"})).await;
    let hung = merchant.uploads(&to_hang, &Invoice::default()).await;
    eventually("the job is seen to be done", async || {
        (figures(&http).await.one("paylink_jobs_in_flight", &[("kind", "create_stripe_link")]) == 1.0).then_some(())
    })
    .await;
    app.is_killed_and_started_again().await;
    merchant.has_the_link(&hung).await;
    let seen = figures(&app.anybody()).await;
    assert_eq!(seen.one("paylink_leases_reclaimed_total", &[("kind", "create_stripe_link")]), 1.0);
}

/// A role that runs beside an app.
struct Beside(Child);

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn figures_can_have_an_address_of_their_own() {
    let own = |port: u16| format!("127.0.0.1:{port}");
    let port = free_port();
    let app = App::start_apart_with(Database::sqlite(), &[("PAYLINK_METRICS_LISTEN", own(port))]).await;
    let front = app.anybody();
    front.get("/metrics").await.with_status(404);
    front.get("/healthz").await.with_status(200);
    is_seen_at(&front, port).await;

    for role in ["worker", "scheduler"] {
        let port = free_port();
        let mut command = app.command();
        command.arg(role).env("PAYLINK_METRICS_LISTEN", own(port)).env("PAYLINK_PUBLIC_URL", &app.hello.url);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let _beside = Beside(command.spawn().unwrap());
        let http = Http::new(&format!("http://{}", own(port)), front.hush());
        eventually("it listens", async || http.try_ask(http.request(Method::GET, "/healthz")).await.ok()).await;
        is_seen_at(&front, port).await;
    }
}

async fn is_seen_at(front: &Http, port: u16) {
    let http = Http::new(&format!("http://127.0.0.1:{port}"), front.hush());
    assert_eq!(http.get("/healthz").await.with_status(200).text(), "ok\n");
    assert_eq!(
        http.get("/readyz").await.with_status(200).json(),
        json!({"database": "ok", "redis": "ok", "clock": "ok"})
    );
    assert_eq!(figures(&http).await.one("paylink_redis_up", &[]), 1.0);
    // Not by `http`, which holds what it is answered against the description of the API.
    assert_eq!(reqwest::get(format!("http://127.0.0.1:{port}/v1/orders")).await.unwrap().status(), 404);
}
