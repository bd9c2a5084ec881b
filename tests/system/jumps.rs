//! A single box whose clock is far off, with no other clock to contradict it.

use chrono::Utc;
use reqwest::Method;

use crate::support::{App, Database, Figures, OwnRedis, WrongClock, eventually};

/// The clock's state in `/readyz`.
async fn clock_is(app: &App, word: &str) {
    let anybody = app.anybody();
    eventually(&format!("the clock is {word}"), async || {
        let ready = anybody.try_ask(anybody.request(Method::GET, "/readyz")).await.ok()?;
        (ready.status == 200 && ready.json()["clock"] == word).then_some(())
    })
    .await;
}

async fn figures(app: &App) -> Figures {
    Figures::read(&app.anybody().get("/metrics").await.with_status(200).text())
}

/// The time to which a tick was done, in seconds.
async fn done(app: &App, tick: &str) -> f64 {
    eventually(&format!("{tick} was done"), async || {
        let text = app.anybody().get("/metrics").await.with_status(200).text();
        let wanted = format!("paylink_tick_last_due_timestamp_seconds{{tick=\"{tick}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&wanted)?.trim().parse().ok())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_by_a_hundred_days_erases_nothing() {
    let clock = WrongClock::by("+0");
    // A Redis that looks at another clock.
    let redis = OwnRedis::start().await;
    let mut environment = clock.environment();
    environment.push(("PAYLINK_REDIS_URL", format!("redis://127.0.0.1:{}", redis.port)));
    let mut app = App::start_apart_with(Database::sqlite(), &environment).await;
    let merchant = app.merchant();
    let (order, alone) = (merchant.opens_an_order("4031").await, merchant.opens_an_order("4032").await);
    let link = merchant.makes_a_link(&order).await;
    for tick in ["expire", "purge", "clean", "notify"] {
        done(&app, tick).await;
    }
    let documents = app.documents();

    clock.is_set("+100d");
    let is_kept = async |app: &App| {
        clock_is(app, "doubted").await;
        // What harms nobody goes on at the time that the clock tells, after what waits was looked at.
        let then = f64::from(i32::try_from(Utc::now().timestamp()).unwrap()) + 99.0 * 86_400.0;
        eventually("time goes on", async || (done(app, "notify").await > then).then_some(())).await;
        assert!(done(app, "purge").await < then && done(app, "expire").await < then);
        assert!((figures(app).await.one("paylink_time_doubted", &[]) - 1.0).abs() < f64::EPSILON);
        let merchant = app.merchant();
        assert_eq!(merchant.link(&link.id).await["status"], "unpaid");
        for order in [&order, &alone] {
            let kept = merchant.http.get(&format!("/v1/orders/{}", order.id)).await.with_status(200).json();
            assert_eq!(kept["customer"]["phone"], order.phone.as_str());
        }
        assert_eq!(app.documents(), documents);
    };
    is_kept(&app).await;
    assert!(app.log().contains("has jumped"));
    assert!(app.stops().success());
    app.starts_again().await;
    is_kept(&app).await;

    clock.is_set("+0");
    clock_is(&app, "ok").await;
    assert_eq!(app.merchant().link(&link.id).await["status"], "unpaid");
}
