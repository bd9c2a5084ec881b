//! Many rows in one statement. The rows are passed as a table `v`, so an `INSERT … SELECT … FROM v` or an `UPDATE …
//! FROM v` reads the same on both databases and takes one round trip for any number of rows.
//!
//! Raw SQL: no query builder can join a list of rows on both databases, and single statements would cost a round trip
//! each.
//!
//! On `PostgreSQL` each column is passed as one array, so the statement's text, and with it the plan, is the same for
//! any number of rows above one.

use sea_orm::{DbBackend, Statement, Value};

/// A table of values with `N` columns. `SQLite` allows 32,766 parameters, so a group has hundreds of rows, not
/// thousands.
#[derive(Debug)]
pub struct Rows<const N: usize> {
    columns: [(&'static str, &'static str); N],
    rows: Vec<[Value; N]>,
}

impl<const N: usize> Rows<N> {
    /// An empty table with these columns. Each has a name and its type in `PostgreSQL`, followed by `?` if it is
    /// nullable.
    #[must_use]
    pub const fn new(columns: [(&'static str, &'static str); N]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: [Value; N]) {
        self.rows.push(row);
    }

    /// Whether there are no rows, so that there is no statement to run.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// The statement `WITH v AS (these rows) {rest}`. Write a condition that has an index of its own, such as one on a
    /// state, against a column of `v` instead of a parameter: otherwise `PostgreSQL` might walk that index, however
    /// long it is, instead of looking the rows up one by one. Parameters of `rest` are passed in `more`, and named
    /// `{0}`, `{1}` and so on.
    #[must_use]
    pub fn statement(self, backend: DbBackend, rest: &str, more: Vec<Value>) -> Statement {
        if matches!(backend, DbBackend::Postgres) {
            self.for_postgresql(None, rest, more)
        } else {
            self.for_sqlite(rest, more)
        }
    }

    /// The same on `PostgreSQL`, preceded by another statement: `rest` sees the rows that `first` returns as the table
    /// `name`.
    #[must_use]
    pub fn statement_after(self, (name, first): (&str, Statement), rest: &str, more: Vec<Value>) -> Statement {
        self.for_postgresql(Some((name, first)), rest, more)
    }

    fn names(&self) -> String {
        self.columns.map(|(name, _)| name).join(", ")
    }

    fn for_postgresql(self, before: Option<(&str, Statement)>, rest: &str, more: Vec<Value>) -> Statement {
        let (before, mut values) = match before {
            Some((name, first)) => {
                (format!("{name} AS ({}), ", first.sql), first.values.map_or_else(Vec::new, |all| all.0))
            }
            None => (String::new(), Vec::new()),
        };
        let names = self.names();
        let (how, source) = if self.rows.len() == 1 {
            ("MATERIALIZED ", self.into_row(&mut values))
        } else {
            ("", self.into_arrays(&mut values))
        };
        let sql = format!("WITH {before}v ({names}) AS {how}({source}) {rest}");
        let sql = named(sql, more.len(), |at| format!("${}", values.len() + at + 1));
        values.extend(more);
        Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
    }

    /// A single row needs no array, so that it is looked up like any row, whatever the transaction's settings. It is
    /// materialized, so that the planner does not treat its values as constants: given a constant state, it would walk
    /// the index of all rows in that state.
    fn into_row(self, values: &mut Vec<Value>) -> String {
        let types = self.columns.map(|(_, of)| of.trim_end_matches('?'));
        let parameters: Vec<String> = (values.len() + 1..).zip(types).map(|(at, of)| format!("${at}::{of}")).collect();
        values.extend(self.rows.into_iter().flatten());
        format!("SELECT {}", parameters.join(", "))
    }

