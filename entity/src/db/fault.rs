//! Classifies database errors: concurrency, a broken constraint, a timeout, an unavailable database, or a bug. The API
//! answers each differently, so that a bug does not read as an outage or as a duplicate request.

use std::error::Error;

use domain::error_chain;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, sqlx};
use sqlx::error::{DatabaseError, ErrorKind};

/// The cause of a database error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DbFault {
    /// Contention: a deadlock, a lock timeout, a database with another writer. It can be retried at once.
    Busy,
    /// The key exists already.
    Unique,
    /// The referenced row does not exist, or the row is still referenced.
    ForeignKey,
    /// A statement timed out, or no connection was free in time.
    Timeout,
    /// The database is unreachable, refuses us or takes no writes: a server that stops, a standby, a full disk, a
    /// changed password. Whatever is not known as something else, too, since it may pass.
    Away,
    /// A bug: a statement that cannot be run, a value that breaks a CHECK, a row that cannot be read.
    Ours,
}

impl DbFault {
    /// Classifies an error.
    #[must_use]
    pub fn of(error: &DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => Self::Timeout,
            DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed) => Self::Away,
            DbErr::Exec(error) | DbErr::Query(error) | DbErr::Conn(error) => Self::of_runtime(error),
            _ => Self::Ours,
        }
    }

    /// Classifies the database error that an error is or comes from; `None` if there is none.
    #[must_use]
    pub fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        error_chain(error).find_map(|error| error.downcast_ref::<DbErr>()).map(Self::of)
    }

    /// Whether it is not a bug and may pass.
    #[must_use]
    pub const fn passes(self) -> bool {
        match self {
            Self::Busy | Self::Timeout | Self::Away => true,
            Self::Unique | Self::ForeignKey | Self::Ours => false,
        }
    }

    fn of_runtime(error: &RuntimeErr) -> Self {
        match error {
            RuntimeErr::SqlxError(error) => Self::of_sqlx(error),
            RuntimeErr::Internal(_) => Self::Away,
        }
    }

    fn of_sqlx(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => Self::of_database(error.as_ref()),
            sqlx::Error::PoolTimedOut => Self::Timeout,
            sqlx::Error::InvalidArgument(_)
            | sqlx::Error::RowNotFound
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Encode(_)
            | sqlx::Error::Decode(_) => Self::Ours,
            // Of the connection: it is lost, cannot be opened, or is in a state of its own.
            _ => Self::Away,
        }
    }

    fn of_database(error: &dyn DatabaseError) -> Self {
        match error.kind() {
            ErrorKind::UniqueViolation => Self::Unique,
            ErrorKind::ForeignKeyViolation => Self::ForeignKey,
            ErrorKind::NotNullViolation | ErrorKind::CheckViolation => Self::Ours,
            _ => error.code().map_or(Self::Away, |code| Self::of_code(&code)),
        }
    }

    /// Classifies a code: five characters on `PostgreSQL`; on `SQLite` a number whose lowest byte is the primary code.
    fn of_code(code: &str) -> Self {
        match (code.len(), code.parse::<u32>()) {
            (5, _) => Self::of_postgresql(code),
            (_, Ok(number)) => Self::of_sqlite(number & 0xff),
            (_, Err(_)) => Self::Away,
        }
    }

    fn of_postgresql(code: &str) -> Self {
        match code {
            // A lock timeout.
            "55P03" => Self::Busy,
            // Ended by a timeout, of the statement or of an idle transaction.
            "57014" | "25P03" | "25P04" => Self::Timeout,
            // A right that is missing, and a statement that a pooler has prepared, are the operator's to mend.
            "42501" | "42P05" => Self::Away,
            _ => match code.get(..2) {
                // Deadlock, serialization failure.
                Some("40") => Self::Busy,
                // Cardinality, a value, a constraint, the statement itself.
                Some("21" | "22" | "23" | "42") => Self::Ours,
                // No connection or login, read-only, out of resources, an operator, the system, an internal error; a
                // plan of before a step of the schema, which its connection keeps.
                _ => Self::Away,
            },
        }
    }

    fn of_sqlite(code: u32) -> Self {
        match code {
            // BUSY, LOCKED, and PROTOCOL, a race for the log.
            5 | 6 | 15 => Self::Busy,
            // ERROR, TOOBIG, CONSTRAINT, MISMATCH, MISUSE and RANGE.
            1 | 18 | 19 | 20 | 21 | 25 => Self::Ours,
            // READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOMEM and others of the file and the machine.
            _ => Self::Away,
        }
    }
}

