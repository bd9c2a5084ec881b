//! A batch as a CSV from a spreadsheet or another program: a header line, and a line for each row.
//!
//! Accepts commas, semicolons or tabs between cells; UTF-8, UTF-16 or Windows-1252; decimal commas. The header or the
//! caller says what each column means, and a column is skipped only if the caller says so.

mod amount;

use std::borrow::Cow;

use encoding_rs::{Encoding, WINDOWS_1252};
use serde_json::{Map, Value};

use self::amount::understand_amount;
use crate::Problem;

/// The names of the columns.
pub(super) const COLUMNS: [&str; 10] = [
    "key",
    "number",
    "customer_name",
    "customer_phone",
    "customer_language",
    "amount",
    "currency",
    "notes",
    INVOICE_DATE,
    DUE_DATE,
];

/// The columns of dates.
pub(super) const INVOICE_DATE: &str = "invoice_date";
pub(super) const DUE_DATE: &str = "due_date";

/// The prefix of columns for the order's metadata.
const METADATA: &str = "metadata.";

/// A row of a CSV.
#[derive(Debug)]
pub(super) struct SheetRow {
    /// The row as JSON input.
    pub(super) sent: Value,
    /// Whether it has a key of its own.
    pub(super) has_own_key: bool,
    /// The signs of currencies beside its amount. Whether they are of its currency is for the check, which knows the
    /// merchant's.
    pub(super) signs: Vec<String>,
    /// Its dates as they were written, by field. Which number is the month is for the check, which knows the merchant's
    /// region.
    pub(super) dates: Vec<(&'static str, String)>,
    /// The error of the row as a whole.
    pub(super) fault: Option<Problem>,
}

/// The rows of a CSV, at most `most` and one.
pub(super) fn rows(bytes: &[u8], columns: Option<&str>, most: usize) -> Result<Vec<SheetRow>, Problem> {
    let text = decoded(bytes)?;
    // Programs for DOS end a file with this character.
    let text = text.trim_end_matches('\u{1a}');
    let first_line = text.lines().next().unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(first_line))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(unreadable)?.clone();
    let names = named(&header, columns)?;
    let mut rows = Vec::new();
    for record in reader.records().take(most + 1) {
        let record = record.map_err(unreadable)?;
        let cells = names.iter().zip(&record);
        // Written as a path, because poem-openapi's `Type` has a method of the same name.
        let (mut sent, has_own_key) = row_of(cells.filter(|(name, cell)| !str::is_empty(name) && !str::is_empty(cell)));
        let dates = taken_dates(&mut sent);
        let understood = understand_amount(&mut sent);
        // `1,129.00` without quotes is two cells among commas, and would be read as an amount of 1.
        let is_too_long = record.iter().skip(names.len()).any(|cell| !str::is_empty(cell));
        let fault = is_too_long.then(|| Problem::field("", "has more cells than there are columns"));
        let (signs, odd_amount) = understood.map_or_else(|odd| (Vec::new(), Some(odd)), |signs| (signs, None));
        rows.push(SheetRow { sent: Value::Object(sent), has_own_key, signs, dates, fault: fault.or(odd_amount) });
    }
    Ok(rows)
}

/// Decodes by byte order mark, as UTF-8 if valid, or else as Windows-1252, which Western spreadsheets write.
fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, Problem> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, is_other) = encoding.decode_without_bom_handling(&bytes[mark..]);
        let name = encoding.name();
        let refusal = || Problem::malformed(format!("The CSV begins with the mark of {name}, and is not in {name}."));
        return if is_other { Err(refusal()) } else { Ok(text) };
    }
    let read = std::str::from_utf8(bytes);
    Ok(read.map_or_else(|_| WINDOWS_1252.decode_without_bom_handling(bytes).0, Cow::Borrowed))
}

/// The most frequent separator in the header.
fn delimiter(first_line: &str) -> u8 {
    let count = |delimiter: u8| first_line.bytes().filter(|byte| *byte == delimiter).count();
    [b',', b'\t', b';'].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// The meaning of each column; empty for a skipped one.
fn named(header: &csv::StringRecord, columns: Option<&str>) -> Result<Vec<String>, Problem> {
    let mut names: Vec<String> = match columns {
        Some(columns) => columns.split(',').map(|name| name.trim().to_owned()).collect(),
        None => header.iter().map(str::to_owned).collect(),
    };
    // A line that ends with a separator has no column behind it; a cell there is told.
    while columns.is_none() && names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    if columns.is_some() && names.len() != header.len() {
        let reason = format!("must name the {} columns of the file; an empty name leaves one out", header.len());
        return Err(Problem::field("columns", reason));
    }
    let is_known = |name: &str| {
        let kept = name.strip_prefix(METADATA).is_some_and(|rest| !str::is_empty(rest));
        kept || COLUMNS.contains(&name) || (columns.is_some() && str::is_empty(name))
    };
    let unknown = names.iter().map(String::as_str).filter(|name| !is_known(name));
    let unknown: Vec<&str> = unknown.map(|name| if str::is_empty(name) { "(unnamed)" } else { name }).collect();
    if !unknown.is_empty() {
        return Err(Problem::unknown(
            &unknown.join(", "),
            format!(
                "is no column; there are {}, and {METADATA}… for what your software is to keep",
                COLUMNS.join(", ")
            ),
        ));
    }
    if let Some(twice) = names.iter().enumerate().find(|(at, name)| !str::is_empty(name) && names[..*at].contains(name))
    {
        return Err(Problem::field(
            if columns.is_some() { "columns" } else { "rows" },
            format!("has {} twice", twice.1),
        ));
    }
    Ok(names)
}

/// The row, and whether it has a key of its own.
fn row_of<'a>(cells: impl Iterator<Item = (&'a String, &'a str)>) -> (Map<String, Value>, bool) {
    let (mut row, mut customer, mut metadata) = (Map::new(), Map::new(), Map::new());
    for (name, cell) in cells {
        if let Some(name) = name.strip_prefix("customer_") {
            customer.insert(name.to_owned(), cell.into());
        } else if let Some(name) = name.strip_prefix(METADATA) {
            metadata.insert(name.to_owned(), cell.into());
        } else {
            row.insert(name.clone(), cell.into());
        }
    }
    // A row without a key is identified by its order's number.
    let has_own_key = row.contains_key("key");
    if let (None, Some(number)) = (row.get("key"), row.get("number").cloned()) {
        row.insert("key".to_owned(), number);
    }
    row.insert("customer".to_owned(), Value::Object(customer));
    if !metadata.is_empty() {
        row.insert("metadata".to_owned(), Value::Object(metadata));
    }
    (row, has_own_key)
}

