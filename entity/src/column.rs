//! How our own types stand in a column: one macro, so that ids and words are stored the same way everywhere.

/// Stores `$type` as the column type `$inner`. `$write` turns a value into it; `$read` turns it back and may refuse, which
/// becomes a typed database error and never a default.
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
pub(crate) use stored_as;

/// A closed list of words: an enum with one spelling in the database, in JSON and in logs.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $word:literal ),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[$variant_meta])* #[serde(rename = $word)] $variant ),+
        }

        impl $name {
            /// Every word, in the order of their declaration.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),+ ];

            /// The word as it is stored and sent.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $word ),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|value| value.as_str() == word)
                    .ok_or_else(|| format!("{word:?} is not one of: {}", [$( $word ),+].join(", ")))
            }
        }

        crate::column::stored_as!($name, String, |value| value.as_str().to_owned(), |word| word.parse());
    };
}
pub(crate) use words;
