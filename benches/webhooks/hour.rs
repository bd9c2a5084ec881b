//! A steady load: a fixed number of payments a second for an hour on a default PostgreSQL, autovacuum on, while links
//! are created, voided and expire, and those of 90 days ago are erased. `cargo bench --bench webhooks -- hour 60`
//! (minutes).
//!
//! Prints a line each minute, and at the end a table of the tables' sizes after a quarter, a half and all of the time.
//! Rows of links, events and outcomes are kept, so those tables grow; the size of a row with its share of free space
//! and indexes must not grow, and neither must tables whose rows are deleted: `job`, `open_link`.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use domain::{LinkId, MerchantId};
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseConnection, FromQueryResult, Statement};
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    cpu::{self, Part},
    events, load,
    load::Report,
    support::{App, Database, OwnPostgres, eventually},
};

/// How many payments are reported per second.
const PAYMENTS: u32 = 500;
/// How many links of 90 days ago are added each second, for the next tick to erase.
const OLD: u32 = 10;
const MINUTE: u32 = 60;
/// How many times a minute links are inserted for the next minute's payments.
const SLICES: u32 = 12;
/// Half of those created through the API are voided, and half expire.
const MADE: u32 = 60;

/// Runs for this many minutes.
pub(crate) async fn run(minutes: u32) {
    let postgresql = OwnPostgres::of_its_own();
    let database = Database::Postgresql { url: postgresql.fresh_database().await };
    let environment = [
        ("PAYLINK_REQUESTS_PER_SECOND", "0"),
        ("PAYLINK_QUOTAS__WEBHOOKS_MIB_PER_DAY", "0"),
        ("PAYLINK_SCHEDULER__PURGE", "30 * * * * *"),
        ("PAYLINK_SCHEDULER__CLEAN", "45 */5 * * * *"),
        ("RUST_LOG", "warn"),
    ];
    let app = App::start_apart_with(database, &environment.map(|(name, value)| (name, value.to_owned()))).await;
    let steady = Steady {
        address: app.hello.url.trim_start_matches("http://").parse().unwrap(),
        merchant: app.hello.merchant_id.parse().unwrap(),
        db: app.database().await,
        parts: vec![
            Part { name: "paylink and redis", process: nix::unistd::Pid::from_raw(app.process_id().cast_signed()) },
            Part { name: "postgresql", process: postgresql.process().unwrap() },
        ],
        app,
    };
    steady.links(0, PAYMENTS * MINUTE).await;
    let mut samples = Vec::new();
    for minute in 0..minutes {
        let report = steady.minute(minute).await;
        let line = report.line(&format!("minute {}", minute + 1), &format!("{PAYMENTS}/s"));
        samples.push(steady.sample().await);
        println!("{line}  MiB {}  waiting {}", megabytes(&samples[samples.len() - 1]), steady.count(WAITING).await);
    }
    eventually("every webhook is applied", async || (steady.count(WAITING).await == 0).then_some(())).await;
    for (what, query) in [
        ("paid", "SELECT count(*) AS n FROM payment_link WHERE state = 'paid' AND purged_at IS NULL"),
        ("voided", "SELECT count(*) AS n FROM payment_link WHERE state = 'voided'"),
        ("expired", "SELECT count(*) AS n FROM payment_link WHERE state = 'expired'"),
        ("erased", "SELECT count(*) AS n FROM payment_link WHERE purged_at IS NOT NULL"),
    ] {
        println!("{what:<10} {:>9}", steady.count(query).await);
    }
    print_tables(&samples);
}

/// The events of the last minutes that wait: those without an outcome.
const WAITING: &str = "SELECT count(*) AS n FROM webhook_event \
    WHERE payload IS NOT NULL AND received_at > now() - interval '3 minutes' \
    AND NOT EXISTS (SELECT 1 FROM webhook_outcome WHERE event_id = webhook_event.id)";

/// The running parts.
struct Steady {
    app: App,
    address: SocketAddr,
    merchant: MerchantId,
    db: DatabaseConnection,
    parts: Vec<Part>,
}

impl Steady {
    /// Runs one minute.
    async fn minute(&self, minute: u32) -> Report {
        let first = minute * PAYMENTS * MINUTE;
        let (merchant, secret) = (&self.app.hello.merchant_id, &self.app.hello.webhook_secret);
        let call =
            |n: u32| events::call_signed_with(secret, merchant, &format!("hour_{n}"), &format!("plink_hour_{n}"));
        let calls = (first..first + PAYMENTS * MINUTE).map(call).collect();
        let paid = cpu::of(&self.parts, load::paced(self.address, PAYMENTS, calls));
        let (report, (), ()) = tokio::join!(paid, self.next_links(minute + 1), self.lives(minute));
        report
    }

    /// Inserts links for the next minute bit by bit, and old ones.
    async fn next_links(&self, minute: u32) {
        let began = Instant::now();
        let each = PAYMENTS * MINUTE / SLICES;
        for slice in 0..SLICES {
            sleep_until(began + Duration::from_secs(u64::from(MINUTE / SLICES * slice))).await;
            self.links(minute * PAYMENTS * MINUTE + slice * each, each).await;
            let old = OLD * MINUTE / SLICES;
            self.puts(("old", minute * OLD * MINUTE + slice * old, old), ("paid", "now() - interval '91 days'")).await;
        }
    }