    /// An array with nulls cannot be sent, so a nullable column gets a second array that marks its nulls.
    fn into_arrays(self, values: &mut Vec<Value>) -> String {
        let (mut shown, mut names, mut sent) = (Vec::new(), Vec::new(), Vec::new());
        let mut send = |name: String, of: &str, column: Vec<Value>| {
            values.extend(array(column));
            sent.push(format!("${}::{of}[]", values.len()));
            names.push(name);
        };
        for ((name, of), column) in self.columns.into_iter().zip(self.into_columns()) {
            let Some(of) = of.strip_suffix('?') else {
                shown.push(name.to_owned());
                send(name.to_owned(), of, column);
                continue;
            };
            shown.push(format!("CASE WHEN {name}_known THEN {name} END"));
            let known = column.iter().map(|value| Value::from(!is_null(value))).collect();
            let filled = column.into_iter().map(|value| if is_null(&value) { value.dummy_value() } else { value });
            send(name.to_owned(), of, filled.collect());
            send(format!("{name}_known"), "bool", known);
        }
        format!("SELECT {} FROM unnest({}) AS u ({})", shown.join(", "), sent.join(", "), names.join(", "))
    }

    fn into_columns(self) -> [Vec<Value>; N] {
        let mut columns: [Vec<Value>; N] = std::array::from_fn(|_| Vec::with_capacity(self.rows.len()));
        for row in self.rows {
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        columns
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

fn is_null(value: &Value) -> bool {
    *value == value.as_null()
}

/// Packs values of one type into one array value; `None` if there are no values.
fn array(values: Vec<Value>) -> Option<Value> {
    let of = values.first()?.array_type();
    Some(Value::Array(of, Some(Box::new(values))))
}

/// Replaces `{0}`, `{1}` and so on by the database's placeholders.
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
            "WITH v (id, word) AS (SELECT id, word FROM unnest($1::bigint[], $2::text[]) AS u (id, word)) \
             UPDATE t SET word = v.word, at = $3 FROM v WHERE t.id = v.id"
        );
        let words = Value::from(vec!["one".to_owned(), "two".to_owned()]);
        assert_eq!(statement.values.unwrap().0, [Value::from(vec![1_i64, 2]), words, 7_i64.into()]);
    }

    #[test]
    fn on_postgresql_one_row_is_sent_as_it_is() {
        let mut rows = Rows::new([("id", "bigint"), ("word", "text?")]);
        rows.push([1_i64.into(), Option::<String>::None.into()]);
        let statement = rows.statement(DbBackend::Postgres, UPDATE, vec![7_i64.into()]);
        assert_eq!(
            statement.sql,
            "WITH v (id, word) AS MATERIALIZED (SELECT $1::bigint, $2::text) UPDATE t SET word = v.word, at = $3 FROM v WHERE t.id = v.id"
        );
        assert_eq!(statement.values.unwrap().0, [1_i64.into(), Option::<String>::None.into(), 7_i64.into()]);
    }

    #[test]
    fn on_postgresql_a_null_is_told_by_an_array_beside_the_values() {
        let mut rows = Rows::new([("word", "text?")]);
        rows.push([Option::<String>::None.into()]);
        rows.push(["two".into()]);
        let statement = rows.statement(DbBackend::Postgres, "SELECT {0}", vec![7_i64.into()]);
        assert_eq!(
            statement.sql,
            "WITH v (word) AS (SELECT CASE WHEN word_known THEN word END \
             FROM unnest($1::text[], $2::bool[]) AS u (word, word_known)) SELECT $3"
        );
        let words = Value::from(vec![String::new(), "two".to_owned()]);
        assert_eq!(statement.values.unwrap().0, [words, Value::from(vec![false, true]), 7_i64.into()]);
    }

    #[test]
    fn on_postgresql_a_statement_goes_together_with_one_before_it() {
        let first = rows().statement(DbBackend::Postgres, "INSERT INTO t SELECT * FROM v RETURNING id", Vec::new());
        let mut second = Rows::new([("of", "bigint")]);
        second.push([1_i64.into()]);
        let both =
            second.statement_after(("written", first), "SELECT {0} FROM v JOIN written ON id = of", vec![7_i64.into()]);
        assert_eq!(
            both.sql,
            "WITH written AS (WITH v (id, word) AS (SELECT id, word FROM unnest($1::bigint[], $2::text[]) AS u (id, word)) \
             INSERT INTO t SELECT * FROM v RETURNING id), \
             v (of) AS MATERIALIZED (SELECT $3::bigint) SELECT $4 FROM v JOIN written ON id = of"
        );
        assert_eq!(both.values.unwrap().0.len(), 4);
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
