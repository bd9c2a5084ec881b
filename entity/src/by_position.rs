//! Reads rows by the positions of their columns.
//!
//! sea-orm looks each column up by its name, and formats an error for each NULL before that becomes `None`. That adds
//! up for links, of which most columns are NULL and which every payment reads.

use std::sync::Arc;

use sea_orm::{
    DbErr, QueryResult, RuntimeErr, TryGetable,
    sqlx::{self, Row, ValueRef},
};

/// Reads one row, column by column.
pub(crate) struct RowReader<'a> {
    row: &'a QueryResult,
    next: usize,
}

impl<'a> RowReader<'a> {
    pub(crate) const fn new(row: &'a QueryResult) -> Self {
        Self { row, next: 0 }
    }

    /// The next column.
    pub(crate) fn required<T: TryGetable>(&mut self) -> Result<T, DbErr> {
        self.next += 1;
        self.row.try_get_by_index(self.next - 1)
    }

    /// The next column, which may be NULL.
    pub(crate) fn optional<T: TryGetable>(&mut self) -> Result<Option<T>, DbErr> {
        if self.is_null()? {
            self.next += 1;
            return Ok(None);
        }
        self.required().map(Some)
    }

    fn is_null(&self) -> Result<bool, DbErr> {
        let (row, at) = (self.row, self.next);
        let is_null = match (row.try_as_pg_row(), row.try_as_sqlite_row()) {
            (Some(row), _) => row.try_get_raw(at).map(|value| value.is_null()),
            (None, Some(row)) => row.try_get_raw(at).map(|value| value.is_null()),
            (None, None) => Err(sqlx::Error::ColumnIndexOutOfBounds { index: at, len: 0 }),
        };
        is_null.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))
    }
}

/// Implements, for an entity's model, `COLUMNS`, what to select, and `read`, which reads it. Each column is given by
/// its field, with its name if that differs, and followed by `: optional` if it may be NULL; the compiler refuses a
/// list that is not complete.
macro_rules! read_by_position {
    ($visible:vis $model:ident, $table:literal:
        $first:ident $(, $field:ident $(= $column:literal)? $(: $optional:ident)?)* $(,)?) => {
        impl $model {
            /// The columns that [`read`](Self::read) reads.
            $visible const COLUMNS: &str = concat!(
                $table, ".", stringify!($first)
                $(, ", ", $table, ".", $crate::by_position::read_by_position!(@name $field $($column)?))*
            );

            /// Reads a row of [`COLUMNS`](Self::COLUMNS).
            ///
            /// # Errors
            /// Returns an error if a value is not one of its column.
            $visible fn read(row: &sea_orm::QueryResult) -> Result<Self, sea_orm::DbErr> {
                let mut reader = $crate::by_position::RowReader::new(row);
                Ok(Self {
                    $first: reader.required()?,
                    $($field: $crate::by_position::read_by_position!(@next reader $($optional)?)),*
                })
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $column:literal) => { $column };
    (@next $reader:ident) => { $reader.required()? };
    (@next $reader:ident optional) => { $reader.optional()? };
}
pub(crate) use read_by_position;
