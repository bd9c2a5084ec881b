//! List responses: a page of JSON, or on request the whole list as CSV (RFC 4180).

use std::{borrow::Cow, future::Future, io};

use chrono::{DateTime, Utc};
use entity::Merchant;
use futures_util::stream::{self, Stream};
use poem::{Body, IntoResponse, Response, http::header};
use poem_openapi::{
    ApiResponse,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaResponses, MetaSchema, MetaSchemaRef, Registry},
    types::{IsObjectType, ParseFromJSON, ToJSON, Type},
};

use super::{described::answers_with_any, paging::Page, serialized::Serialized};

const CSV: &str = "text/csv; charset=utf-8";

/// How many rows of a CSV are read and held at once.
pub(crate) const AT_A_TIME: u64 = 500;

/// A list in one of its forms.
pub(crate) enum Listing<T: IsObjectType + ParseFromJSON + ToJSON + Type + Send + Sync> {
    Page(Page<T>),
    /// A page that may be long.
    Long(Serialized<Page<T>>),
    /// The whole list, and its file name.
    Csv(Body, &'static str),
}

/// Whether CSV is preferred. Clients that accept both get JSON.
pub(crate) fn is_csv_wanted(accept: Option<&str>) -> bool {
    accept.is_some_and(|accept| accept.contains("text/csv") && !accept.contains("application/json"))
}

/// A time by the merchant's clock, as spreadsheets read it.
pub(crate) fn local(owner: &Merchant, at: DateTime<Utc>) -> String {
    owner.zone().wall(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A CSV with this header, read page by page: `read` returns the rows after a position, and the position of the last
/// one if there may be more.
pub(crate) fn csv<P, R, F>(columns: &'static [&'static str], read: R) -> Body
where
    P: Copy + Send + Sync + 'static,
    R: Fn(Option<P>) -> F + Send + Sync + 'static,
    F: Future<Output = io::Result<(Vec<Vec<String>>, Option<P>)>> + Send + 'static,
{
    Body::from_bytes_stream(pages(columns, read))
}

fn pages<P, R, F>(columns: &'static [&'static str], read: R) -> impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static
where
    P: Copy + Send + Sync + 'static,
    R: Fn(Option<P>) -> F + Send + Sync + 'static,
    F: Future<Output = io::Result<(Vec<Vec<String>>, Option<P>)>> + Send + 'static,
{
    // The position of the next page; `None` at the end.
    stream::try_unfold(Some(None), move |place: Option<Option<P>>| {
        let reading = place.map(|place| (place.is_none(), read(place)));
        async move {
            let Some((is_first, reading)) = reading else { return Ok(None) };
            let (rows, last) = reading.await?;
            let lines = lines(is_first.then_some(columns), &rows).map_err(io::Error::other)?;
            Ok(Some((lines, last.map(Some))))
        }
    })
}

/// Writes rows as lines of CSV, with each cell made harmless.
fn lines(header: Option<&[&str]>, rows: &[Vec<String>]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if let Some(header) = header {
        writer.write_record(header)?;
    }
    for row in rows {
        writer.write_record(row.iter().map(|cell| harmless(cell).into_owned()))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// First characters of cells that a spreadsheet runs as a formula: signs, also in full width, and white space that it
/// skips.
const RUNS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Prefixes a text that a spreadsheet would run as a formula with an apostrophe. Numbers, with or without a sign, stay
/// as they are.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let is_number = text
        .strip_prefix(['+', '-'])
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    if !is_number && text.trim_start_matches(' ').starts_with(RUNS) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

impl<T: IsObjectType + ParseFromJSON + ToJSON + Type + Send + Sync> IntoResponse for Listing<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Page(page) => Json(page).into_response(),
            Self::Long(page) => page.into_response(),
            Self::Csv(body, name) => Response::builder()
                .content_type(CSV)
                .header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\""))
                .body(body),
        }
    }
}

impl<T: IsObjectType + ParseFromJSON + ToJSON + Type + Send + Sync> ApiResponse for Listing<T> {
    fn meta() -> MetaResponses {
        let page = MetaMediaType { content_type: Json::<Page<T>>::CONTENT_TYPE, schema: Json::<Page<T>>::schema_ref() };
        let csv = MetaMediaType {
            content_type: "text/csv",
            schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new("string"))),
        };
        answers_with_any("A page of the list or, with `Accept: text/csv`, all of it.", vec![page, csv])
    }

    fn register(registry: &mut Registry) {
        Page::<T>::register(registry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_one_field_and_no_formula() {
        for text in ["=1", "+1+1", "-1-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\n", " =1", "＝1", "＋1", "－1", "＠1"]
        {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for text in ["-15", "+12025550123", "INV-1", ""] {
            assert_eq!(harmless(text), text);
        }
    }

    #[tokio::test]
    async fn a_list_is_read_page_by_page() {
        // Two rows are looked through for each page, and none of the second two matches.
        let read = |after: Option<u32>| async move {
            let after = after.unwrap_or(0);
            let rows = (after + 1..=after + 2).filter(|row| [1, 2, 5].contains(row)).collect::<Vec<_>>();
            let last = Some(after + 2).filter(|looked| *looked < 5);
            Ok((rows.iter().map(|row| vec![row.to_string(), "two\nlines, \"quoted\"".to_owned()]).collect(), last))
        };
        let text = csv(&["number", "text"], read).into_string().await.unwrap();
        assert!(text.starts_with("number,text\r\n1,\"two\nlines, \"\"quoted\"\"\"\r\n2,"), "{text}");
        assert_eq!(text.matches("two").count(), 3);
        assert!(text.contains("\r\n5,"), "{text}");
    }
}
