//! The tables, ordered so that each comes after those it refers to, and how one is copied. Raw SQL: see the parent
//! module.

use std::collections::{BTreeMap, BTreeSet};

use entity::Db;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};

use super::{PAGE, PROGRESS, columns::Column};
use crate::error::Error;

/// Tables that are not copied, because each database has its own.
const NOT_OURS: [&str; 2] = ["seaql_migrations", PROGRESS];

#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    columns: Vec<Column>,
}

/// A page of rows, stored by column, with each value as text.
type TablePage = Vec<Vec<Option<String>>>;

/// All tables of the new database.
pub(super) async fn of(to: &Db) -> Result<Vec<Table>, Error> {
    let question = "SELECT c.table_name AS a, c.column_name AS b, c.data_type AS c, c.is_identity = 'YES' AS d FROM information_schema.columns c \
                    JOIN pg_class p ON p.relname = c.table_name AND p.relnamespace = 'public'::regnamespace AND NOT p.relispartition \
                    AND p.relkind IN ('r', 'p') WHERE c.table_schema = 'public' AND c.is_generated = 'NEVER' \
                    ORDER BY c.table_name, c.ordinal_position";
    let mut columns: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for row in ask(to, question).await? {
        let (table, name, kind): (String, String, String) =
            (row.try_get("", "a")?, row.try_get("", "b")?, row.try_get("", "c")?);
        if NOT_OURS.contains(&table.as_str()) {
            continue;
        }
        let column = Column::new(name.clone(), &kind, row.try_get("", "d")?)
            .ok_or_else(|| Error::Refused(format!("{table}.{name} is {kind}, which this version cannot move")))?;
        columns.entry(table).or_default().push(column);
    }
    let question = "SELECT conrelid::regclass::text AS a, confrelid::regclass::text AS b FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid";
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in ask(to, question).await? {
        needs.entry(row.try_get("", "a")?).or_default().insert(row.try_get("", "b")?);
    }
    in_order(columns, &needs)
}

/// Sorts tables topologically by their references.
fn in_order(
    mut left: BTreeMap<String, Vec<Column>>,
    needs: &BTreeMap<String, BTreeSet<String>>,
) -> Result<Vec<Table>, Error> {
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let is_free =
            |name: &String| needs.get(name).is_none_or(|needs| needs.iter().all(|need| !left.contains_key(need)));
        let free: Vec<String> = left.keys().filter(|name| is_free(name)).cloned().collect();
        if free.is_empty() {
            return Err(Error::Refused("the tables refer to each other in a circle".to_owned()));
        }
        for name in free {
            if let Some(columns) = left.remove(&name) {
                ordered.push(Table { name, columns });
            }
        }
    }
    Ok(ordered)
}

impl Table {
    /// Copies the remaining rows and compares the row counts at the end. Returns the number of rows.
    pub(super) async fn copy(&self, from: &Db, to: &Db) -> Result<i64, Error> {
        let mut last = self.progress(to).await?;
        loop {
            let (page, reached) = self.read(from, last).await?;
            let Some(reached) = reached else { break };
            self.write(to, &page, reached).await?;
            last = reached;
        }
        self.number_on(to).await?;
        let count = format!("SELECT count(*) AS n FROM \"{}\"", self.name);
        let (was, is) = (number(from, &count).await?, number(to, &count).await?);
        if was == is {
            Ok(is)
        } else {
            Err(Error::Refused(format!("{} had {was} rows and has {is}: was something else running?", self.name)))
        }
    }

    /// Advances the sequences of generated columns beyond the copied values.
    async fn number_on(&self, to: &Db) -> Result<(), Error> {
        for column in self.columns.iter().filter(|column| column.is_numbered) {
            let (table, name) = (&self.name, &column.name);
            let next = format!(
                "SELECT setval(pg_get_serial_sequence('\"{table}\"', '{name}'), coalesce((SELECT max(\"{name}\") FROM \"{table}\"), 0) + 1, \
                 false)"
            );
            to.pool().execute_unprepared(&next).await?;
        }
        Ok(())
    }

    async fn progress(&self, to: &Db) -> Result<i64, Error> {
        let question = format!(
            "SELECT coalesce(max(last), -9223372036854775808) AS n FROM {PROGRESS} WHERE name = '{}'",
            self.name
        );
        number(to, &question).await
    }

