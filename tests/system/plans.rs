//! How PostgreSQL reads its tables on the first day: while they grow, and before they were ever analysed.
//!
//! Tests check plans and not times: each plan of a statement about a group, as logged by the server's own
//! `auto_explain`.

use std::ops::Range;

use chrono::{TimeDelta, Utc};
use futures_util::{StreamExt, stream};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::Value;

use crate::support::{App, Database, OwnPostgres, StripeEvent, eventually};

/// How many links there are, and in the end how many events.
const LINKS: usize = 20_000;

/// How many come while the tables are all but empty; how often after that the tables grow, and how many come then.
const FIRST: usize = 10;
const ROUNDS: usize = 10;
const AT_A_TIME: usize = 200;

/// How many came in each round before them, as rows that were not written by the product.
const BEFORE: usize = LINKS / ROUNDS - AT_A_TIME;

/// The tables that grow with every webhook.
const TABLES: [&str; 8] =
    ["job", "webhook_event", "payment_link", "open_link", "link_intent", "orders", "change_set", "link_sum_change"];

/// The group statements. What is done with rows of jobs is among the plans only if an event has waited for long.
const STATEMENTS: [&str; 9] = [
    "INSERT INTO webhook_event",
    "SELECT id, webhook_event.merchant_id, source, received_at, traceparent FROM v",
    "SELECT job.id, job.kind, job.dedup_key",
    "SELECT id, merchant_id, kind, payload, received_at FROM v",
    "SELECT payment_link.id, payment_link.merchant_id, payment_link.order_id",
    "INSERT INTO webhook_outcome",
    "UPDATE payment_link SET",
    "SELECT change_set.*",
    "UPDATE change_set SET last_seq",
];

/// The triggers of links: the second writes a row of `link_intent`.
const FOLLOWING: [&str; 2] = ["DELETE FROM open_link", "VALUES (NEW.merchant_id, NEW.stripe_payment_intent, NEW.id)"];

/// Links of the demo's merchant, from one number to before another, that Stripe calls `plink_…`.
const UNPAID_LINKS: &str = "
WITH made AS (
    INSERT INTO orders (id, merchant_id, number, customer_name, amount, currency, details, tag, created_at, search)
    SELECT gen_random_uuid(), '{merchant}', n, 'Example Buyer', 12950, 'usd', '{}', 'unpaid', now(), n
    FROM generate_series({from}, {to} - 1) n RETURNING id, number
)
INSERT INTO payment_link (id, merchant_id, order_id, state, token_hash, invoice_number, amount, currency, document,
    stripe_link_id, stripe_url, livemode, created_at, expires_at)
SELECT gen_random_uuid(), '{merchant}', id, 'unpaid', sha256(number::bytea), number, 12950, 'usd', 'a.pdf',
    'plink_' || number, 'https://buy.stripe.com/' || number, false, now(), now() + interval '30 days'
FROM made";

/// Events that were applied, and what their jobs have left behind.
const EVENTS: &str = "
WITH event AS (
    INSERT INTO webhook_event (id, merchant_id, source, external_id, kind, payload, state, received_at)
    SELECT gen_random_uuid(), '{merchant}', 'stripe', 'evt_{round}_' || n, 'checkout.session.completed', repeat('x', 500),
        'received', now()
    FROM generate_series(1, {count}) n RETURNING id, merchant_id
)
INSERT INTO webhook_outcome (event_id, merchant_id, state, applied_at) SELECT id, merchant_id, 'applied', now() FROM event;
INSERT INTO job (id, kind, merchant_id, payload, state, run_at, created_at, finished_at)
SELECT gen_random_uuid(), 'process_stripe_event', '{merchant}', 'of before', 'done', now(), now(), now()
FROM generate_series(1, {count});
DELETE FROM job WHERE payload = 'of before'";

