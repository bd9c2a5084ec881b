//! The cost of commands and lists: orders are created, links are sent, a hundred orders are read, each by 64
//! connections. Compared with a bare handler that reads and returns the same order, and with the database alone given
//! the same order.

use std::time::{Duration, Instant};

use domain::{Clock, Money, PhoneNumber, Region};
use entity::{
    Db, credits, merchant,
    order::{self, Details, NewOrder},
};
use futures_util::future::join_all;
use migration::{Migrate, Migrator};
use poem::{
    Route, Server, handler,
    listener::{Acceptor, Listener, TcpListener},
    post,
    web::Json,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    bare::Bare,
    cpu,
    database::url,
    load,
    paylink::Paylink,
    results::{self, Results},
    story::make_links,
    support::{Database, OwnPostgres, OwnRedis, new_merchant},
};

/// The number of concurrent connections.
const CONNECTIONS: usize = 64;
/// How long orders are created, and lists read.
const LONG: Duration = Duration::from_secs(6);
/// How many links are sent, each once; also the least number of orders when lists are read.
const LINKS: usize = 4_000;
/// How many orders the database alone is given.
const ALONE: usize = 4_000;

/// A bare handler for comparison.
pub(crate) async fn bare(redis: &OwnRedis, results: &mut Results) {
    let server = Bare::of("serve-orders", None);
    let load = load::closed(server.address, CONNECTIONS, LONG, orders("nobody's".to_owned()));
    let report = cpu::of(&server.parts(redis), load).await;
    results.tell(report, results::COMMANDS_CEILING, &CONNECTIONS.to_string());
}

/// An API that creates orders, sends links and reads lists.
pub(crate) async fn of_paylink(
    database: &Database,
    name: &str,
    (postgresql, redis): (&OwnPostgres, &OwnRedis),
    results: &mut Results,
) {
    let paylink = Paylink::start(database, redis, false).await;
    let parts = paylink.parts(postgresql, redis);
    let sends = links_to_send(&paylink).await;
    let sent = cpu::of(&parts, load::all(paylink.address, CONNECTIONS, sends)).await;
    results.tell(sent, &format!("POST …/send on {name}"), &CONNECTIONS.to_string());
    let list = get(&paylink.key, "/v1/orders?limit=100");
    let read = load::closed(paylink.address, CONNECTIONS, LONG, move |_| vec![list.clone(); load::BATCH]);
    results.tell(cpu::of(&parts, read).await, &format!("GET of 100 orders on {name}"), &CONNECTIONS.to_string());
    let made = load::closed(paylink.address, CONNECTIONS, LONG, orders(paylink.key.clone()));
    results.tell(cpu::of(&parts, made).await, &format!("POST /v1/orders on {name}"), &CONNECTIONS.to_string());
}

/// Unpaid links of a merchant who can send them, and the requests to do so.
async fn links_to_send(paylink: &Paylink) -> Vec<Vec<u8>> {
    let carrier = json!({
        "account_sid": "AC00000000000000000000000000000001", "auth_token": "a-token-of-the-bench", "from": "+12025550100",
    });
    paylink.http().put("/v1/sms-integration", &carrier).await.with_status(200);
    let merchant = paylink.merchant.parse().unwrap();
    let tx = paylink.db.begin().await.unwrap();
    credits::top_up(&tx, merchant, 1_000_000, None, Clock::system().now()).await.unwrap();
    tx.commit().await.unwrap();
    let links = make_links(&paylink.db, merchant, LINKS).await;
    links.into_iter().map(|link| post_json(&paylink.key, &format!("/v1/payment-links/{link}/send"), "{}")).collect()
}

/// Orders, each with its own number.
fn orders(key: String) -> impl load::Source {
    move |seed| {
        let order = |number: usize| {
            let order = json!({
                "number": format!("{seed}-{number}"),
                "customer": {"name": "Example Buyer", "phone": "+12025550123"},
                "amount": "129.50",
                "currency": "usd",
            });
            post_json(&key, "/v1/orders", &order.to_string())
        };
        (0..load::BATCH).map(order).collect()
    }
}

fn post_json(key: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn get(key: &str, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n").into_bytes()
}

#[derive(Serialize, Deserialize)]
struct Order {
    number: String,
    customer: Customer,
    amount: String,
    currency: String,
}

#[derive(Serialize, Deserialize)]
struct Customer {
    name: String,
    phone: String,
}

#[handler]
fn answer(order: Json<Order>) -> Json<Order> {
    order
}

/// Serves the bare handler until it is killed; prints its address.
pub(crate) async fn serve() {
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
    println!("{}", acceptor.local_addr()[0].as_socket_addr().unwrap());
    Server::new_with_acceptor(acceptor).run(Route::new().at("/v1/orders", post(answer))).await.unwrap();
}

/// The database alone: an order in a transaction, by as many writers as an API has connections.
pub(crate) async fn alone(database: &Database, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let writers = 10;
    let db = Db::open(&url(database, &folder), u32::try_from(writers).unwrap()).await.unwrap();
    Migrator::up(db.pool(), None).await.unwrap();
    let merchant_id = merchant::insert(db.pool(), new_merchant(), Clock::system().now()).await.unwrap().id;
    let money = Money::parse("129.50", "usd".parse().unwrap()).unwrap();
    let phone = PhoneNumber::parse("+12025550123", Region::parse("US").unwrap()).unwrap();
    let began = Instant::now();
    let write = async |writer: usize| {
        for number in (writer..ALONE).step_by(writers) {
            let order = NewOrder {
                merchant_id,
                number: number.to_string(),
                customer_name: "Example Buyer".to_owned(),
                customer_phone: phone.clone(),
                money,
                details: Details::default(),
                dates: order::Dates::default(),
                kept: order::Kept::default(),
            };
            let tx = db.begin().await.unwrap();
            order::insert(&tx, order, Clock::system().now()).await.unwrap();
            tx.commit().await.unwrap();
        }
    };
    join_all((0..writers).map(write)).await;
    #[expect(clippy::cast_precision_loss, reason = "some thousand")]
    let rate = ALONE as f64 / began.elapsed().as_secs_f64();
    println!("{:<42} {writers:>8} {rate:>9.0}", format!("{name} alone, an order in a transaction"));
}
