//! The ledger as a statement: CSV (RFC 4180), oldest entry first, read and sent page by page.

use std::{borrow::Cow, io};

use chrono::SecondsFormat;
use domain::MerchantId;
use entity::{
    Db,
    credits::{self, CreditEntry},
};
use futures_util::stream::{self, Stream};
use poem::Body;

/// How many entries are read at a time.
const PAGE: u64 = 1_000;

const HEADER: [&str; 9] =
    ["number", "created_at", "kind", "amount", "held", "available_after", "message_id", "note", "id"];

/// The whole statement.
pub(super) fn body(db: Db, merchant: MerchantId) -> Body {
    Body::from_bytes_stream(pages(db, merchant))
}

fn pages(db: Db, merchant: MerchantId) -> impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static {
    // Where the next page begins; nothing once there are no more.
    stream::try_unfold(Some(0), move |after| {
        let db = db.clone();
        async move {
            let Some(after) = after else { return Ok(None) };
            let page = credits::statement(db.pool(), merchant, after, PAGE).await.map_err(io::Error::other)?;
            let next = page.last().map(|entry| entry.number);
            let lines = lines(&page, after == 0).map_err(io::Error::other)?;
            Ok(Some((lines, next)))
        }
    })
}

fn lines(page: &[CreditEntry], with_header: bool) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if with_header {
        writer.write_record(HEADER)?;
    }
    for entry in page {
        writer.write_record([
            &*entry.number.to_string(),
            &*entry.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            entry.kind.as_str(),
            &*entry.available_delta.to_string(),
            &*entry.held_delta.to_string(),
            &*entry.available_after.to_string(),
            &*entry.message_id.map(|message| message.to_string()).unwrap_or_default(),
            &*harmless(entry.note.as_deref().unwrap_or_default()),
            &*entry.id.to_string(),
        ])?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// What a cell begins with that a spreadsheet runs as a formula: signs, also as wide as Chinese characters, and what is skipped
/// before them.
const RUNS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A note that a spreadsheet would run as a formula gets an apostrophe before it, which makes it text.
fn harmless(note: &str) -> Cow<'_, str> {
    if note.trim_start_matches(' ').starts_with(RUNS) { Cow::Owned(format!("'{note}")) } else { Cow::Borrowed(note) }
}

#[cfg(test)]
mod tests {
    use domain::CreditEntryId;
    use entity::credits::EntryKind;

    use super::*;

    fn top_up(number: i64, note: &str) -> CreditEntry {
        let now = "2026-11-24T08:00:00Z".parse().unwrap();
        CreditEntry {
            id: CreditEntryId::new(now),
            merchant_id: MerchantId::new(now),
            number,
            kind: EntryKind::TopUp,
            available_delta: 100,
            held_delta: 0,
            available_after: 100,
            message_id: None,
            note: Some(note.to_owned()),
            created_at: now,
        }
    }

    #[test]
    fn a_note_is_one_field_and_no_formula() {
        let page = [top_up(1, "paid, \"in full\"\nby hand"), top_up(2, "=1+1")];
        for note in ["=1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\n", " =1", "＝1", "＋1", "－1", "＠1"] {
            assert_eq!(harmless(note), format!("'{note}"));
        }
        let csv = lines(&page, true).unwrap();
        let mut reader = csv::Reader::from_reader(csv.as_slice());
        let notes: Vec<String> = reader.records().map(|record| record.unwrap()[7].to_owned()).collect();
        assert_eq!(notes, ["paid, \"in full\"\nby hand", "'=1+1"]);
        let text = String::from_utf8(csv).unwrap();
        assert!(text.starts_with("number,created_at,kind,amount,held,available_after,message_id,note,id\r\n1,2026-11-24T08:00:00Z,top_up,100,0,100,,"));
    }
}
