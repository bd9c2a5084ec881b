//! The columns of a table, and their values as text, the only representation that SQLite and PostgreSQL share.

/// A column in PostgreSQL.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// Whether the database generates its values.
    pub(super) is_numbered: bool,
    kind: Kind,
}

/// How values are converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// As text, with a cast.
    Text(&'static str),
    /// As hexadecimal digits of a UUID.
    Uuid,
    /// As hexadecimal digits.
    Bytes,
}

impl Column {
    /// Returns `None` if values of this type cannot be converted.
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

    /// The SQLite expression for the value as text.
    pub(super) fn read(&self) -> String {
        let name = &self.name;
        match self.kind {
            Kind::Text(_) => format!("CAST(\"{name}\" AS text)"),
            Kind::Uuid | Kind::Bytes => format!("CASE WHEN \"{name}\" IS NULL THEN NULL ELSE hex(\"{name}\") END"),
        }
    }

    /// The PostgreSQL expression for the value of a text.
    pub(super) fn write(&self, text: &str) -> String {
        match self.kind {
            Kind::Text(kind) => format!("({text})::{kind}"),
            Kind::Uuid => format!("({text})::uuid"),
            Kind::Bytes => format!("decode({text}, 'hex')"),
        }
    }
}
