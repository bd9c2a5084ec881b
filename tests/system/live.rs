//! Subscribers are told of changes as they happen.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::{App, Browser, Http, Merchant, eventually, free_port, on_both_databases};

on_both_databases!(
    what_changes_is_told_by_its_ids,
    whoever_comes_again_is_caught_up,
    what_becomes_of_the_money_is_told_too,
    what_happens_at_one_replica_is_told_at_another_which_catches_up_too,
    a_merchant_hears_nothing_of_anothers,
    a_stop_is_not_held_up_by_who_listens,
    nobody_is_told_anything_once_their_key_or_session_is_over,
);

/// An event as a browser has it.
#[derive(Clone, Debug, PartialEq)]
struct Event {
    id: String,
    name: String,
    data: String,
}

impl Event {
    fn about(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

/// A followed stream of events.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn follow(browser: &Browser, last: Option<&str>) -> Self {
        Self::open(browser.request(Method::GET, "/v1/events"), last).await
    }

    async fn open(mut request: RequestBuilder, last: Option<&str>) -> Self {
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event; `None` when the stream ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let line = block.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_default().trim().to_owned()
                };
                let event = Event { id: field("id:"), name: field("event:"), data: field("data:") };
                if !event.id.is_empty() {
                    return Some(event);
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_mins(1), self.response.chunk()).await.unwrap();
            self.text.push_str(core::str::from_utf8(&chunk.ok()??).unwrap());
        }
    }

    /// The next event of that name; what comes before it is passed over.
    async fn hears(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the stream ended without {name}"));
            assert_ne!(event.name, "resync", "nothing was missed");
            if event.name == name {
                return event;
            }
        }
    }
}

async fn signs_in(app: &App) -> Browser {
    Browser::signs_in(&app.anybody(), &app.hello.api_key).await
}

async fn what_changes_is_told_by_its_ids(app: &mut App) {
    let merchant = app.merchant();
    let mut stream = Stream::follow(&signs_in(app).await, None).await;
    let here = stream.next().await.unwrap();
    assert_eq!((here.name.as_str(), here.data.as_str()), ("", ""), "the beginning has an id, and tells nothing");

    let order = merchant.opens_an_order("17001").await;
    assert_eq!(stream.hears("order.updated").await.about()["id"], order.id);
    let link = merchant.makes_a_link(&order).await;
    let told = stream.hears("link.updated").await.about();
    assert_eq!((&told["id"], &told["order_id"]), (&link.id.clone().into(), &order.id.clone().into()));
    let message = merchant.sends(&link).await;
    let said = stream.hears("message.updated").await;
    let conversation = merchant.conversation_with(&order.phone).await;
    let mut about = said.about();
    let change = [about["type"].take(), about["seq"].take()];
    assert!(change[0] == "message.updated" && change[1].is_i64(), "{change:?}");
    let ids =
        json!({"id": message, "conversation_id": conversation["id"], "link_id": link.id, "type": null, "seq": null});
    assert_eq!(about, ids);
    stream.hears("credits.updated").await;
    app.buyer().pays(&link).await;
    loop {
        let told = stream.hears("order.updated").await;
        if merchant.tag(&order).await == "paid" {
            assert_eq!(told.about()["id"], order.id);
            break;
        }
    }
    let heard = stream.text.clone() + &said.data;
    assert!(!heard.contains(&order.phone) && !heard.contains("INV-1"));
}

async fn whoever_comes_again_is_caught_up(app: &mut App) {
    let merchant = app.merchant();
    let browser = signs_in(app).await;
    let here = Stream::follow(&browser, None).await.next().await.unwrap();
    let (first, second) = (merchant.opens_an_order("17101").await, merchant.opens_an_order("17102").await);
    // What changed is told a moment after the answer; a stream that is already open would hear of it as it comes.
    let mut again = Stream::follow(&browser, Some(&here.id)).await;
    let one = again.hears("order.updated").await;
    let two = again.hears("order.updated").await;
    assert_eq!((&one.about()["id"], &two.about()["id"]), (&first.id.into(), &second.id.clone().into()));
    drop(again);
    let mut again = Stream::follow(&browser, Some(&one.id)).await;
    assert_eq!(again.next().await.unwrap(), two, "what came after it, and not again what came before");
    for missed in ["1-0", "9999999999999-0", "nonsense"] {
        let event = Stream::follow(&browser, Some(missed)).await.next().await.unwrap();
        assert_eq!(event.name, "resync", "{missed} cannot be caught up from");
    }
}

async fn what_becomes_of_the_money_is_told_too(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let link = merchant.makes_a_link(&app.order()).await;
    let payment = sandbox.does("pay", json!({"url": link.stripe_url})).await;
    merchant.sees(&link.id, "paid").await;
    sandbox.has_told_everything().await;
    let intent = &payment["payment_intent"];
    for (what, how, event) in [
        ("refund", json!({"payment_intent": intent, "amount": 2_950}), "refunded"),
        ("dispute", json!({"payment_intent": intent}), "disputed"),
    ] {
        let mut stream = Stream::follow(&signs_in(app).await, None).await;
        stream.next().await.unwrap();
        sandbox.does(what, how).await;
        // A later report of what came before may be told first; what is told too early is not told again.
        loop {
            assert_eq!(stream.hears("link.updated").await.about()["id"], link.id, "{what}");
            let now = merchant.link(&link.id).await;
            if now["timeline"].as_array().unwrap().iter().any(|entry| entry["event"] == event) {
                break;
            }
        }
    }
}