/// Whether the error is a violation of this unique key: the database names the index or its columns.
pub(crate) fn breaks_key(error: &DbErr, names: &[&str]) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    let Some(error) = error.as_database_error().filter(|error| error.is_unique_violation()) else { return false };
    let says = |name: &&str| error.constraint().unwrap_or_else(|| error.message()).contains(*name);
    names.iter().any(says)
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, Database, DatabaseConnection};

    use super::*;

    async fn tables() -> DatabaseConnection {
        let db = Database::connect("sqlite::memory:").await.unwrap();
        let tables = "PRAGMA foreign_keys = ON;
            CREATE TABLE orders (id integer PRIMARY KEY, merchant_id integer, number_key text, CHECK (id > 0));
            CREATE UNIQUE INDEX orders_one_number ON orders (merchant_id, number_key);
            CREATE TABLE link (id integer PRIMARY KEY, order_id integer REFERENCES orders (id));
            INSERT INTO orders VALUES (1, 1, 'a')";
        db.execute_unprepared(tables).await.unwrap();
        db
    }

    #[tokio::test]
    async fn what_breaks_a_rule_is_told_from_what_cannot_be_run() {
        let db = tables().await;
        for (statement, fault) in [
            ("INSERT INTO orders VALUES (2, 1, 'a')", DbFault::Unique),
            ("INSERT INTO orders VALUES (1, 2, 'b')", DbFault::Unique),
            ("INSERT INTO link VALUES (1, 7)", DbFault::ForeignKey),
            ("INSERT INTO orders VALUES (0, 1, 'c')", DbFault::Ours),
            ("INSERT INTO nowhere VALUES (1)", DbFault::Ours),
        ] {
            let error = db.execute_unprepared(statement).await.unwrap_err();
            assert_eq!(DbFault::of(&error), fault, "{error:?}");
            assert!(!fault.passes(), "{statement}");
        }
    }

    #[tokio::test]
    async fn one_key_is_told_from_another() {
        let db = tables().await;
        let number = ["orders_one_number", "orders.number_key"];
        let second = db.execute_unprepared("INSERT INTO orders VALUES (2, 1, 'a')").await.unwrap_err();
        let other = db.execute_unprepared("INSERT INTO orders VALUES (1, 2, 'b')").await.unwrap_err();
        assert!(breaks_key(&second, &number) && !breaks_key(&other, &number), "{second:?} {other:?}");
    }

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        for (code, fault) in [
            ("40P01", DbFault::Busy),
            ("55P03", DbFault::Busy),
            ("5", DbFault::Busy),
            ("261", DbFault::Busy),
            ("517", DbFault::Busy),
            ("57014", DbFault::Timeout),
            ("57P01", DbFault::Away),
            ("53300", DbFault::Away),
            ("08006", DbFault::Away),
            ("25006", DbFault::Away),
            ("13", DbFault::Away),
            ("2570", DbFault::Away),
            // A password that is changed, a server that lacks the database or a right, an internal error, a stale plan.
            ("28P01", DbFault::Away),
            ("28000", DbFault::Away),
            ("3D000", DbFault::Away),
            ("42501", DbFault::Away),
            ("42P05", DbFault::Away),
            ("26000", DbFault::Away),
            ("55000", DbFault::Away),
            ("XX000", DbFault::Away),
            ("0A000", DbFault::Away),
            // Its cause was another statement's.
            ("25P02", DbFault::Away),
            // No memory, a locking protocol that failed, a schema that changed.
            ("7", DbFault::Away),
            ("15", DbFault::Busy),
            ("17", DbFault::Away),
            ("42P01", DbFault::Ours),
            ("22001", DbFault::Ours),
            ("23514", DbFault::Ours),
            ("1", DbFault::Ours),
            ("20", DbFault::Ours),
        ] {
            assert_eq!(DbFault::of_code(code), fault, "{code}");
        }
        for lost in [sqlx::Error::BeginFailed, sqlx::Error::InvalidSavePointStatement, sqlx::Error::WorkerCrashed] {
            assert_eq!(DbFault::of_sqlx(&lost), DbFault::Away, "{lost}");
        }
        assert_eq!(DbFault::of_sqlx(&sqlx::Error::ColumnNotFound("tag".to_owned())), DbFault::Ours);
    }
}
