//! Dead jobs: an operator retries or discards many of them, and the audit log says why.

use serde_json::{Value, json};

use crate::support::{Answer, App, StripeEvent, eventually, on_both_databases};

on_both_databases!(dead_jobs_are_retried_and_discarded_in_bulk);

/// How many jobs die.
const DEAD: usize = 3;

async fn the_dead(app: &App) -> Vec<Value> {
    eventually("jobs are dead", async || {
        let dead = app.operator().jobs("dead").await;
        (dead.len() == DEAD).then_some(dead)
    })
    .await
}

fn ids(jobs: &[Value]) -> Vec<String> {
    let mut ids: Vec<String> = jobs.iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

fn changed(answer: Answer) -> Vec<String> {
    let changed = answer.with_status(200).json();
    assert_eq!(changed["more"], false, "{changed}");
    let mut ids: Vec<String> = serde_json::from_value(changed["job_ids"].clone()).unwrap();
    ids.sort();
    ids
}

async fn dead_jobs_are_retried_and_discarded_in_bulk(app: &mut App) {
    for number in 0..DEAD {
        let event = StripeEvent::refund("link_1", &format!("cs_{number}"), 1).with("amount_refunded", json!("a lot"));
        app.is_told(&event).await.with_status(200);
    }
    let dead = the_dead(app).await;
    let all = ids(&dead);
    let operator = app.operator();
    let call = async |what: &str, body: &Value| operator.0.post(&format!("/v1/admin/jobs/{what}"), body).await;
    let mended = |more: Value| {
        let mut body = json!({"kind": "process_stripe_event", "reason": "Stripe has mended it"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let reasons = async |action: &str, reason: &str| {
        let rows = app.rows().await;
        rows.lines().filter(|row| row.contains(action) && row.contains(reason)).count()
    };

    // Three with one cause are one line, and the part of the error that they share finds them.
    let errors = operator.0.get("/v1/admin/jobs/errors").await.with_status(200).json();
    assert_eq!(errors["items"].as_array().unwrap().len(), 1, "{errors}");
    let error = &errors["items"][0];
    assert_eq!((&error["kind"], &error["jobs"]), (&json!("process_stripe_event"), &json!(DEAD)));
    assert_eq!(error["known_kind"], true);
    let part = json!({"error": error["contains"], "dry_run": true});
    assert_eq!(changed(call("retry", &mended(part)).await), all);
    let long = format!("'NÚMERO NO VÁLIDO ' || last_error || '{}'", "Ü".repeat(9_000));
    app.changes_rows(&format!("UPDATE job SET last_error = {long} WHERE state = 'dead'")).await;
    let errors = operator.0.get("/v1/admin/jobs/errors").await.with_status(200).json();
    let part = errors["items"][0]["contains"].as_str().unwrap();
    assert!(part.starts_with("NÚMERO") && part.chars().count() <= 500, "{part}");
    assert_eq!(changed(call("retry", &mended(json!({"error": part, "dry_run": true}))).await), all);
    let queued = operator.0.get("/v1/admin/jobs/errors?state=queued").await.with_status(200).json();
    assert_eq!(queued["items"], json!([]));
    app.merchant().http.get("/v1/admin/jobs/errors").await.problem(401, "unauthorized");
    // The log's lines about a job are found by its trace.
    let (job, trace) = (dead[0]["id"].as_str().unwrap(), dead[0]["trace_id"].as_str().unwrap());
    assert!(app.says(&["jobs", "show", job]).contains(trace) && app.log().contains(trace), "{trace}");

    call("retry", &json!({"reason": "all of them"})).await.problem(400, "malformed_request");
    call("retry", &json!({"kind": "process_stripe_event"})).await.problem(400, "malformed_request");
    call("retry", &mended(json!({"reason": " "}))).await.problem(422, "invalid_input");
    call("retry", &mended(json!({"kind": "make_tea"}))).await.problem(422, "invalid_input");
    call("discard", &mended(json!({"merchant_id": "me"}))).await.problem(422, "invalid_input");
    call(&format!("{}/retry", all[0]), &json!({"reason": ""})).await.problem(422, "invalid_input");
    app.merchant().http.post("/v1/admin/jobs/retry", &mended(json!({}))).await.problem(401, "unauthorized");

    // Only those that fit, and a dry run changes nothing.
    let stranger = operator.makes_a_merchant("A Florist").await;
    for others in [
        json!({"kind": "send_sms"}),
        json!({"merchant_id": stranger.id}),
        json!({"error": "another error altogether"}),
        json!({"older_than_hours": 1}),
    ] {
        assert_eq!(changed(call("retry", &mended(others.clone())).await), [] as [String; 0], "{others}");
    }
    let part = json!({"error": "A LOT", "merchant_id": app.hello.merchant_id, "older_than_hours": 0, "dry_run": true});
    for what in ["retry", "discard"] {
        let answer = call(what, &mended(part.clone())).await;
        assert_eq!(answer.json()["dry_run"], true);
        assert_eq!(changed(answer), all);
    }
    assert_eq!(ids(&operator.jobs("dead").await), all);
    assert_eq!(reasons("job.", "Stripe has mended it").await, 0);

    // They are as broken as before: each is tried once more, and is dead again.
    assert_eq!(changed(call("retry", &mended(json!({}))).await), all);
    assert_eq!(reasons("job.retry", "Stripe has mended it").await, DEAD);
    let again = the_dead(app).await;
    assert_eq!(ids(&again), all);
    let finished = |jobs: &[Value]| jobs.iter().map(|job| job["finished_at"].to_string()).max();
    assert!(finished(&again) > finished(&dead), "nothing was tried again");

    let broken = json!({"error": "a lot", "reason": "it will never work"});
    assert_eq!(changed(call("discard", &broken).await), all);
    assert_eq!(reasons("job.discard", "it will never work").await, DEAD);
    assert!(operator.jobs("dead").await.is_empty());
    assert_eq!(ids(&operator.jobs("discarded").await), all);
    assert_eq!(changed(call("retry", &broken).await), [] as [String; 0], "what is discarded is over");

    // An error of which nothing is the same in all, of a kind that this version does not know, finds nothing.
    app.changes_rows(
        "UPDATE job SET state = 'dead', kind = 'make_tea', last_error = '12345' WHERE state = 'discarded'",
    )
    .await;
    let errors = operator.0.get("/v1/admin/jobs/errors").await.with_status(200).json();
    let error = &errors["items"][0];
    assert_eq!((&error["error"], &error["contains"], &error["known_kind"]), (&json!("…"), &json!(null), &json!(false)));
    app.changes_rows("UPDATE job SET state = 'discarded' WHERE state = 'dead'").await;
}
