//! A PostgreSQL that counts the rows that statements read, by its own plans, as logged by `auto_explain`.

use super::{
    postgres::{PostgresServer, name_of},
    template,
};

/// The steps of plans that read rows of tables. A list of an index's entries is none.
const STEPS: [&str; 4] = ["Seq Scan on", "Index Scan", "Index Only Scan", "Bitmap Heap Scan"];

/// See the [module](self).
pub(crate) struct CountingPostgres {
    server: PostgresServer,
}

impl CountingPostgres {
    pub(crate) fn start() -> Self {
        Self { server: PostgresServer::of_its_own() }
    }

    /// The URL of a fresh database with the current schema, of which statements are planned as those of large ones are:
    /// small tables would be read from end to end although there is an index.
    pub(crate) async fn database(&self) -> String {
        let url = self.server.fresh_database().await;
        template::migrate(&url).await;
        self.server.runs(&format!("ALTER DATABASE {} SET enable_seqscan = off", name_of(&url))).await;
        self.server.logs_plans_of(&url).await;
        url
    }

    /// How many rows are read by what this does, if nothing else is done meanwhile.
    pub(crate) async fn rows_for(&self, does: impl Future<Output = ()>) -> u64 {
        let before = self.server.length_of_log();
        does.await;
        let plans = self.server.plans_after(before);
        assert!(!plans.is_empty(), "no plan was logged");
        plans.iter().map(|plan| rows_read(plan)).sum()
    }
}

/// The rows that the steps of a plan have read from tables: those that were found, and those that did not match.
fn rows_read(plan: &str) -> u64 {
    let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok();
    let after = |line: &str, word: &str| number(line.split_once(word)?.1);
    let (mut read, mut loops) = (0, 0);
    for line in plan.lines().map(|line| line.trim().trim_start_matches("->").trim()) {
        if let Some(rows) = after(line, "(actual rows=") {
            let is_of_table = STEPS.iter().any(|step| line.starts_with(step));
            loops = if is_of_table { after(line, " loops=").unwrap_or(1) } else { 0 };
            read += rows * loops;
        } else if line.starts_with("Rows Removed by Filter") || line.starts_with("Rows Removed by Index Recheck") {
            read += after(line, ": ").unwrap_or_default() * loops;
        }
    }
    read
}

#[test]
fn the_rows_that_a_plan_reads_are_counted() {
    let plan = "Limit  (cost=1) (actual rows=5 loops=1)
  ->  Nested Loop  (cost=1) (actual rows=5 loops=1)
        Rows Removed by Join Filter: 999
        ->  Index Scan using a on b  (cost=1) (actual rows=7 loops=1)
              Rows Removed by Filter: 3
        ->  Bitmap Heap Scan on c  (cost=1) (actual rows=2 loops=7)
              ->  Bitmap Index Scan on d  (cost=1) (actual rows=500 loops=7)";
    assert_eq!(rows_read(plan), 7 + 3 + 2 * 7);
}
