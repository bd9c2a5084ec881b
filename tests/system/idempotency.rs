//! Repeated commands and concurrent commands.

use chrono::{TimeDelta, Utc};
use domain::KeyHolderId;
use entity::idempotency::{self, Column};
use reqwest::Method;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement, sea_query::Expr};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet};

use crate::support::{Answer, App, Database, INVOICE, Invoice, Merchant, eventually, on_both_databases, order_body};

on_both_databases!(
    a_command_that_is_sent_again_is_answered_again,
    an_upload_that_is_sent_again_is_answered_again,
    a_command_that_is_sent_many_times_at_once_has_one_effect,
    of_many_links_for_one_order_at_once_one_is_made,
    credits_that_are_given_again_under_the_same_key_are_given_once,
    a_key_that_a_dead_process_left_is_taken_over_once_its_hold_has_ended,
);

async fn with_key(merchant: &Merchant, path: &str, key: &str, body: &Value) -> Answer {
    let request = merchant.http.request(Method::POST, path).header("Idempotency-Key", key).json(body);
    merchant.http.ask(request).await
}

async fn a_command_that_is_sent_again_is_answered_again(app: &mut App) {
    let merchant = app.merchant();
    let body = order_body("9001", "+12025560001");
    let first = with_key(&merchant, "/v1/orders", "order-9001", &body).await.with_status(201);
    assert_eq!(first.header("Idempotent-Replayed"), "");

    let again = with_key(&merchant, "/v1/orders", "order-9001", &body).await.with_status(201);
    assert_eq!(again.header("Idempotent-Replayed"), "true");
    assert_eq!((&again.body, again.header("location")), (&first.body, first.header("location")));

    let other = order_body("9002", "+12025560001");
    with_key(&merchant, "/v1/orders", "order-9001", &other).await.problem(422, "idempotency_key_reused");
    assert_eq!(merchant.http.whole_list("/v1/orders", 10).await.len(), 2, "the demo's order and ours");

    // A refused command may be corrected with the same key.
    let order = app.order();
    let path = format!("/v1/orders/{}/payment-links", order.id);
    let form = |amount| Invoice { amount: Some(amount), ..Invoice::default() }.form();
    let ask =
        |amount| merchant.http.request(Method::POST, &path).header("Idempotency-Key", "k").multipart(form(amount));
    merchant.http.ask(ask("nothing")).await.problem(422, "invalid_input");
    merchant.http.ask(ask("20.00")).await.with_status(202);

    let third = order_body("9004", "+12025560001");
    for (key, status) in [("k".repeat(255), 201), ("k".repeat(256), 422), (String::new(), 422)] {
        with_key(&merchant, "/v1/orders", &key, &third).await.with_status(status);
    }
}

async fn an_upload_that_is_sent_again_is_answered_again(app: &mut App) {
    let merchant = app.merchant();
    let order = app.order();
    let invoice = Invoice { pdf: Some(INVOICE), number: Some("INV-1"), ..Invoice::default() };
    let ask = async |invoice: &Invoice<'_>| {
        let request = merchant.request_for_a_link(&order, invoice).header("Idempotency-Key", "upload-1");
        merchant.http.ask(request).await
    };
    let first = ask(&invoice).await.with_status(202);
    let link = merchant.has_the_link(first.json()["id"].as_str().unwrap()).await;

    // The first answer again, although the link has moved on.
    let again = ask(&invoice).await.with_status(202);
    assert_eq!(again.header("Idempotent-Replayed"), "true");
    assert_eq!(again.json(), first.json());
    let changed = [INVOICE, b"\n"].concat();
    ask(&Invoice { pdf: Some(&changed), ..invoice.clone() }).await.problem(422, "idempotency_key_reused");
    ask(&Invoice { number: Some("INV-2"), ..invoice }).await.problem(422, "idempotency_key_reused");
    assert_eq!(app.invoices(), 1, "{:?}", app.documents());

    // So with a message: one text, one credit.
    let path = format!("/v1/payment-links/{}/send", link.id);
    let sent = with_key(&merchant, &path, "send-1", &json!({})).await.with_status(202);
    let again = with_key(&merchant, &path, "send-1", &json!({})).await.with_status(202);
    assert_eq!(again.json()["id"], sent.json()["id"]);
    merchant.sees_message(sent.json()["id"].as_str().unwrap(), "delivered").await;
    assert_eq!(app.sandbox().texts_to(&order.phone).await.len(), 1);
    assert_eq!(merchant.credits().await, (99, 0));
}

async fn a_command_that_is_sent_many_times_at_once_has_one_effect(app: &mut App) {
    let merchant = app.merchant();
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let merchant = merchant.clone();
        calls.spawn(
            async move { with_key(&merchant, "/v1/orders", "at-once", &order_body("9003", "+12025560002")).await },
        );
    }

    let mut made = Vec::new();
    for answer in calls.join_all().await {
        if answer.status == 201 {
            made.push(answer.json()["id"].clone());
        } else {
            answer.problem(409, "idempotency_key_in_use");
        }
    }

    made.dedup();
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(merchant.http.whole_list("/v1/orders", 10).await.len(), 2, "the demo's order and ours");
}

