//! The most that stolen keys, runaway programs and strangers can do, and that others do not notice.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    Answer, App, Database, INVOICE, Invoice, StripeEvent, eventually, large_order_body, order_body, sign,
};

async fn with(settings: &[(&str, &str)]) -> App {
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    App::start_with(Database::sqlite(), &settings).await
}

#[tokio::test]
async fn a_key_has_a_budget_and_says_how_it_stands() {
    let app = with(&[("PAYLINK_REQUESTS_PER_SECOND", "5")]).await;
    let merchant = app.merchant();
    let other = app.operator().makes_a_merchant("A Florist").await;
    let reader = merchant.with_key(&app.operator().makes_a_key(&merchant.id, "read").await);
    // By two keys, which have one budget; all at once, so that nothing is earned again meanwhile however slow the
    // machine is.
    let ask = |number: usize| {
        let who = if number.is_multiple_of(2) { &merchant } else { &reader };
        who.http.get("/v1/credits")
    };
    let answers = join_all((0..50).map(ask)).await;
    for answer in &answers {
        assert_eq!(answer.header("ratelimit-limit"), "5");
        assert!(answer.header("ratelimit-remaining").parse::<u32>().unwrap() < 5);
        assert_eq!(answer.header("ratelimit-reset"), "1");
        assert!([200, 429].contains(&answer.status), "{answer:?}");
    }
    let refused = answers.into_iter().find(|answer| answer.status == 429).expect("fifty requests were granted at once");
    assert_eq!(refused.header("retry-after"), "1");
    refused.problem(429, "too_many_requests");
    other.http.get("/v1/credits").await.with_status(200);
    let operator = app.operator().0.get("/v1/admin/merchants").await.with_status(200);
    assert_eq!(operator.header("ratelimit-limit"), "", "an operator has no budget");
    assert_eq!(app.anybody().get("/v1/credits").await.with_status(401).header("ratelimit-limit"), "");
    eventually("it is paid off", async || (merchant.http.get("/v1/credits").await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn what_is_asked_of_one_replica_counts_at_the_other() {
    let app = App::start_with(Database::postgresql().await, &[("PAYLINK_REQUESTS_PER_SECOND", "20".to_owned())]).await;
    let port = crate::support::free_port();
    let _replica = app.begins(&["api"], port);
    let replica = app.at_port(port).with_key(&app.hello.api_key);
    let ready = async || replica.try_ask(replica.request(Method::GET, "/readyz")).await;
    eventually("it is ready", async || ready().await.is_ok_and(|answer| answer.status == 200).then_some(())).await;
    let here = app.merchant().http;
    // All that may be asked in a second is asked here; what the other has heard of it, it does not grant again.
    eventually("the other refuses what it never granted itself", async || {
        // By eight at once, so that a slow machine asks for more than it earns; each until it is refused, which is when
        // there is nothing left.
        let until_refused = async || while here.get("/v1/credits").await.status == 200 {};
        join_all((0..8).map(|_| until_refused())).await;
        (replica.get("/v1/credits").await.status == 429).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_days_texts_are_limited_and_told_of_before_they_run_out() {
    let app = with(&[("PAYLINK_QUOTAS__TEXTS_PER_DAY", "5")]).await;
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&app.order()).await;
    let told = "a merchant has sent most of the texts of this day";
    for sent in 1..=5 {
        let credits = merchant.http.get("/v1/credits").await.json();
        assert_eq!((&credits["texts_today"], &credits["texts_per_day"]), (&json!(sent - 1), &json!(5)));
        assert_eq!(credits["texts_near_limit"], sent > 4);
        assert_eq!(app.log().matches(told).count(), usize::from(sent > 4));
        merchant.sends_again(&link).await;
    }
    let path = format!("/v1/payment-links/{}/send", link.id);
    let refused = merchant.http.post(&path, &json!({"resend": true})).await;
    assert!((1..=86_400).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    refused.problem(429, "daily_limit_reached");
    let conversation = merchant.conversation_with(&app.order().phone).await["id"].as_str().unwrap().to_owned();
    let write = format!("/v1/conversations/{conversation}/messages");
    merchant.http.post(&write, &json!({"body": "Hello"})).await.problem(429, "daily_limit_reached");
    assert_eq!(merchant.http.get("/v1/messages").await.json()["items"].as_array().unwrap().len(), 5);
    eventually("all is settled", async || (merchant.credits().await.1 == 0).then_some(())).await;
    assert_eq!(merchant.credits().await, (95, 0), "what was refused cost something");
    // Each merchant has its own.
    let other = app.operator().makes_a_merchant("A Florist").await;
    assert_eq!(other.http.get("/v1/credits").await.json()["texts_today"], 0);
}

#[tokio::test]
async fn of_texts_at_once_no_more_than_the_days_are_accepted() {
    let settings = [("PAYLINK_QUOTAS__TEXTS_PER_DAY", "5".to_owned())];
    let app = App::start_with(Database::postgresql().await, &settings).await;
    let merchant = app.merchant();
    let link = merchant.makes_a_link(&app.order()).await;
    let path = format!("/v1/payment-links/{}/send", link.id);
    let body = json!({"resend": true});
    let sends = (0..12).map(|_| merchant.http.post(&path, &body));
    let answers = futures_util::future::join_all(sends).await;
    let of = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((of(202), of(429)), (5, 7), "{answers:?}");
}

#[tokio::test]
async fn a_days_orders_take_up_so_much_and_no_more_on_sqlite() {
    a_days_orders_take_up_so_much_and_no_more(Database::sqlite()).await;
}

#[tokio::test]
async fn a_days_orders_take_up_so_much_and_no_more_on_postgresql() {
    a_days_orders_take_up_so_much_and_no_more(Database::postgresql().await).await;
}

async fn a_days_orders_take_up_so_much_and_no_more(database: Database) {
    let app = App::start_with(database, &[("PAYLINK_QUOTAS__ORDERS_MIB_PER_DAY", "1".to_owned())]).await;
    let merchant = app.merchant();
    let phone = "+12025550160";
    app.hush(phone);
    let numbers: Vec<String> = (0..10).map(|number| format!("5000{number}")).collect();
    // All at once, like an attempt to fill the disk.
    let bodies: Vec<_> = numbers.iter().map(|number| large_order_body(number, phone)).collect();
    let answers = join_all(bodies.iter().map(|body| merchant.http.post("/v1/orders", body))).await;
    let of = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((of(201), of(429)), (6, 4), "a MiB has room for six");
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert!((1..=86_400).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    assert_eq!(refused.json()["code"], "daily_limit_reached");
    assert_eq!(merchant.http.whole_list("/v1/orders?q=5000", 100).await.len(), 6);

    let mut whole = large_order_body("50010", phone);
    let number = whole.as_object_mut().unwrap().remove("number").unwrap();
    let path = format!("/v1/orders/by-number/{}", number.as_str().unwrap());
    merchant.http.put(&path, &whole).await.problem(429, "daily_limit_reached");
    merchant.http.get(&format!("/v1/orders?q={}", number.as_str().unwrap())).await.with_status(200);
    // A small one has room still, until it is made large.
    let small = merchant.http.post("/v1/orders", &order_body("50011", phone)).await.with_status(201).json();
    let path = format!("/v1/orders/{}", small["id"].as_str().unwrap());
    let items = json!({"items": whole["items"], "amount": "490.00", "shipping": null});
    let enlarge = async || merchant.http.ask(merchant.http.request(Method::PATCH, &path).json(&items)).await;
    enlarge().await.problem(429, "daily_limit_reached");
    assert_eq!(merchant.http.get(&path).await.json()["amount"], "129.50", "what was refused was done nevertheless");
    // To say again what is so is no change, and costs nothing.
    let same = json!({"notes": null});
    merchant.http.ask(merchant.http.request(Method::PATCH, &path).json(&same)).await.with_status(200);
    // Each merchant has its own.
    let other = app.operator().makes_a_merchant("A Florist").await;
    other.http.post("/v1/orders", &large_order_body("50012", phone)).await.with_status(201);
}

#[tokio::test]
async fn of_webhooks_that_a_merchant_signs_so_much_is_kept_and_no_more() {
    let app = with(&[("PAYLINK_QUOTAS__WEBHOOKS_MIB_PER_DAY", "2")]).await;
    let padding = "x".repeat(600 * 1024);
    let event = |number: usize| {
        StripeEvent::about_session("checkout.session.completed", "", &format!("cs_{number}"), "paid")
            .with("padding", padding.as_str().into())
    };
    for number in 0..3 {
        app.is_told(&event(number)).await.with_status(200);
    }
    let refused = app.is_told(&event(3)).await;
    assert!((1..=86_400).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    refused.problem(429, "daily_limit_reached");
    let told = "more webhooks came for a merchant than are taken in a day";
    assert_eq!(app.log().matches(told).count(), 1);
    app.is_told(&event(4)).await.problem(429, "daily_limit_reached");
    assert_eq!(app.log().matches(told).count(), 1, "each is told");
    let kept = app.merchant().http.get("/v1/webhook-events").await.json();
    assert_eq!(kept["items"].as_array().unwrap().len(), 3, "{kept}");
    // Small requests are still accepted.
    let small = StripeEvent::about_session("checkout.session.completed", "", "cs_small", "paid");
    app.is_told(&small).await.with_status(200);
}

#[tokio::test]
async fn a_merchants_invoices_take_up_so_much_and_no_more() {
    let app = with(&[("PAYLINK_QUOTAS__STORED_MIB", "1")]).await;
    let (merchant, one, other) = (app.merchant(), app.order(), app.merchant().opens_an_order("26002").await);
    let padded = [INVOICE, &b"\n".repeat(700 * 1024)].concat();
    let invoice = Invoice { pdf: Some(&padded), ..Invoice::default() };
    let link = merchant.uploads(&one, &invoice).await;
    merchant.has_the_link(&link).await;

    let refused = merchant.asks_for_a_link(&other, &invoice).await.problem(409, "storage_full");
    assert!(refused["detail"].as_str().unwrap().contains("1 MiB"), "{refused}");
    eventually("nothing of it is kept", async || (app.invoices() == 1).then_some(())).await;
    let small = merchant.uploads(&other, &Invoice::default()).await;
    merchant.has_the_link(&small).await;
}

#[tokio::test]
async fn an_upload_that_comes_to_nothing_leaves_nothing_in_the_store() {
    let app = with(&[]).await;
    let (merchant, order) = (app.merchant(), app.order());
    let path = format!("/v1/orders/{}/payment-links", order.id);
    for _ in 0..3 {
        let whole = Invoice { pdf: Some(INVOICE), ..Invoice::default() }.form().text("surprise", "!");
        merchant.http.ask(merchant.http.request(Method::POST, &path).multipart(whole)).await.with_status(422);
    }
    eventually("nothing is left", async || app.documents().is_empty().then_some(())).await;
}

#[tokio::test]
async fn a_merchant_whose_jobs_wait_queues_no_more_and_still_voids() {
    let app = with(&[("PAYLINK_QUOTAS__QUEUED_JOBS", "3")]).await;
    let (merchant, operator) = (app.merchant(), app.operator().0);
    let link = merchant.makes_a_link(&app.order()).await;
    let pause = json!({"kind": "send_sms", "reason": "a test"});
    operator.post("/v1/admin/jobs/pause", &pause).await.with_status(200);
    eventually("the workers know of the pause", async || {
        app.log().contains("what is paused has changed").then_some(())
    })
    .await;
    for _ in 0..3 {
        merchant.sends_again(&link).await;
    }
    let path = format!("/v1/payment-links/{}/send", link.id);
    let refused = eventually("there are too many", async || {
        let answer = merchant.http.post(&path, &json!({"resend": true})).await;
        (answer.status != 202).then_some(answer)
    })
    .await;
    assert_eq!(refused.header("retry-after"), "30");
    refused.problem(429, "too_many_jobs");
    merchant
        .asks_for_a_link(&merchant.opens_an_order("26003").await, &Invoice::default())
        .await
        .problem(429, "too_many_jobs");
    merchant.voids(&link).await.with_status(202);
    operator.post("/v1/admin/jobs/resume", &json!({"kind": "send_sms"})).await.with_status(200);
    merchant.sees(&link.id, "voided").await;
}

#[tokio::test]
async fn strangers_who_sign_webhooks_wrongly_are_slowed_and_told_of_once() {
    let app = with(&[]).await;
    let http = app.anybody();
    let path = format!("/webhooks/stripe/{}", app.hello.merchant_id);
    let event = json!({"id": "evt_limits", "type": "customer.created", "data": {"object": {}}}).to_string();
    let sends = async |secret: &str, path: &str| {
        let signature = sign(secret, chrono::Utc::now().timestamp(), &event);
        http.ask(http.request(Method::POST, path).header("Stripe-Signature", signature).body(event.clone())).await
    };
    // All at once: however slow the machine is, no address has earned room for so many again meanwhile.
    let answers = join_all((0..400).map(|_| sends("whsec_wrong", &path))).await;
    let (slowed, told): (Vec<Answer>, Vec<Answer>) = answers.into_iter().partition(|answer| answer.status == 429);
    assert!(slowed.len() > 50, "{} of 400 were slowed", slowed.len());
    for answer in slowed {
        assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
    for answer in told {
        answer.problem(400, "bad_signature");
    }
    let sms = path.replace("stripe", "sms");
    let signed_by_nobody =
        async || http.ask(http.request(Method::POST, &sms).form(&[("MessageSid", "SM1")])).await.status;
    let refused = join_all((0..200).map(|_| signed_by_nobody())).await;
    assert!(refused.contains(&429), "what is signed wrongly for the carrier counts too: {refused:?}");
    // From the same address, as Stripe's are.
    sends(&app.hello.webhook_secret, &path).await.with_status(200);
    assert_eq!(app.log().matches("webhooks are refused").count(), 2, "once for Stripe and once for the carrier");
    assert!(!app.log().contains("/webhooks/stripe"), "each is told");
}
