//! How both databases find rare rows among many: through an index, according to their own plans.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta};
use domain::{Currency, LinkState, PhoneNumber, Zone, message::MessageStatus};
use entity::{
    Merchant, buyer,
    conversation::{self, ConversationSearch, Openness},
    link::{self, LinkSearch},
    list::{PaidPeriod, Period, Place},
    merchant,
    message::{self, MessageSearch},
    order::{self, OrderSearch, Tag},
    reminder,
    webhook_event::{self, EventState, WebhookEventSearch},
};
use queue::admin::JobFilter;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use super::{Rows, now, on_both_databases};

/// More than a page, and more than are looked through first.
const MANY: usize = 4_000;

/// So many rows may be read in vain: those that are looked through first.
const FEW: usize = 1_100;

/// The tables that are not to be read from end to end.
const LARGE: [&str; 7] =
    ["orders", "payment_link", "webhook_event", "webhook_outcome", "message", "conversation", "job"];

/// Years of a merchant: links that wait for their money, events that were applied, and what was said.
const YEARS: [&str; 7] = [
    "INSERT INTO orders (id, merchant_id, number, customer_name, customer_phone, amount, currency, details, tag, created_at)
        SELECT {id}, {merchant}, n, 'Example Buyer', '+1202555' || n, 12950, 'usd', '{}', 'unpaid', {now} FROM {series}",
    "INSERT INTO payment_link (id, merchant_id, order_id, state, token_hash, invoice_number, amount, currency, document,
        stripe_link_id, stripe_url, livemode, created_at, expires_at)
        SELECT {id}, merchant_id, id, 'unpaid', {hash}, number, 12950, 'usd', 'a.pdf',
            'plink_' || number, 'https://buy.stripe.com/1', {false}, created_at, created_at FROM orders",
    "INSERT INTO webhook_event (id, merchant_id, source, external_id, kind, state, received_at)
        SELECT {id}, {merchant}, 'stripe', 'evt_' || n, 'charge.succeeded', 'received', {now} FROM {series}",
    "INSERT INTO webhook_outcome (event_id, merchant_id, state, applied_at)
        SELECT id, merchant_id, 'applied', received_at FROM webhook_event",
    "INSERT INTO conversation (id, merchant_id, phone, phone_hash, created_at, last_message_at)
        SELECT {id}, {merchant}, '+1202' || (5550000 + n), {hash}, {now}, {now} FROM {series}",
    "INSERT INTO message (id, merchant_id, conversation_id, direction, segments, credits, status, created_at)
        SELECT {id}, merchant_id, id, 'outgoing', 1, 1, 'delivered', created_at FROM conversation",
    "INSERT INTO job (id, kind, payload, state, run_at, created_at, finished_at)
        SELECT {id}, 'send_sms', '{}', 'done', {now}, {now}, {now} FROM {series}",
];

async fn have_passed(rows: &Rows) {
    let on_postgresql = matches!(rows.db.pool().get_database_backend(), DbBackend::Postgres);
    let merchant = rows.merchant.uuid();
    let series =
        format!("WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {MANY}) SELECT n FROM s");
    let words = if on_postgresql {
        [
            ("{id}", "gen_random_uuid()".to_owned()),
            ("{hash}", "sha256(gen_random_uuid()::text::bytea)".to_owned()),
            ("{merchant}", format!("'{merchant}'::uuid")),
            ("{series}", format!("generate_series(1, {MANY}) AS n")),
            ("{now}", "now()".to_owned()),
            ("{false}", "false".to_owned()),
        ]
    } else {
        [
            ("{id}", "randomblob(16)".to_owned()),
            ("{hash}", "randomblob(32)".to_owned()),
            ("{merchant}", format!("X'{}'", merchant.simple())),
            ("{series}", format!("({series})")),
            ("{now}", "'2026-01-01T00:00:00+00:00'".to_owned()),
            ("{false}", "0".to_owned()),
        ]
    };
    for statement in YEARS {
        let sql = words.iter().fold(statement.to_owned(), |sql, (word, is)| sql.replace(word, is));
        rows.db.pool().execute_unprepared(&sql).await.unwrap();
    }
    rows.db.pool().execute_unprepared("ANALYZE").await.unwrap();
}

/// A connection that keeps what it was asked.
struct Recorder<'a> {
    db: &'a DatabaseConnection,
    asked: Mutex<Vec<Statement>>,
}

impl<'a> Recorder<'a> {
    fn of(db: &'a DatabaseConnection) -> Self {
        Self { db, asked: Mutex::default() }
    }

