//! What delays jobs, and how processes stop: neither loses a job or an attempt.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{App, Invoice, eventually, free_port, on_both_databases};

on_both_databases!(
    an_api_that_is_told_to_stop_says_so_and_still_serves,
    a_job_that_outlasts_the_stop_is_let_go,
    a_paused_kind_waits_until_it_is_resumed,
    stripes_limit_holds_over_all_workers,
    a_service_that_is_down_is_left_alone,
);

on_both_databases!(killed: a_paused_merchant_waits_and_nobody_else);

/// The jobs of this kind that are not finished.
async fn waiting(app: &App, kind: &str) -> Vec<Value> {
    app.operator().jobs("queued").await.into_iter().filter(|job| job["kind"] == kind).collect()
}

pub(crate) async fn workers_know_what_is_paused(app: &App) {
    let noticed = "what is paused has changed";
    eventually("workers know of the pause", async || app.log().contains(noticed).then_some(())).await;
}

async fn an_api_that_is_told_to_stop_says_so_and_still_serves(app: &mut App) {
    app.will_have("PAYLINK_STOP_GRACE_SECONDS", "2");
    let port = free_port();
    let mut api = app.begins(&["api"], port);
    let (anybody, merchant) = (app.at_port(port), app.at_port(port).with_key(&app.hello.api_key));
    eventually("it is ready", async || {
        let asked = anybody.try_ask(anybody.request(reqwest::Method::GET, "/readyz")).await;
        asked.ok().filter(|answer| answer.status == 200)
    })
    .await;

    api.is_asked_to_stop();

    let refused = eventually("it is not ready", async || {
        let answer = anybody.get("/readyz").await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert_eq!(refused.json(), json!({"stopping": true}));
    anybody.get("/healthz").await.with_status(200);
    merchant.get("/v1/orders").await.with_status(200);
    let (status, after) = api.ends();
    assert!(status.success(), "{status}");
    assert!(after < Duration::from_secs(10), "it took {after:?}");
}

async fn a_job_that_outlasts_the_stop_is_let_go(app: &mut App) {
    app.will_have("PAYLINK_STOP_WITHIN_SECONDS", "2");
    app.is_started_anew().await;
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    sandbox.fails(json!({"service": "stripe", "times": 1, "mode": "hang", "method": "POST"})).await;
    let link = merchant.uploads(&app.order(), &Invoice::default()).await;
    eventually("the call to Stripe hangs", async || {
        (sandbox.requests("stripe", "POST", "/v1/payment_links").await.len() == 1).then_some(())
    })
    .await;

    assert!(app.stops().success());

    let listed = app.says(&["jobs", "list", "--state", "queued", "--kind", "create_stripe_link"]);
    assert!(listed.contains("attempt   0"), "{listed}");
    let mut words = listed.split_whitespace().skip(1);
    let enqueued: DateTime<Utc> = words.next().unwrap().parse().unwrap();
    assert!((Utc::now() - enqueued).abs() < TimeDelta::hours(1), "{listed}");
    assert_eq!(words.next(), Some(merchant.id.as_str()), "{listed}");
    let shown = app.says(&["jobs", "show", listed.split_whitespace().next().unwrap()]);
    assert!(shown.contains("0 ended without a word, 1 more do not count"), "{shown}");
    app.starts_again().await;
    merchant.has_the_link(&link).await;
    assert_eq!(app.sandbox().links_for(&link).await.total, 1);
}

async fn a_paused_merchant_waits_and_nobody_else(app: &mut App) {
    let (merchant, other) = (app.merchant(), app.operator().makes_a_merchant("Another").await);
    app.connects(&other).await;
    let (held, free) = (app.order(), other.opens_an_order("12001").await);

    app.says(&["jobs", "pause", "--merchant", &merchant.id, "--reason", "an unpaid bill"]);
    workers_know_what_is_paused(app).await;
    let link = merchant.uploads(&held, &Invoice::default()).await;
    other.makes_a_link(&free).await;
    app.is_killed_and_started_again().await;
    let other_order = other.opens_an_order("12002").await;
    other.makes_a_link(&other_order).await;

    let paused = app.says(&["jobs", "paused"]);
    assert!(paused.contains(&merchant.id) && paused.contains("an unpaid bill"), "{paused}");
    let jobs = waiting(app, "store_invoice").await;
    assert_eq!(jobs.len(), 1);
    assert_eq!((&jobs[0]["attempt"], &jobs[0]["merchant_id"]), (&json!(0), &json!(merchant.id)));
    assert_eq!(app.sandbox().links_for(&link).await.total, 0);

    app.says(&["jobs", "resume", "--merchant", &merchant.id]);
    merchant.has_the_link(&link).await;
    assert_eq!(app.says(&["jobs", "paused"]), "");
    let rows = app.rows().await;
    assert!(rows.contains("job.pause") && rows.contains("job.resume"), "it is not in the audit log");
}

async fn a_paused_kind_waits_until_it_is_resumed(app: &mut App) {
    let (merchant, operator) = (app.merchant(), app.operator());
    let call = async |what: &str, body: Value| operator.0.post(&format!("/v1/admin/jobs/{what}"), &body).await;

    let asked = json!({"kind": "create_stripe_link", "reason": "Stripe asked us to"});
    let paused = call("pause", asked).await.with_status(200).json();
    assert_eq!(paused["items"][0]["kind"], "create_stripe_link");
    workers_know_what_is_paused(app).await;
    let link = merchant.uploads(&app.order(), &Invoice::default()).await;
    let job = eventually("the job waits", async || waiting(app, "create_stripe_link").await.pop()).await;
    // Overdue work is searched for, and the workers do the rest.
    app.passes(Utc::now() + TimeDelta::minutes(1));
    let other = operator.makes_a_merchant("Another").await;
    app.connects(&other).await;
    assert_eq!(waiting(app, "create_stripe_link").await.as_slice(), std::slice::from_ref(&job));
    assert_eq!(job["attempt"], 0);
    let listed = operator.0.get("/v1/admin/jobs/paused").await.with_status(200).json();
    assert_eq!(listed["items"][0]["reason"], "Stripe asked us to");

    let resumed = call("resume", json!({"kind": "create_stripe_link"})).await.with_status(200).json();
    assert_eq!(resumed["items"], json!([]));
    merchant.has_the_link(&link).await;
    let done = operator.0.get(&format!("/v1/admin/jobs/{}", job["id"].as_str().unwrap())).await.with_status(200).json();
    assert_eq!((&done["state"], &done["attempt"]), (&json!("done"), &json!(1)));

    for wrong in
        [json!({"reason": "neither"}), json!({"kind": "send_sms", "merchant_id": merchant.id, "reason": "both"})]
    {
        call("pause", wrong).await.with_status(400);
    }
    call("pause", json!({"kind": "make_tea", "reason": "no such kind"})).await.problem(422, "invalid_input");
    call("pause", json!({"kind": "send_sms", "reason": " "})).await.problem(422, "invalid_input");
}

/// When Stripe was asked to make links, in the order in which it was.
async fn asked_to_make_links(app: &App) -> Vec<DateTime<Utc>> {
    let requests = app.sandbox().requests("stripe", "POST", "/v1/payment_links").await;
    requests.iter().map(|request| serde_json::from_value(request["at"].clone()).unwrap()).collect()
}

/// The jobs that make these links: how often each was tried.
async fn tries(app: &App, links: &[String]) -> Vec<i64> {
    let jobs = [app.operator().jobs("done").await, app.operator().jobs("queued").await].concat();
    let makes = |job: &&Value| {
        job["kind"] == "create_stripe_link" && links.iter().any(|id| job["payload"]["link"] == id.as_str())
    };
    jobs.iter().filter(makes).map(|job| job["attempt"].as_i64().unwrap()).collect()
}

async fn stripes_limit_holds_over_all_workers(app: &mut App) {
    const LIMIT: usize = 4;
    app.will_have("PAYLINK_LIMITS__STRIPE_CALLS_PER_SECOND", &LIMIT.to_string());
    app.is_started_anew().await;
    let _second = app.begins(&["worker", "--queues", "create_stripe_link", "--concurrency", "20"], 0);
    let merchant = app.merchant();
    let mut links = Vec::new();
    for number in 0..16 {
        let order = merchant.opens_an_order(&format!("13{number:03}")).await;
        links.push(merchant.uploads(&order, &Invoice::default()).await);
    }

    for link in &links {
        merchant.has_the_link(link).await;
    }

    let times = asked_to_make_links(app).await;
    assert_eq!(times.len(), links.len());
    // The limit is counted where the calls leave, and any of them may be late on its way: all of them together take
    // three seconds, and took one if each worker had a limit of its own.
    let took = times[times.len() - 1] - times[0];
    assert!(took >= TimeDelta::seconds(2), "{} calls within {took}", times.len());
    assert_eq!(tries(app, &links).await, [1; 16]);
}

async fn a_service_that_is_down_is_left_alone(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    sandbox.fails(json!({"service": "stripe", "times": 1000, "mode": "status", "status": 503, "method": "POST"})).await;
    let mut links = Vec::new();
    for number in 0..6 {
        let order = merchant.opens_an_order(&format!("14{number:03}")).await;
        links.push(merchant.uploads(&order, &Invoice::default()).await);
    }
    eventually("Stripe is taken for down", async || app.log().contains("left alone").then_some(())).await;

    let order = merchant.opens_an_order("14100").await;
    let snoozed_link = [merchant.uploads(&order, &Invoice::default()).await];
    let down = "stripe is taken for down";
    let snoozed = eventually("the job is snoozed", async || {
        let jobs = waiting(app, "create_stripe_link").await;
        jobs.into_iter().find(|job| job["payload"]["link"] == snoozed_link[0].as_str() && job["last_error"] == down)
    })
    .await;
    // Where the machine was slow to come here, it was the probe itself.
    assert!(snoozed["attempt"].as_i64().unwrap() <= 1, "{snoozed}");
    let before = asked_to_make_links(app).await.len();
    eventually("every job comes again and is put off", async || {
        let jobs = waiting(app, "create_stripe_link").await;
        jobs.iter().all(|job| job["last_error"] == down).then_some(())
    })
    .await;
    let probes = asked_to_make_links(app).await.len() - before;
    let times = app.log().matches("left alone").count();
    assert!(probes <= times, "it was asked {probes} times while it was taken for down {times} times");

    sandbox.fails(json!({"service": "stripe", "times": 0, "mode": "status"})).await;
    for link in links.iter().chain(&snoozed_link) {
        merchant.has_the_link(link).await;
    }
    assert!(tries(app, &snoozed_link).await[0] <= 2, "attempts were lost while it was down");
    assert!(app.log().contains("the service answers again"));
}
