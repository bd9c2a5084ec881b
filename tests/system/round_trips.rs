//! The number of statements of a call on PostgreSQL, where each is a round trip. The numbers here may decrease; a
//! change that increases one needs a reason.

use std::cell::Cell;

use crate::support::{App, Database, Invoice, OwnPostgres, eventually};

/// How often each is called: what else happens in the process at the same time is not part of all of them.
const TIMES: usize = 6;

/// The statements of the call that had the fewest. Of a command they are those of its transaction, which is found by
/// what it writes: who asks, and whether there is room, is asked before.
async fn fewest(server: &OwnPostgres, written: Option<&str>, mut call: impl AsyncFnMut()) -> Vec<String> {
    let mut fewest: Option<Vec<String>> = None;
    for _ in 0..TIMES {
        let begin = is_quiet(server).await;
        call().await;
        let mut statements = server.statements().split_off(begin);
        if let Some(written) = written {
            let writes = statements.iter().position(|(_, sql)| sql.contains(written)).expect("it writes");
            let process = statements[writes].0.clone();
            let is_its = |at: &usize, word: &str| statements[*at].0 == process && statements[*at].1.starts_with(word);
            let begun = (0..writes).rev().find(|at| is_its(at, "BEGIN")).expect("it begins");
            let ended = (writes..statements.len()).find(|at| is_its(at, "COMMIT")).expect("it commits");
            statements = statements.drain(begun..=ended).filter(|(of, _)| *of == process).collect();
        }
        if fewest.as_ref().is_none_or(|fewest| statements.len() < fewest.len()) {
            fewest = Some(statements.into_iter().map(|(_, sql)| sql).collect());
        }
    }
    fewest.unwrap()
}

/// Waits until what follows from the call before is done: how many statements there were.
async fn is_quiet(server: &OwnPostgres) -> usize {
    let before = Cell::new(0);
    eventually("nothing is asked of the database", async || {
        let now = server.statements().len();
        (before.replace(now) == now).then_some(now)
    })
    .await
}

#[tokio::test]
async fn a_call_costs_the_database_no_more_round_trips_than_it_did() {
    let server = OwnPostgres::of_its_own();
    let url = server.fresh_database().await;
    server.logs_statements_of(&url).await;
    let app = App::start(Database::Postgresql { url }).await;
    let merchant = app.merchant();
    let number = Cell::new(0);
    let next = || format!("R-{}", number.replace(number.get() + 1));

    let order = fewest(&server, Some("INTO orders "), async || drop(merchant.opens_an_order(&next()).await)).await;
    let mut orders = Vec::new();
    for _ in 0..TIMES {
        orders.push(merchant.opens_an_order(&next()).await);
    }
    let asked = Invoice { number: None, ..Invoice::default() };
    let link = fewest(&server, Some("INTO payment_link "), async || {
        merchant.asks_for_a_link(&orders.pop().unwrap(), &asked).await.with_status(202);
    })
    .await;
    let seen = merchant.opens_an_order(&next()).await;
    let made = merchant.makes_a_link(&seen).await;
    let send = fewest(&server, Some("INTO message "), async || drop(merchant.sends_again(&made).await)).await;
    let of =
        async |path: &str| fewest(&server, None, async || drop(merchant.http.get(path).await.with_status(200))).await;
    let page = of("/v1/orders?limit=100").await;
    let one = of(&format!("/v1/orders/{}", seen.id)).await;

    let counted = [
        ("POST /v1/orders", 5, order.len(), &order),
        ("POST /v1/orders/{id}/payment-links", 12, link.len(), &link),
        ("POST /v1/payment-links/{id}/send", 14, send.len(), &send),
        // A page that is not full asks whether all was looked through.
        ("GET /v1/orders", 6, page.len(), &page),
        ("GET /v1/orders/{id}", 11, one.len(), &one),
    ];
    for (call, _, count, statements) in &counted {
        println!("{call}: {count}\n{}\n", statements.join("\n"));
    }
    for (call, most, count, statements) in counted {
        assert!(count <= most, "{call} costs {count} round trips and not {most}:\n{}", statements.join("\n"));
    }
}