    /// Creates orders and links through the API, and ends each.
    async fn lives(&self, minute: u32) {
        let merchant = &self.app.merchant();
        let life = async |number: u32| {
            sleep(Duration::from_secs(u64::from(MINUTE) * u64::from(number) / u64::from(MADE))).await;
            let order = merchant.opens_an_order(&format!("hour-{minute}-{number}")).await;
            let link = merchant.makes_a_link(&order).await;
            if number.is_multiple_of(2) {
                merchant.voids(&link).await.with_status(202);
            } else {
                let id = link.id.parse::<LinkId>().unwrap().uuid();
                let over = format!("UPDATE payment_link SET expires_at = now() WHERE id = '{id}'");
                self.db.execute_unprepared(&over).await.unwrap();
            }
        };
        join_all((0..MADE).map(life)).await;
    }

    /// Unpaid links for these payments.
    async fn links(&self, first: u32, how_many: u32) {
        self.puts(("hour", first, how_many), ("unpaid", "clock_timestamp()")).await;
    }

    /// Inserts links, each with an order; their ids sort by this time, as the product's do.
    async fn puts(&self, (kind, first, how_many): (&str, u32, u32), (state, at): (&str, &str)) {
        let last = first + how_many - 1;
        let statement = format!(
            "WITH made AS (
                SELECT {at} AS at, '{kind}-' || n AS number, 'plink_{kind}_' || n AS at_stripe,
                    (lpad(to_hex((extract(epoch FROM {at}) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid AS id
                FROM generate_series({first}, {last}) n
            ), ordered AS (
                INSERT INTO orders (id, merchant_id, number, customer_name, customer_phone, amount, currency, details, tag, created_at,
                    search, number_key)
                SELECT id, '{merchant}', number, 'Example Buyer', '+12025550123', 12950, 'usd', '{{\"items\":[]}}', '{state}', at,
                    number || E' example buyer\\n', number
                FROM made
            )
            INSERT INTO payment_link (id, merchant_id, order_id, state, token_hash, invoice_number, amount, currency, document,
                stripe_link_id, stripe_url, livemode, created_at, expires_at, paid_at)
            SELECT id, '{merchant}', id, '{state}', sha256(number::bytea), number, 12950, 'usd', 'invoice.pdf', at_stripe,
                'https://buy.stripe.com/' || number, false, at, at + interval '30 days', CASE '{state}' WHEN 'paid' THEN at END
            FROM made",
            merchant = self.merchant.uuid(),
        );
        self.db.execute_unprepared(&statement).await.unwrap();
    }

    async fn count(&self, query: &str) -> i64 {
        let row = self.db.query_one_raw(self.asks(query)).await.unwrap().unwrap();
        row.try_get("", "n").unwrap()
    }

    async fn sample(&self) -> Sample {
        let rows = self.db.query_all_raw(self.asks(TABLES)).await.unwrap();
        let tables = rows.iter().map(|row| Table::from_query_result(row, "").unwrap());
        tables.map(|table| (table.name.clone(), table)).collect()
    }

    fn asks(&self, query: &str) -> Statement {
        Statement::from_string(self.db.get_database_backend(), query)
    }
}

/// The size of each table, its maintenance, and its number of rows.
const TABLES: &str = "SELECT s.relname::text AS name, pg_table_size(relid) AS heap, pg_indexes_size(relid) AS indexes,
        greatest(c.reltuples::bigint, n_live_tup) AS rows, n_dead_tup AS dead, n_tup_upd AS updated, n_tup_hot_upd AS hot,
        autovacuum_count AS vacuums
    FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = relid
    WHERE n_tup_ins + n_tup_upd > 1000 ORDER BY pg_total_relation_size(relid) DESC";

#[derive(Debug, FromQueryResult)]
struct Table {
    name: String,
    heap: i64,
    indexes: i64,
    rows: i64,
    dead: i64,
    updated: i64,
    hot: i64,
    vacuums: i64,
}

/// The tables at one moment.
type Sample = BTreeMap<String, Table>;

const MIB: i64 = 1024 * 1024;

fn megabytes(sample: &Sample) -> String {
    let told = ["job", "open_link", "link_intent", "payment_link", "webhook_event"];
    let all: i64 = sample.values().map(|table| table.heap + table.indexes).sum();
    let each = told.iter().filter_map(|name| sample.get(*name)).map(|table| {
        let size = (table.heap + table.indexes) / MIB;
        format!("{} {size}", table.name)
    });
    format!("{}, all {}", each.collect::<Vec<_>>().join(", "), all / MIB)
}

/// Each table after a quarter, a half and all of the time.
fn print_tables(samples: &[Sample]) {
    let times = [samples.len().div_ceil(4), samples.len().div_ceil(2), samples.len()];
    println!(
        "{:<18} {:>6} {:>10} {:>8} {:>11} {:>9} {:>8} {:>6} {:>8}",
        "table", "minute", "rows", "MiB", "indexes MiB", "bytes/row", "dead %", "HOT %", "vacuums"
    );
    let Some(last) = samples.last() else { return };
    for name in last.keys() {
        for time in times {
            let Some(table) = time.checked_sub(1).and_then(|at| samples.get(at)?.get(name)) else { continue };
            println!(
                "{name:<18} {time:>6} {:>10} {:>8} {:>11} {:>9} {:>8} {:>6} {:>8}",
                table.rows,
                table.heap / MIB,
                table.indexes / MIB,
                (table.heap + table.indexes) / table.rows.max(1),
                100 * table.dead / (table.rows + table.dead).max(1),
                100 * table.hot / table.updated.max(1),
                table.vacuums,
            );
        }
    }
}