async fn what_happens_at_one_replica_is_told_at_another_which_catches_up_too(app: &mut App) {
    let ports = [free_port(), free_port()];
    let mut replicas = ports.map(|port| app.begins(&["api"], port));
    let [one, other] = ports.map(|port| app.at_port(port));
    for replica in [&one, &other] {
        eventually("the replica is ready", async || {
            let asked = replica.try_ask(replica.request(Method::GET, "/readyz")).await;
            asked.ok().filter(|answer| answer.status == 200)
        })
        .await;
    }
    // Signed in at one, somebody is known at the other.
    let here = Browser::signs_in(&one, &app.hello.api_key).await;
    let there = Browser { http: other.clone(), cookie: here.cookie.clone() };
    let mut stream = Stream::follow(&there, None).await;
    stream.next().await.unwrap();

    let merchant = Merchant { http: one.with_key(&app.hello.api_key), ..app.merchant() };
    let first = merchant.opens_an_order("17401").await;
    let heard = stream.hears("order.updated").await;
    assert_eq!(heard.about()["id"], first.id, "what was done at one is told at the other");

    // The stream breaks off, something happens, and the balancer leads to the other replica.
    drop(stream);
    let second = merchant.opens_an_order("17402").await;
    let mut again = Stream::follow(&here, Some(&heard.id)).await;
    let caught_up = again.hears("order.updated").await;
    assert_eq!(caught_up.about()["id"], second.id, "neither left out nor told twice");
    drop(again);
    for replica in &mut replicas {
        replica.is_asked_to_stop();
        assert!(replica.ends().0.success(), "{}", replica.log());
    }
}

async fn a_merchant_hears_nothing_of_anothers(app: &mut App) {
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    let key = app.operator().makes_a_key(&stranger.id, "read").await;
    let http: Http = app.anybody();
    let mut theirs = Stream::follow(&Browser::signs_in(&http, &key).await, None).await;
    theirs.next().await.unwrap();
    let mut ours = Stream::follow(&signs_in(app).await, None).await;
    ours.next().await.unwrap();
    app.merchant().opens_an_order("17201").await;
    ours.hears("order.updated").await;
    let own = stranger.opens_an_order("17202").await;
    assert_eq!(theirs.next().await.unwrap().about()["id"], own.id, "the first that it hears is its own");
    http.get("/v1/events").await.problem(401, "unauthorized");
}

async fn a_stop_is_not_held_up_by_who_listens(app: &mut App) {
    let mut stream = Stream::follow(&signs_in(app).await, None).await;
    let here = stream.next().await.unwrap();
    let began = Instant::now();
    assert!(app.stops().success());
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert_eq!(stream.next().await, None);
    app.starts_again().await;
    let browser = signs_in(app).await;
    let order = app.merchant().opens_an_order("17301").await;
    let mut again = Stream::follow(&browser, Some(&here.id)).await;
    assert_eq!(again.hears("order.updated").await.about()["id"], order.id);
}

/// After this time no more events may come.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

async fn nobody_is_told_anything_once_their_key_or_session_is_over(app: &mut App) {
    let (nobody, merchant) = (app.anybody(), app.merchant());
    let made = json!({"name": "screen", "scope": "read"});
    let key = merchant.http.post("/v1/api-keys", &made).await.with_status(201).json();
    let (id, key) = (key["id"].as_str().unwrap(), key["key"].as_str().unwrap());
    app.hush(key);
    let (signs_out, by_the_key) = (signs_in(app).await, Browser::signs_in(&nobody, key).await);
    let mut stays = Stream::follow(&signs_in(app).await, None).await;
    let mut of_who_signs_out = Stream::follow(&signs_out, None).await;
    let mut by_the_session = Stream::follow(&by_the_key, None).await;
    let screen = nobody.with_key(key);
    let mut of_the_key = Stream::open(screen.request(Method::GET, "/v1/events"), None).await;

    let ends = async |stream: &mut Stream| {
        let end = async { while stream.next().await.is_some() {} };
        tokio::time::timeout(ENDS_WITHIN, end).await.expect("the stream goes on");
    };
    signs_out.sends(Method::DELETE, "/console/session", &json!({})).await.with_status(204);
    ends(&mut of_who_signs_out).await;
    let path = format!("/v1/api-keys/{id}");
    merchant.http.ask(merchant.http.request(Method::DELETE, &path)).await.with_status(204);
    tokio::join!(ends(&mut by_the_session), ends(&mut of_the_key));
    let order = merchant.opens_an_order("25001").await;
    assert_eq!(stays.hears("order.updated").await.about()["id"], order.id.as_str());
}
