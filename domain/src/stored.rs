//! Storing our types in database columns: one macro, so that ids and words are stored the same way everywhere.

/// Stores `$type` in a column of type `$inner`. `$write` converts to it; `$read` converts back and may fail, which
/// becomes a typed database error and never a default. The calling crate must depend on `sea-orm`.
#[cfg(feature = "sea-orm")]
#[macro_export]
macro_rules! stored_as {
    ($type:ty, $inner:ty, $write:expr, $read:expr) => {
        impl From<$type> for sea_orm::Value {
            fn from(value: $type) -> Self {
                let write: fn(&$type) -> $inner = $write;
                write(&value).into()
            }
        }

        impl sea_orm::sea_query::ValueType for $type {
            fn try_from(value: sea_orm::Value) -> Result<Self, sea_orm::sea_query::ValueTypeErr> {
                let inner = <$inner as sea_orm::sea_query::ValueType>::try_from(value)?;
                let read: fn($inner) -> Result<$type, String> = $read;
                read(inner).map_err(|_| sea_orm::sea_query::ValueTypeErr)
            }

            fn type_name() -> String {
                stringify!($type).to_owned()
            }

            fn array_type() -> sea_orm::sea_query::ArrayType {
                <$inner as sea_orm::sea_query::ValueType>::array_type()
            }

            fn column_type() -> sea_orm::sea_query::ColumnType {
                <$inner as sea_orm::sea_query::ValueType>::column_type()
            }
        }

        impl sea_orm::sea_query::Nullable for $type {
            fn null() -> sea_orm::Value {
                <$inner as sea_orm::sea_query::Nullable>::null()
            }
        }

        impl sea_orm::TryGetable for $type {
            fn try_get_by<I: sea_orm::ColIdx>(
                row: &sea_orm::QueryResult,
                index: I,
            ) -> Result<Self, sea_orm::TryGetError> {
                let inner = <$inner as sea_orm::TryGetable>::try_get_by(row, index)?;
                let read: fn($inner) -> Result<$type, String> = $read;
                read(inner).map_err(|reason| sea_orm::DbErr::Type(reason).into())
            }
        }

        impl sea_orm::TryFromU64 for $type {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($type)))
            }
        }
    };
}

/// Does nothing without the feature `sea-orm`.
#[cfg(not(feature = "sea-orm"))]
#[macro_export]
macro_rules! stored_as {
    ($($anything:tt)*) => {};
}