#[tokio::test]
async fn on_a_database_that_was_never_analysed_each_row_of_a_group_is_looked_up() {
    let server = OwnPostgres::of_its_own();
    let url = server.fresh_database().await;
    server.logs_plans_of(&url).await;
    let app = App::start(Database::Postgresql { url }).await;
    let rows = app.database().await;

    rows.execute_unprepared(&unpaid_links(&app, 0, FIRST)).await.unwrap();
    are_paid(&app, &rows, 0..FIRST).await;
    rows.execute_unprepared(&unpaid_links(&app, FIRST, LINKS)).await.unwrap();
    for round in 0..ROUNDS {
        rows.execute_unprepared(&events(&app, round)).await.unwrap();
        // One after the other, so that on a page of links all are written anew, as they are where all are paid.
        let from = FIRST + round * AT_A_TIME;
        are_paid(&app, &rows, from..from + AT_A_TIME).await;
    }

    let plans = server.plans();
    // Of a group, of a group of one, and of what follows from either.
    let words = ["unnest(", "AS MATERIALIZED"].into_iter().chain(FOLLOWING).collect::<Vec<_>>();
    // A job that is done by itself is finished outside of groups; of those there are few, and they may be read as the
    // planner likes.
    let is_of_group =
        |plan: &&str| words.iter().any(|word| plan.contains(word)) && !plan.contains("UPDATE job SET state");
    let of_groups: Vec<&str> = plans.iter().map(String::as_str).filter(is_of_group).collect();
    for statement in STATEMENTS.into_iter().chain(FOLLOWING) {
        assert!(of_groups.iter().any(|plan| plan.contains(statement)), "no plan was logged of {statement}");
    }
    let walks = of_groups.iter().filter_map(|plan| walk(plan).map(|step| format!("{step}\n{plan}")));
    assert_eq!(walks.collect::<Vec<_>>().first(), None, "a table is read from end to end");

    let [updated, on_their_pages] = eventually("the server has counted", async || {
        let counted = updates_of_links(&rows).await;
        (counted[0] >= i64::try_from(FIRST + ROUNDS * AT_A_TIME).unwrap()).then_some(counted)
    })
    .await;
    assert!(on_their_pages * 10 > updated * 6, "{on_their_pages} of {updated} updates of links touched no index");
}

/// The rare rows, and those among which they are searched for.
const RARE: [&str; 19] = [
    "/v1/payment-links?currency=eur",
    "/v1/payment-links?status=voided",
    "/v1/payment-links?status=failed",
    "/v1/payment-links?status=processing",
    "/v1/payment-links?review=amount_mismatch",
    "/v1/payment-links?disputed=open,lost",
    "/v1/orders?status=failed",
    "/v1/orders?status=processing",
    "/v1/orders?review=amount_mismatch",
    "/v1/orders?archived=true",
    "/v1/messages?status=failed",
    "/v1/messages?status=cancelled",
    "/v1/payment-links?tag=none",
    "/v1/webhook-events?state=failed",
    "/v1/webhook-events?state=ignored",
    "/v1/webhook-events?state=received",
    "/v1/webhook-events?type=never.heard.of",
    "/v1/conversations?status=closed",
    "/v1/audit-log?actor=nobody",
];

