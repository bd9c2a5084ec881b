//! The columns of a table, and their values as text, the only representation that SQLite and PostgreSQL share.

/// A column in PostgreSQL.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// Whether the database generates its values.
    pub(super) is_numbered: bool,
    kind: Conversion,
}

/// How values are converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conversion {
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
            "uuid" => Conversion::Uuid,
            "bytea" => Conversion::Bytes,
            "text" => Conversion::Text("text"),
            "bigint" => Conversion::Text("bigint"),
            "integer" => Conversion::Text("integer"),
            "smallint" => Conversion::Text("smallint"),
            "boolean" => Conversion::Text("boolean"),
            "timestamp with time zone" => Conversion::Text("timestamptz"),
            "date" => Conversion::Text("date"),
            "jsonb" => Conversion::Text("jsonb"),
            "double precision" => Conversion::Text("double precision"),
            _ => return None,
        };
        Some(Self { name, is_numbered, kind })
    }

    /// The SQLite expression for the value as text.
    pub(super) fn read(&self) -> String {
        let name = &self.name;
        match self.kind {
            Conversion::Text(_) => format!("CAST(\"{name}\" AS text)"),
            Conversion::Uuid | Conversion::Bytes => {
                format!("CASE WHEN \"{name}\" IS NULL THEN NULL ELSE hex(\"{name}\") END")
            }
        }
    }

    /// The PostgreSQL expression for the value of a text.
    pub(super) fn write(&self, text: &str) -> String {
        match self.kind {
            Conversion::Text(kind) => format!("({text})::{kind}"),
            Conversion::Uuid => format!("({text})::uuid"),
            Conversion::Bytes => format!("decode({text}, 'hex')"),
        }
    }
}
