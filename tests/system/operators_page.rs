//! The data of the operator's page.

use chrono::Utc;
use domain::JobId;
use entity::job;
use queue::admin::MOST_DEAD;
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::json;

use crate::support::{App, on_both_databases};

/// How many times as many jobs die.
const DEAD_AT_ONCE: u64 = 10;

on_both_databases!(
    the_operator_sees_how_the_queues_stand,
    the_operator_finds_merchants,
    the_operator_asks_why_a_buyer_got_no_text
);

async fn the_operator_sees_how_the_queues_stand(app: &mut App) {
    let operator = app.operator().0;
    let queues = operator.get("/v1/admin/queues").await.with_status(200).json();
    assert_eq!((&queues["redis"], &queues["more_dead"]), (&json!(true), &json!(false)));
    let items = queues["items"].as_array().unwrap();
    let texts = items.iter().find(|queue| queue["kind"] == "send_sms").unwrap();
    assert_eq!((&texts["ready"], &texts["dead"], &texts["in_flight"]), (&json!(0), &json!(0), &json!(0)));
    let history = operator.get("/v1/admin/queues/history?kind=send_sms&hours=24").await.with_status(200).json();
    assert_eq!(history["minutes"], 24);
    operator.get("/v1/admin/queues/history?hours=49").await.problem(422, "invalid_input");
    for path in ["/v1/admin/queues", "/v1/admin/queues/history"] {
        app.merchant().http.get(path).await.problem(401, "unauthorized");
    }
    for _ in 0..DEAD_AT_ONCE {
        let some = (0..MOST_DEAD / DEAD_AT_ONCE).map(|_| a_dead_job());
        job::Entity::insert_many(some).exec_without_returning(&app.database().await).await.unwrap();
    }
    let queues = operator.get("/v1/admin/queues").await.with_status(200).json();
    let texts = queues["items"].as_array().unwrap().iter().find(|queue| queue["kind"] == "send_sms").unwrap();
    assert_eq!((&queues["more_dead"], &texts["dead"]), (&json!(true), &json!(MOST_DEAD)));
    app.changes_rows("DELETE FROM job WHERE state = 'dead'").await;
}

fn a_dead_job() -> job::ActiveModel {
    let now = Utc::now();
    job::ActiveModel {
        id: Set(JobId::new(now)),
        kind: Set("send_sms".to_owned()),
        payload: Set("{}".to_owned()),
        state: Set(job::JobState::Dead),
        last_error: Set(Some("the carrier was away".to_owned())),
        run_at: Set(now),
        created_at: Set(now),
        finished_at: Set(Some(now)),
        ..job::ActiveModel::default()
    }
}

async fn the_operator_finds_merchants(app: &mut App) {
    let operator = app.operator().0;
    let florist = app.operator().makes_a_merchant("A Florist").await;
    let all = operator.whole_list("/v1/admin/merchants", 1).await;
    assert_eq!(all.iter().map(|it| it["name"].as_str().unwrap()).collect::<Vec<_>>(), ["A Florist", "Example Bakery"]);
    for wanted in ["flor", &florist.id] {
        let found = operator.get(&format!("/v1/admin/merchants?q={wanted}")).await.with_status(200).json();
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
        assert_eq!(found["items"][0]["id"], florist.id);
    }
    let one = operator.get(&format!("/v1/admin/merchants/{}", florist.id)).await.with_status(200).json();
    assert_eq!((&one["name"], &one["available"]), (&json!("A Florist"), &json!(0)));
    operator.get("/v1/admin/merchants/mer_1").await.problem(404, "not_found");
}

async fn the_operator_asks_why_a_buyer_got_no_text(app: &mut App) {
    let (merchant, operator) = (app.merchant(), app.operator().0);
    // Another merchant's, whose hash of the number is another.
    app.operator().makes_a_merchant("A Florist").await;
    let order = merchant.opens_an_order("17008").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    let phone = order.phone.replace('+', "%2B");
    for (about, first) in [
        (phone.as_str(), "conversation"),
        ("17008", "order"),
        (&order.id, "order"),
        (&link.id, "link"),
        (&message, "message"),
    ] {
        let told = operator.get(&format!("/v1/admin/why?about={about}")).await.with_status(200).json();
        let items = told["items"].as_array().unwrap();
        assert_eq!((&items[0]["subject"], &items[0]["depth"]), (&json!(first), &json!(0)), "{about}: {told}");
        let text = items.iter().find(|item| item["id"] == message).unwrap_or_else(|| panic!("{about}: {told}"));
        let said = text["sentences"].as_array().unwrap();
        assert!(text["state"] == "delivered" && said.contains(&json!("it reached the phone")), "{about}: {text}");
        assert_eq!(text["jobs"][0]["job"]["kind"], "send_sms", "{about}: {text}");
        assert!(!told.to_string().contains(&order.phone), "{about} tells the number: {told}");
    }
    let nothing = operator.get("/v1/admin/why?about=%2B12025550199").await.with_status(200).json();
    assert_eq!(nothing, json!({"items": [], "left_out": []}));
    merchant.http.get("/v1/admin/why?about=17008").await.problem(401, "unauthorized");
}