#[tokio::test]
async fn a_command_whose_caller_hangs_up_is_done_and_its_answer_is_kept() {
    // It does not stop waiting for the table while the machine has more to do.
    let patient = [("PAYLINK_DATABASE_LOCK_SECONDS", "90".to_owned())];
    let app = App::start_with(Database::postgresql().await, &patient).await;
    let merchant = app.merchant();
    let body = order_body("9101", "+12025560003");
    let (host, content) = (app.hello.url.trim_start_matches("http://"), body.to_string());
    let request = format!(
        "POST /v1/orders HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nIdempotency-Key: order-9101\r\n\
        Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{content}",
        app.hello.api_key,
        content.len()
    );
    let other = app.database().await;
    other.execute_unprepared("BEGIN; LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE").await.unwrap();

    let mut caller = TcpStream::connect(host).await.unwrap();
    caller.write_all(request.as_bytes()).await.unwrap();
    let waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    eventually("the order waits for its table", async || {
        let found = other.query_one_raw(Statement::from_string(DbBackend::Postgres, waiting)).await.unwrap();
        found.map(|_| ())
    })
    .await;
    drop(caller);
    merchant.http.get("/v1/orders").await.with_status(200);
    other.execute_unprepared("ROLLBACK").await.unwrap();

    let orders = async || merchant.http.whole_list("/v1/orders", 100).await.len();
    eventually("it is an order beside the demo's", async || (orders().await == 2).then_some(())).await;
    let again = with_key(&merchant, "/v1/orders", "order-9101", &body).await.with_status(201);
    assert_eq!(again.header("Idempotent-Replayed"), "true");
    assert_eq!(orders().await, 2);
}

async fn of_many_links_for_one_order_at_once_one_is_made(app: &mut App) {
    let merchant = app.merchant();
    let order = app.order();
    let mut calls = JoinSet::new();
    for number in 0..20 {
        let (merchant, order) = (merchant.clone(), order.clone());
        calls.spawn(async move {
            let number = format!("INV-{number}");
            let invoice = Invoice { pdf: Some(INVOICE), number: Some(&number), ..Invoice::default() };
            merchant.asks_for_a_link(&order, &invoice).await
        });
    }

    let mut accepted = Vec::new();
    for answer in calls.join_all().await {
        if answer.status == 202 {
            accepted.push(answer.json()["id"].as_str().unwrap().to_owned());
        } else {
            answer.problem(409, "link_open");
        }
    }

    assert_eq!(accepted.len(), 1, "{accepted:?}");
    merchant.has_the_link(&accepted[0]).await;
    let seen = merchant.http.get(&format!("/v1/orders/{}", order.id)).await.json();
    assert_eq!(seen["links"].as_array().unwrap().len(), 1);
    crate::support::eventually("one upload is left", async || (app.invoices() == 1).then_some(())).await;
    assert_eq!(app.sandbox().knows("counts").await["payment_links"]["total"], 1);
}

async fn credits_that_are_given_again_under_the_same_key_are_given_once(app: &mut App) {
    let (merchant, operator) = (app.merchant(), app.operator().0);
    let give = async |path: &str, body: &Value| {
        let path = format!("/v1/admin/merchants/{}/{path}", merchant.id);
        operator.ask(operator.request(Method::POST, &path).header("Idempotency-Key", "inv-1").json(body)).await
    };
    let top_up = json!({"credits": 50, "note": "INV-1"});
    let first = give("credits", &top_up).await.with_status(201);
    let again = give("credits", &top_up).await.with_status(201);
    assert_eq!((again.header("Idempotent-Replayed"), &again.body), ("true", &first.body));
    assert_eq!(merchant.credits().await, (150, 0));

    // Another call is another command; a key is not the merchant's of the same letters.
    let correction = json!({"credits": -20, "reason": "Twice by mistake"});
    give("credit-corrections", &correction).await.problem(422, "idempotency_key_reused");
    with_key(&merchant, "/v1/orders", "inv-1", &order_body("9003", "+12025560003")).await.with_status(201);
    assert_eq!(merchant.credits().await, (150, 0));
}

async fn a_key_that_a_dead_process_left_is_taken_over_once_its_hold_has_ended(app: &mut App) {
    let (merchant, operator, database) = (app.merchant(), app.operator().0, app.database().await);
    let give = async || {
        let path = format!("/v1/admin/merchants/{}/credits", merchant.id);
        let request = operator.request(Method::POST, &path).header("Idempotency-Key", "inv-2");
        operator.ask(request.json(&json!({"credits": 50, "note": "INV-2"}))).await
    };
    let is_left = async |by: Option<KeyHolderId>, seconds_ago| {
        let unanswered = idempotency::Entity::update_many()
            .col_expr(Column::Status, Expr::value(Option::<i64>::None))
            .col_expr(Column::Body, Expr::value(Option::<Vec<u8>>::None));
        let left = unanswered
            .col_expr(Column::Holder, Expr::value(by))
            .col_expr(Column::CreatedAt, Expr::value(Utc::now() - TimeDelta::seconds(seconds_ago)));
        left.exec(&database).await.unwrap();
    };
    give().await.with_status(201);
    // By a version without holders.
    is_left(None, 5).await;
    give().await.problem(409, "idempotency_key_in_use");
    is_left(Some(KeyHolderId::new(Utc::now())), 5).await;
    assert_eq!(give().await.with_status(201).header("Idempotent-Replayed"), "");
    assert_eq!(merchant.credits().await, (200, 0));
}