/// A shop of years: links that are paid, with events that were applied, an audit log and jobs that are done.
const OF_YEARS: [&str; 6] = [
    "UPDATE payment_link SET state = 'paid', paid_at = now() WHERE invoice_number::int > 50",
    "INSERT INTO webhook_event (id, merchant_id, source, external_id, kind, state, received_at)
        SELECT gen_random_uuid(), merchant_id, 'stripe', stripe_link_id, 'x', 'received', now() FROM payment_link;
    INSERT INTO webhook_outcome (event_id, merchant_id, state, applied_at)
        SELECT id, merchant_id, 'applied', now() FROM webhook_event",
    "INSERT INTO audit_entry (id, merchant_id, actor, action, subject, at)
        SELECT gen_random_uuid(), merchant_id, 'somebody', 'link.create', id::text, now() FROM payment_link",
    "INSERT INTO job (id, kind, merchant_id, payload, state, run_at, created_at, finished_at)
        SELECT gen_random_uuid(), 'send_sms', merchant_id, '{}', 'done', now(), now(), now() FROM payment_link",
    "INSERT INTO conversation (id, merchant_id, phone_hash, created_at, last_message_at)
        SELECT gen_random_uuid(), merchant_id, sha256('x'::bytea), now(), now() FROM payment_link LIMIT 1;
    INSERT INTO message (id, merchant_id, conversation_id, direction, segments, credits, status, created_at, purged_at)
        SELECT gen_random_uuid(), payment_link.merchant_id, conversation.id, 'incoming', 1, 0, 'received', now(), now()
        FROM payment_link, conversation WHERE phone_hash = sha256('x'::bytea)",
    "ANALYZE",
];

#[tokio::test]
async fn what_is_rare_is_found_without_reading_what_is_not() {
    const FEW: usize = 1_000;
    let server = OwnPostgres::of_its_own();
    let url = server.fresh_database().await;
    server.logs_plans_of(&url).await;
    let app = App::start(Database::Postgresql { url }).await;
    let rows = app.database().await;
    rows.execute_unprepared(&unpaid_links(&app, 0, LINKS)).await.unwrap();
    for statement in OF_YEARS {
        rows.execute_unprepared(statement).await.unwrap();
    }
    let before = server.plans().len();
    for path in RARE {
        let found = app.merchant().http.get(path).await.with_status(200).json();
        assert_eq!(found["items"], serde_json::json!([]), "{path}");
    }
    let link = "SELECT 'link_' || replace(id::text, '-', '') AS id FROM payment_link LIMIT 1";
    let link = Statement::from_string(rows.get_database_backend(), link);
    let link: String = rows.query_one_raw(link).await.unwrap().unwrap().try_get("", "id").unwrap();
    app.operator().0.get(&format!("/v1/admin/why?about={link}")).await.with_status(200);
    let plans = server.plans().split_off(before);
    let listed = |table: &str| plans.iter().any(|plan| plan.contains(&format!("FROM \"{table}\"")));
    for table in ["payment_link", "orders", "message", "webhook_event", "audit_entry", "job"] {
        assert!(listed(table), "no plan was logged of {table}");
    }
    let wasteful = plans.iter().find(|plan| !sums(plan) && removed(plan) > FEW);
    assert_eq!(wasteful, None, "rows are read and thrown away");

    // Stripe's sandbox knows none of the links, and is not to be asked.
    rows.execute_unprepared("UPDATE payment_link SET state = 'paid', paid_at = now() WHERE state = 'unpaid'")
        .await
        .unwrap();
    // Buyers are reminded of open links, of which there are none.
    rows.execute_unprepared("UPDATE merchant SET reminders = true").await.unwrap();
    rows.execute_unprepared("ANALYZE").await.unwrap();
    let before = server.plans().len();
    app.passes(Utc::now() + TimeDelta::days(2));
    let ticks = server.plans().split_off(before);
    for statement in [
        "UPDATE \"message\" SET \"body\"",
        "UPDATE \"audit_entry\" SET",
        "UPDATE \"webhook_event\" SET",
        "\"payment_link\".\"reminders_stopped_at\" IS NULL",
    ] {
        assert!(ticks.iter().any(|plan| plan.contains(statement)), "no plan was logged of {statement}");
    }
    assert_eq!(
        ticks.iter().find(|plan| !sums(plan) && removed(plan) > FEW),
        None,
        "a tick reads rows and throws them away"
    );
}

/// Whether this adds changes to sums. Of the two halves of a change, what it was and what it is, some are empty.
fn sums(plan: &str) -> bool {
    plan.contains("INSERT INTO link_sum ")
}

