//! Many rows in one statement. A group of rows travels as the table `v`, so that an `INSERT … SELECT … FROM v` or an
//! `UPDATE … FROM v` reads the same on both databases and costs one round trip however many rows there are.
//!
//! On `PostgreSQL` each column is one array: the text of the statement, and so its plan, is the same for every number of rows.

use sea_orm::{DbBackend, Statement, Value};

/// A table of values with `N` columns. No value may be null: an array of `PostgreSQL` that holds one cannot be sent. `SQLite`
/// takes 32,766 parameters, so groups are of hundreds of rows and not of thousands.
#[derive(Debug)]
pub struct Rows<const N: usize> {
    columns: [(&'static str, &'static str); N],
    rows: Vec<[Value; N]>,
}

impl<const N: usize> Rows<N> {
    /// An empty table with these columns: each a name, and its type in `PostgreSQL`.
    #[must_use]
    pub const fn new(columns: [(&'static str, &'static str); N]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: [Value; N]) {
        self.rows.push(row);
    }

    /// Whether there is nothing to be sent: then there is no statement to be made.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The statement `WITH v AS (these rows) {rest}`. A condition that an index of its own answers, as on a state, is better written
    /// against a column of `v` than against a parameter: `PostgreSQL` might else walk that index, however long it has become,
    /// instead of looking the rows up one by one. Parameters of `rest` itself are given in `more`, and named there as
    /// `{0}`, `{1}` and so on.
    #[must_use]
    pub fn statement(self, backend: DbBackend, rest: &str, more: Vec<Value>) -> Statement {
        if matches!(backend, DbBackend::Postgres) {
            self.for_postgresql(rest, more)
        } else {
            self.for_sqlite(rest, more)
        }
    }

    fn names(&self) -> String {
        self.columns.map(|(name, _)| name).join(", ")
    }

    fn for_postgresql(self, rest: &str, more: Vec<Value>) -> Statement {
        let names = self.names();
        let arrays: Vec<String> =
            self.columns.iter().enumerate().map(|(at, (_, of))| format!("${}::{of}[]", at + 1)).collect();
        let sql = format!("WITH v ({names}) AS (SELECT * FROM unnest({})) {rest}", arrays.join(", "));
        let sql = named(sql, more.len(), |at| format!("${}", N + at + 1));
        let mut columns: [Vec<Value>; N] = std::array::from_fn(|_| Vec::with_capacity(self.rows.len()));
        for row in self.rows {
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        let arrays = columns.into_iter().filter_map(|column| {
            let of = column.first()?.array_type();
            Some(Value::Array(of, Some(Box::new(column))))
        });
        Statement::from_sql_and_values(DbBackend::Postgres, sql, arrays.chain(more))
    }

    fn for_sqlite(self, rest: &str, more: Vec<Value>) -> Statement {
        let row = format!("({})", vec!["?"; N].join(", "));
        let rows = vec![row; self.rows.len()].join(", ");
        let sql = format!("WITH v ({}) AS (VALUES {rows}) {rest}", self.names());
        let first = self.rows.len() * N;
        let sql = named(sql, more.len(), |at| format!("?{}", first + at + 1));
        Statement::from_sql_and_values(DbBackend::Sqlite, sql, self.rows.into_iter().flatten().chain(more))
    }
}

/// Puts a database's own words in the place of `{0}`, `{1}` and so on.
fn named(sql: String, parameters: usize, word: impl Fn(usize) -> String) -> String {
    (0..parameters).fold(sql, |sql, at| sql.replace(&format!("{{{at}}}"), &word(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows<2> {
        let mut rows = Rows::new([("id", "bigint"), ("word", "text")]);
        rows.push([1_i64.into(), "one".into()]);
        rows.push([2_i64.into(), "two".into()]);
        rows
    }

    const UPDATE: &str = "UPDATE t SET word = v.word, at = {0} FROM v WHERE t.id = v.id";

    #[test]
    fn on_postgresql_each_column_is_an_array() {
        let statement = rows().statement(DbBackend::Postgres, UPDATE, vec![7_i64.into()]);
        assert_eq!(
            statement.sql,
            "WITH v (id, word) AS (SELECT * FROM unnest($1::bigint[], $2::text[])) \
             UPDATE t SET word = v.word, at = $3 FROM v WHERE t.id = v.id"
        );
        let words = Value::from(vec!["one".to_owned(), "two".to_owned()]);
        assert_eq!(statement.values.unwrap().0, [Value::from(vec![1_i64, 2]), words, 7_i64.into()]);
    }

    #[test]
    fn on_sqlite_each_value_is_a_parameter() {
        let statement = rows().statement(DbBackend::Sqlite, UPDATE, vec![7_i64.into()]);
        assert_eq!(
            statement.sql,
            "WITH v (id, word) AS (VALUES (?, ?), (?, ?)) UPDATE t SET word = v.word, at = ?5 FROM v WHERE t.id = v.id"
        );
        assert_eq!(statement.values.unwrap().0.len(), 5);
    }
}
