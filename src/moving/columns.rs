//! The columns of a table and the text form of their values, the only form on which `SQLite` and `PostgreSQL` agree.

/// A column, as `PostgreSQL` knows it.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// The database numbers it by itself.
    pub(super) is_numbered: bool,
    kind: Kind,
}

/// How its values cross over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// As they are, with a cast.
    Text(&'static str),
    /// As hexadecimal digits, which are a UUID.
    Uuid,
    /// As hexadecimal digits.
    Bytes,
}

impl Column {
    /// `None` if values of this type do not cross.
    pub(super) fn new(name: String, type_of: &str, is_numbered: bool) -> Option<Self> {
        let kind = match type_of {
            "uuid" => Kind::Uuid,
            "bytea" => Kind::Bytes,
            "text" => Kind::Text("text"),
            "bigint" => Kind::Text("bigint"),
            "integer" => Kind::Text("integer"),
            "smallint" => Kind::Text("smallint"),
            "boolean" => Kind::Text("boolean"),
            "timestamp with time zone" => Kind::Text("timestamptz"),
            "date" => Kind::Text("date"),
            "jsonb" => Kind::Text("jsonb"),
            "double precision" => Kind::Text("double precision"),
            _ => return None,
        };
        Some(Self { name, is_numbered, kind })
    }

    /// Its value as text, in `SQLite`.
    pub(super) fn read(&self) -> String {
        let name = &self.name;
        match self.kind {
            Kind::Text(_) => format!("CAST(\"{name}\" AS text)"),
            Kind::Uuid | Kind::Bytes => format!("CASE WHEN \"{name}\" IS NULL THEN NULL ELSE hex(\"{name}\") END"),
        }
    }

    /// The text as its value, in `PostgreSQL`.
    pub(super) fn write(&self, text: &str) -> String {
        match self.kind {
            Kind::Text(kind) => format!("({text})::{kind}"),
            Kind::Uuid => format!("({text})::uuid"),
            Kind::Bytes => format!("decode({text}, 'hex')"),
        }
    }
}