/// The dates of a row, which is left without them.
fn taken_dates(row: &mut Map<String, Value>) -> Vec<(&'static str, String)> {
    let taken = [INVOICE_DATE, DUE_DATE].map(|name| match row.remove(name) {
        Some(Value::String(written)) => Some((name, written)),
        Some(_) | None => None,
    });
    taken.into_iter().flatten().collect()
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` gives")]
fn unreadable(error: csv::Error) -> Problem {
    Problem::malformed(format!("The CSV cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(bytes: &[u8], columns: Option<&str>) -> Vec<Value> {
        rows(bytes, columns, 10).unwrap().into_iter().map(|row| row.sent).collect()
    }

    #[test]
    fn a_row_with_more_cells_than_columns_is_at_fault() {
        let sheet = "number,amount\n1,1,129.00\n2,5,\n3,6\n";
        let faults: Vec<bool> =
            rows(sheet.as_bytes(), None, 10).unwrap().iter().map(|row| row.fault.is_some()).collect();
        assert_eq!(faults, [true, false, false], "an empty cell at the end is none");
    }

    #[test]
    fn what_a_german_program_exports_is_read() {
        let sheet = b"Nummer;Kunde;Telefon;Betrag;Sachbearbeiter\r\n4711;M\xfcller & S\xf6hne;0151 23456789;5.962,32 \x80;xy\r\n";
        let rows = read(sheet, Some("number,customer_name,customer_phone,amount,"));
        let customer = json!({"name": "Müller & Söhne", "phone": "0151 23456789"});
        let expected =
            json!([{"key": "4711", "number": "4711", "amount": "5962.32", "currency": "eur", "customer": customer}]);
        assert_eq!(Value::Array(rows), expected);
    }

    #[test]
    fn tabs_in_utf_16_are_read() {
        let sheet = "\u{feff}key\tnumber\tmetadata.customer\nk\t7\tC-9\n";
        let bytes: Vec<u8> = sheet.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let row = json!({"key": "k", "number": "7", "metadata": {"customer": "C-9"}, "customer": {}});
        assert_eq!(read(&bytes, None), [row]);
    }

    #[test]
    fn what_is_not_in_the_encoding_that_it_says_is_refused_and_the_end_of_a_dos_file_is_none() {
        let told = rows(b"\xef\xbb\xbfnumber,notes\n7,M\xfcller\n", None, 10).unwrap_err().sentence("");
        assert!(told.contains("is not in UTF-8"), "{told}");
        assert_eq!(read(b"number\r\n7\r\n\x1a", None).len(), 1);
    }

    #[test]
    fn an_amount_that_contradicts_its_currency_stays_as_it_was_written() {
        let row = &read("number,amount,currency\n1,\"12,50 EUR\",usd\n".as_bytes(), None)[0];
        assert_eq!((&row["amount"], &row["currency"]), (&json!("12,50 EUR"), &json!("usd")));
    }

    #[test]
    fn a_sign_is_told_with_its_row() {
        let sheet = "amount;currency\n$48.50;\n1,129.00;US$\n5;€\n$5;USD\n";
        let found = rows(sheet.as_bytes(), None, 10).unwrap();
        let signs: Vec<&[String]> = found.iter().map(|row| row.signs.as_slice()).collect();
        assert_eq!(signs, [&["$".to_owned()][..], &["US$".to_owned()], &[], &["$".to_owned()]]);
        let read = |at: usize| (found[at].sent["amount"].clone(), found[at].sent.get("currency").cloned());
        assert_eq!(read(0), (json!("48.50"), None));
        assert_eq!(read(1), (json!("1129.00"), None));
        assert_eq!(read(2), (json!("5"), Some(json!("eur"))));
        assert_eq!(read(3), (json!("5"), Some(json!("usd"))));
    }

    #[test]
    fn no_column_is_left_out_that_nobody_said_to_leave_out() {
        let refused = |sheet: &str, columns| rows(sheet.as_bytes(), columns, 10).unwrap_err().sentence("");
        let told = refused("number,price,agent\n1,2,3\n", None);
        assert!(told.contains("price, agent"), "{told}");
        assert!(refused("number,price\n1,2\n", Some("number")).contains("the 2 columns"));
        assert!(
            refused("number,,amount\n1,2,3\n", None).starts_with("(unnamed) is no column"),
            "unless it is left out"
        );
        let ended = rows(b"number;amount;\n1;2;\n3;4;5\n", None, 10).unwrap();
        assert_eq!(ended.iter().map(|row| row.fault.is_some()).collect::<Vec<_>>(), [false, true]);
        assert!(refused("number,number\n1,2\n", None).contains("twice"));
    }
}