    fn keeps(&self, statement: &Statement) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(statement.clone());
    }

    /// What was asked since the last time was read by this index, and little was read in vain.
    async fn was_by(&self, index: &str) {
        self.of_that_was_by("", index).await;
    }

    /// The same of what was asked of this table alone.
    async fn of_that_was_by(&self, table: &str, index: &str) {
        let mut asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.retain(|statement| statement.sql.contains(table));
        let mut plans = String::new();
        for statement in asked {
            let plan = self.plan(statement.clone()).await;
            assert!(reads(&plan) <= FEW, "{index}: much is read in vain by {statement}\n{plan}");
            plans.push_str(&plan);
        }
        assert!(plans.contains(index), "{index} is not read by\n{plans}");
    }

    async fn plan(&self, mut statement: Statement) -> String {
        let (explain, column) = match self.db.get_database_backend() {
            DbBackend::Sqlite => ("EXPLAIN QUERY PLAN ", "detail"),
            _ => ("EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF) ", "QUERY PLAN"),
        };
        statement.sql.insert_str(0, explain);
        let steps = self.db.query_all_raw(statement).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|step| step.try_get("", column).unwrap()).collect();
        steps.join("\n") + "\n"
    }
}

/// How many rows a step of a plan reads, of which nothing is found. `SQLite` says no more than whether it reads a table
/// from end to end.
fn reads(plan: &str) -> usize {
    // What is looked through in part has its table's name, and is a routine beside the rest.
    let is_read = |table: &str| {
        let is_said = |step: &str| plan.lines().any(|line| line.trim() == format!("{step} {table}"));
        is_said("SCAN") && !is_said("CO-ROUTINE")
    };
    if LARGE.iter().any(|table| is_read(table)) {
        return usize::MAX;
    }
    let number =
        |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().and_then(|text| text.parse::<usize>().ok());
    let told = |line: &str, of: &str| line.split_once(of).and_then(|(_, rest)| number(rest));
    let read = |line: &str| told(line, "actual rows=").map(|rows| rows * told(line, " loops=").unwrap_or(1));
    let removed = |line: &str| line.split_once("Rows Removed by ").and_then(|(_, rest)| told(rest, ": "));
    plan.lines().flat_map(|line| [read(line), removed(line)]).flatten().max().unwrap_or_default()
}

#[async_trait::async_trait]
impl ConnectionTrait for Recorder<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.keeps(&statement);
        self.db.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.db.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.keeps(&statement);
        self.db.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.keeps(&statement);
        self.db.query_all_raw(statement).await
    }
}