/// The most rows that a step of a plan has read in vain.
fn removed(plan: &str) -> usize {
    let lines = plan.lines().filter_map(|line| line.trim().strip_prefix("Rows Removed by "));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).max().unwrap_or_default()
}

/// How often links were updated, and how often on their pages, so that no index had to be written.
async fn updates_of_links(rows: &DatabaseConnection) -> [i64; 2] {
    let counted = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'payment_link'";
    let row = rows.query_one_raw(Statement::from_string(rows.get_database_backend(), counted)).await.unwrap().unwrap();
    ["n_tup_upd", "n_tup_hot_upd"].map(|column| row.try_get("", column).unwrap())
}

/// The changes without a number. They are few, and are read to be numbered: the planner may take all for one
/// merchant's.
const UNNUMBERED: &str = " using change_set_unnumbered ";

/// The step of a plan by which a table, or an index of it, is read from end to end.
fn walk(plan: &str) -> Option<&str> {
    let mut lines = plan.lines().map(str::trim).peekable();
    while let Some(step) = lines.next() {
        let of_table = TABLES.iter().any(|table| step.contains(&format!(" on {table} ")));
        let looks_up =
            lines.peek().is_some_and(|next| next.starts_with("Index Cond") || next.starts_with("Recheck Cond"));
        if of_table && step.contains("Scan") && !looks_up && !step.contains(UNNUMBERED) {
            return Some(step);
        }
    }
    None
}

fn unpaid_links(app: &App, from: usize, to: usize) -> String {
    let range = UNPAID_LINKS.replace("{from}", &from.to_string()).replace("{to}", &to.to_string());
    of_merchant(app, &range)
}

fn events(app: &App, round: usize) -> String {
    let events = EVENTS.replace("{round}", &round.to_string()).replace("{count}", &BEFORE.to_string());
    of_merchant(app, &events)
}

fn of_merchant(app: &App, statement: &str) -> String {
    statement.replace("{merchant}", app.hello.merchant_id.trim_start_matches("mer_"))
}

fn payment(number: usize) -> StripeEvent {
    StripeEvent::about_session("checkout.session.completed", "", &format!("cs_{number}"), "paid")
        .with("payment_link", format!("plink_{number}").into())
        .with("metadata", Value::Null)
}

/// Stripe tells that these links are paid, and they are.
async fn are_paid(app: &App, rows: &DatabaseConnection, numbers: Range<usize>) {
    let to = numbers.end;
    stream::iter(numbers)
        .for_each_concurrent(64, async |number| {
            app.is_told(&payment(number)).await.with_status(200);
        })
        .await;
    eventually("all are paid", async || (paid(rows).await == to).then_some(())).await;
}

async fn paid(rows: &DatabaseConnection) -> usize {
    let count = "SELECT count(*) AS n FROM payment_link WHERE state = 'paid'";
    let row = rows.query_one_raw(Statement::from_string(rows.get_database_backend(), count)).await.unwrap().unwrap();
    usize::try_from(row.try_get::<i64>("", "n").unwrap()).unwrap()
}

#[test]
fn a_plan_that_walks_is_told_from_one_that_looks_up() {
    let plan = |steps: &str| format!("WITH v (a) …\nUpdate on job  (cost=1)\n  ->  Nested Loop\n{steps}");
    let looks_up =
        plan("        ->  Index Scan using job_pkey on job  (cost=1)\n              Index Cond: (id = u.job_id)");
    assert_eq!(walk(&looks_up), None);
    assert_eq!(
        removed(&plan("  ->  Seq Scan on job\n        Filter: (x)\n        Rows Removed by Filter: 1234")),
        1234
    );
    for walks in ["->  Seq Scan on job  (cost=1)", "->  Index Scan using job_queued on job  (cost=1)\n   Filter: (x)"] {
        assert!(walk(&plan(walks)).is_some(), "{walks}");
    }
}