    /// The rows after a row number, and the number of the last one.
    async fn read(&self, from: &Db, after: i64) -> Result<(TablePage, Option<i64>), Error> {
        let values = self.columns.iter().enumerate().map(|(at, column)| format!(", {} AS c{at}", column.read()));
        let question = format!(
            "SELECT rowid AS number{} FROM \"{}\" WHERE rowid > {after} ORDER BY rowid LIMIT {PAGE}",
            values.collect::<String>(),
            self.name
        );
        let mut page: TablePage = self.columns.iter().map(|_| Vec::new()).collect();
        let mut reached = None;
        for row in ask(from, &question).await? {
            reached = Some(row.try_get("", "number")?);
            for (at, column) in page.iter_mut().enumerate() {
                column.push(row.try_get("", &format!("c{at}"))?);
            }
        }
        Ok((page, reached))
    }

    /// Writes a page and verifies every row of it in one transaction.
    async fn write(&self, to: &Db, page: &TablePage, reached: i64) -> Result<(), Error> {
        let rows = page.first().map_or(0, Vec::len);
        let names: Vec<String> = self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let given: Vec<String> = (0..self.columns.len()).map(|at| format!("g.c{at}")).collect();
        let arrays: Vec<String> =
            (1..=self.columns.len()).map(|at| format!("jsonb_array_elements_text(${at}::jsonb)")).collect();
        let fields: Vec<String> = (0..self.columns.len()).map(|at| format!("c{at}")).collect();
        let source = format!("ROWS FROM ({}) AS g({})", arrays.join(", "), fields.join(", "));
        let values: Vec<String> = self.columns.iter().zip(&given).map(|(column, given)| column.write(given)).collect();
        // `OVERRIDING SYSTEM VALUE` also writes columns whose values the database generates.
        let insert = format!(
            "INSERT INTO \"{}\" ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {source}",
            self.name,
            names.join(", "),
            values.join(", ")
        );
        let same: Vec<String> =
            names.iter().zip(&values).map(|(name, value)| format!("t.{name} IS NOT DISTINCT FROM {value}")).collect();
        let check = format!("SELECT count(*) AS n FROM {source} JOIN \"{}\" AS t ON {}", self.name, same.join(" AND "));
        let texts: Vec<String> =
            page.iter().map(serde_json::to_string).collect::<Result<_, _>>().map_err(|error| unwritable(&error))?;
        let bind = || texts.iter().map(|text| Value::from(text.clone()));
        let tx = to.begin().await?;
        // Rows written by triggers are copied as well, so triggers are disabled.
        let triggers = |how: &str| format!("ALTER TABLE \"{}\" {how} TRIGGER USER", self.name);
        tx.execute_unprepared(&triggers("DISABLE")).await?;
        tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, &insert, bind())).await?;
        let found = tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, &check, bind())).await?;
        let found: i64 = found.map(|row| row.try_get("", "n")).transpose()?.unwrap_or_default();
        // Identical rows would be counted more than once; primary keys rule them out.
        if usize::try_from(found).ok() != Some(rows) {
            return Err(Error::Refused(format!("of {rows} rows of {}, {found} are as they were", self.name)));
        }
        let note = format!(
            "INSERT INTO {PROGRESS} (name, last) VALUES ('{}', {reached}) ON CONFLICT (name) DO UPDATE SET last = excluded.last",
            self.name
        );
        tx.execute_unprepared(&note).await?;
        tx.execute_unprepared(&triggers("ENABLE")).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn unwritable(error: &serde_json::Error) -> DbErr {
    DbErr::Json(error.to_string())
}

async fn number(db: &Db, question: &str) -> Result<i64, Error> {
    let row = ask(db, question).await?.pop();
    Ok(row.map(|row| row.try_get("", "n")).transpose()?.unwrap_or_default())
}

async fn ask(db: &Db, question: &str) -> Result<Vec<QueryResult>, DbErr> {
    let backend = if db.has_one_writer() { DbBackend::Sqlite } else { DbBackend::Postgres };
    db.pool().query_all_raw(Statement::from_string(backend, question)).await
}