on_both_databases! {
    async fn what_is_rare_is_read_by_an_index_of_it(rows) {
        have_passed(&rows).await;
        let asked = Recorder::of(rows.db.pool());
        let on_postgresql = matches!(asked.get_database_backend(), DbBackend::Postgres);
        let orders = OrderSearch {
            tag: Some(Tag::None), place: Place { limit: 51, ..Place::default() }, ..OrderSearch::default()
        };
        assert!(order::search(&asked, rows.merchant, orders).await.unwrap().rows.is_empty());
        asked.was_by("unasked_order").await;

        let links = LinkSearch {
            tag: Some(Tag::None), place: Place { limit: 51, ..Place::default() }, ..LinkSearch::default()
        };
        assert!(link::search(&asked, rows.merchant, links).await.unwrap().rows.is_empty());
        asked.was_by("unasked_order").await;

        let unpaid = OrderSearch {
            tag: Some(Tag::Unpaid), place: Place { limit: 51, ..Place::default() }, ..OrderSearch::default()
        };
        assert_eq!(order::search(&asked, rows.merchant, unpaid).await.unwrap().rows.len(), 51);
        asked.was_by("unpaid_order").await;

        let overdue = OrderSearch {
            tag: Some(Tag::Unpaid), due_before: Some(now().date_naive()),
            place: Place { limit: 51, ..Place::default() }, ..OrderSearch::default()
        };
        assert!(order::search(&asked, rows.merchant, overdue).await.unwrap().rows.is_empty());
        // The first are looked through as the planner likes: of so few orders all are as quick as a thousand.
        asked.of_that_was_by("\"unpaid_order\".\"due_date\" <", "unpaid_order_due").await;

        let text = Some("+1 202 555-1000".to_owned());
        let whole_number = OrderSearch {
            text, place: Place { limit: 51, ..Place::default() }, ..OrderSearch::default()
        };
        assert_eq!(order::search(&asked, rows.merchant, whole_number).await.unwrap().rows.len(), 1);
        asked.was_by("orders_of_buyer").await;

        let place = Place { limit: 51, ..Place::default() };
        let voided = LinkSearch { states: vec![LinkState::Voided], place, ..LinkSearch::default() };
        assert!(link::search(&asked, rows.merchant, voided).await.unwrap().rows.is_empty());
        asked.was_by("closed_link").await;

        let open = |state| LinkSearch { states: vec![state], place, ..LinkSearch::default() };
        assert_eq!(link::search(&asked, rows.merchant, open(LinkState::Unpaid)).await.unwrap().rows.len(), 51);
        asked.was_by("open_link_of_merchant").await;
        assert!(link::search(&asked, rows.merchant, open(LinkState::Processing)).await.unwrap().rows.is_empty());
        asked.was_by("closed_link").await;
        let place = Place { limit: 51, ..Place::default() };
        let open = |state| OrderSearch { statuses: vec![state], place, ..OrderSearch::default() };
        assert_eq!(order::search(&asked, rows.merchant, open(LinkState::Unpaid)).await.unwrap().rows.len(), 51);
        asked.was_by("open_link_by_order").await;
        assert!(order::search(&asked, rows.merchant, open(LinkState::Processing)).await.unwrap().rows.is_empty());
        asked.was_by("closed_link").await;

        let place = Place { limit: 51, ..Place::default() };
        let in_euros = LinkSearch { currency: Some(Currency::parse("eur").unwrap()), place, ..LinkSearch::default() };
        assert!(link::search(&asked, rows.merchant, in_euros).await.unwrap().rows.is_empty());
        asked.was_by("payment_link_by_currency").await;

        let owner = Merchant { reminders: true, ..merchant::get(asked.db, rows.merchant).await.unwrap() };
        let [schedule] = reminder::schedules(asked.db, &owner).await.unwrap()[..] else { panic!("one for all links") };
        assert!(reminder::candidates(&asked, schedule, now() - TimeDelta::days(9), None, 51).await.unwrap().is_empty());
        // Of these links all are open; PostgreSQL's plan among others is asserted where most are not.
        if !on_postgresql {
            asked.was_by("open_link_of_merchant").await;
        }

        let phone = PhoneNumber::from_e164("+12025550123").unwrap();
        assert!(buyer::orders_of(&asked, rows.merchant, &phone, 20).await.unwrap().is_empty());
        asked.was_by("orders_of_buyer").await;

        let search = WebhookEventSearch { limit: 51, ..WebhookEventSearch::default() };
        let never = WebhookEventSearch { kind: Some("charge.refunded".to_owned()), ..search.clone() };
        assert!(webhook_event::search(&asked, rows.merchant, &never).await.unwrap().rows.is_empty());
        asked.was_by("webhook_event_of_kind").await;
        let ignored = WebhookEventSearch { state: Some(EventState::Ignored), ..search.clone() };
        assert!(webhook_event::search(&asked, rows.merchant, &ignored).await.unwrap().rows.is_empty());
        asked.was_by("webhook_event_ignored").await;
        let received = WebhookEventSearch { state: Some(EventState::Received), ..search };
        assert!(queue::admin::waiting_events(&asked, rows.merchant, &received).await.unwrap().rows.is_empty());
        // The newest events are read as the planner likes: of so few all are as quick as a quarter.
        asked.of_that_was_by("FROM \"job\"", "job_").await;

        // For these SQLite takes whichever index of the merchant it likes.
        let by = async |index| if on_postgresql { asked.was_by(index).await };
        let closed = ConversationSearch { openness: Some(Openness::Closed), limit: 51, ..ConversationSearch::default() };
        assert!(conversation::list(&asked, rows.merchant, &closed).await.unwrap().rows.is_empty());
        by("conversation_closed").await;
        let like = |text: &str| ConversationSearch { text: Some(text.to_owned()), limit: 51, ..ConversationSearch::default() };
        assert!(conversation::list(&asked, rows.merchant, &like("Nobody")).await.unwrap().rows.is_empty());
        asked.asked.lock().unwrap().clear();
        assert_eq!(conversation::list(&asked, rows.merchant, &like("+1 202 555-1000")).await.unwrap().rows.len(), 1);
        asked.was_by("conversation_by_phone").await;
        let jobs = JobFilter { merchant: Some(rows.merchant), limit: 51, ..JobFilter::default() };
        assert!(queue::admin::list(&asked, &jobs).await.unwrap().rows.is_empty());
        by("job_finished_of_merchant").await;
        let cancelled = MessageSearch {
            statuses: vec![MessageStatus::Cancelled],
            place: Place { limit: 51, ..Place::default() },
            ..MessageSearch::default()
        };
        assert!(message::search(&asked, rows.merchant, cancelled).await.unwrap().rows.is_empty());
        by("message_of_rare_status").await;
        let at = Period { from: Some(now() - TimeDelta::days(2)), to: Some(now() - TimeDelta::days(1)) };
        let place = Place { limit: 51, ..Place::default() };
        let paid = LinkSearch { paid: PaidPeriod::new(at, &Zone::UTC), place, ..LinkSearch::default() };
        assert!(link::search(&asked, rows.merchant, paid).await.unwrap().rows.is_empty());
        if on_postgresql {
            asked.of_that_was_by("\"elsewhere_on\" >=", "payment_link_elsewhere").await;
        }
    }
}

on_both_databases! {
    async fn old_events_are_deleted_by_the_index_of_their_merchant(rows) {
        have_passed(&rows).await;
        let asked = Recorder::of(rows.db.pool());
        let end = DateTime::from_timestamp_millis((1 << 48) - 1).unwrap();
        assert_eq!(webhook_event::forget_before(&asked, rows.merchant, end, 10).await.unwrap(), 10);
        let on_postgresql = matches!(asked.get_database_backend(), DbBackend::Postgres);
        let event = if on_postgresql { "webhook_event_pkey" } else { "webhook_event" };
        asked.of_that_was_by("DELETE FROM \"webhook_event\"", event).await;
    }
}
