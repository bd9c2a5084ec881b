//! The input of a batch: JSON, or CSV with a header line. An unreadable row is refused on its own and does not fail the
//! batch.

use domain::limits::LONGEST_NUMBER;
use entity::batch::AsRead;
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions, Object,
    error::ContentTypeError,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry},
    types::Type,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::sheet::{self, SheetRow};
use crate::{
    Problem, description,
    http::{
        characters,
        typed::{Amount, CalendarDay, CurrencyCode, Line, Metadata, Prose},
    },
    v1::order_input::{CustomerInput, ItemInput},
};

/// The longest text that is shown of a cell that cannot be used.
const LONGEST_READ: usize = 120;

/// The most rows of a batch.
pub(super) const MOST_ROWS: usize = 1_000;

/// Many orders at once.
#[derive(Debug, Object)]
#[oai(rename = "NewBatch")]
struct BatchInput {
    /// The rows.
    #[oai(validator(min_items = 1, max_items = 1000))]
    rows: Vec<RowInput>,
    /// Text each link to its buyer as soon as it can be paid.
    #[oai(default)]
    send: bool,
}

/// A row of a batch: an order with a key.
#[derive(Debug, Object)]
#[oai(rename = "NewBatchRow")]
struct RowInput {
    /// Your key for the row. Of all rows with the same key, in any batch, one is carried out.
    key: Line<100>,
    /// Your order number.
    number: Line<LONGEST_NUMBER>,
    /// The buyer.
    customer: CustomerInput,
    /// The total as a decimal string: `"129.50"`. It must equal the sum of items, shipping, discount and tax; with
    /// items it may be left out.
    amount: Option<Amount>,
    /// ISO 4217, such as `eur`. Absent: the merchant's currency.
    currency: Option<CurrencyCode>,
    /// The items.
    #[oai(default, validator(max_items = 500))]
    items: Vec<ItemInput>,
    /// The cost of shipping.
    shipping: Option<Amount>,
    /// The discount.
    discount: Option<Amount>,
    /// The tax, unless it is included in the items.
    tax: Option<Amount>,
    /// The date of your invoice. Absent: the day on which the payment link is created.
    invoice_date: Option<CalendarDay>,
    /// The day by which the invoice is to be paid.
    due_date: Option<CalendarDay>,
    /// Data for your software.
    #[oai(default)]
    metadata: Metadata,
    /// Notes for your staff. Buyers never see them.
    notes: Option<Prose<2000>>,
}

/// A row as sent.
#[derive(Debug)]
pub(super) struct SentRow {
    /// The key; empty if it has none.
    pub(super) key: String,
    /// Whether the key is not its order's number for want of one.
    pub(super) has_own_key: bool,
    /// The order's number, if it has a valid one.
    pub(super) number: Option<String>,
    /// The signs of currencies beside its amount.
    pub(super) signs: Vec<String>,
    /// Its dates as they were written, by field.
    pub(super) dates: Vec<(&'static str, String)>,
    /// What was read, to be shown if it cannot be carried out.
    pub(super) read: AsRead,
    /// The order as valid JSON, or what is wrong with the row.
    pub(super) order: Result<Value, Problem>,
}

/// A batch as sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) rows: Vec<SentRow>,
    pub(super) send: bool,
    pub(super) bytes: Vec<u8>,
}

const CSV: &str = "text/csv";

impl Sent {
    fn of_json(request: &Request, bytes: Vec<u8>) -> Result<Self, Problem> {
        if columns_told(request)?.is_some() {
            return Err(Problem::field("columns", "is for a CSV: JSON names its fields"));
        }
        let mut read: Value = serde_json::from_slice(&bytes).map_err(|error| Problem::malformed(error.to_string()))?;
        // The fields around the rows must be valid; errors in rows are reported for each row.
        let rows = match read.get_mut("rows") {
            Some(Value::Array(rows)) => std::mem::take(rows),
            Some(_) | None => Vec::new(),
        };
        if let Some(sent) = read.get_mut("rows").filter(|sent| sent.is_array()) {
            *sent = json!([{"key": "1", "number": "1", "customer": {"name": "1", "phone": "+12025550123"}}]);
        }
        characters::check_json(&read)?;
        description::check_body(request, &read)?;
        let rows = checked(rows)?;
        let send = read.get("send").and_then(Value::as_bool).unwrap_or_default();
        let rows = rows.into_iter().map(|row| SentRow::of(request, row)).collect();
        Ok(Self { rows, send, bytes })
    }

    fn of_csv(request: &Request, bytes: Vec<u8>) -> Result<Self, Problem> {
        let rows = checked(sheet::rows(&bytes, columns_told(request)?.as_deref(), MOST_ROWS)?)?;
        let rows = rows.into_iter().map(|SheetRow { sent, has_own_key, signs, dates, fault }| {
            let row = SentRow::of(request, sent);
            SentRow { has_own_key, signs, dates, order: fault.map_or(row.order, Err), ..row }
        });
        let rows = rows.collect();
        Ok(Self { rows, send: false, bytes })
    }
}

/// The meaning of a CSV's columns, from the query.
fn columns_told(request: &Request) -> Result<Option<String>, Problem> {
    #[derive(Deserialize)]
    struct Told {
        columns: Option<String>,
    }
    let Told { columns } = request.params().map_err(|error| Problem::malformed(error.to_string()))?;
    Ok(columns)
}

impl SentRow {
    fn of(request: &Request, mut row: Value) -> Self {
        let unwanted = characters::check_json(&row).err();
        // What is kept of the row, to be shown, has none.
        characters::blank(&mut row);
        let key = row.get("key").and_then(Value::as_str).map(|key| key.trim().to_owned()).unwrap_or_default();
        let fault = unwanted.or_else(|| description::check_body(request, &json!({"rows": [&row]})).err());
        if let Value::Object(row) = &mut row {
            row.remove("key");
        }
        let number = row.get("number").and_then(Value::as_str).map(|number| number.trim().to_owned());
        let number = number.filter(|number| (1..=LONGEST_NUMBER).contains(&number.chars().count()));
        let said = |place: &str| {
            let text = row.pointer(place).and_then(Value::as_str).unwrap_or_default();
            text.trim().chars().take(LONGEST_READ).collect::<String>()
        };
        let (customer_name, customer_phone) = (said("/customer/name"), said("/customer/phone"));
        let read = AsRead { customer_name, customer_phone, amount: said("/amount") };
        let (signs, dates) = (Vec::new(), Vec::new());
        Self { key, has_own_key: true, number, signs, dates, read, order: fault.map_or(Ok(row), Err) }
    }
}

fn checked<Row>(rows: Vec<Row>) -> Result<Vec<Row>, Problem> {
    if rows.is_empty() {
        return Err(Problem::field("rows", "must be a list of at least one order with a key"));
    }
    if rows.len() > MOST_ROWS {
        return Err(Problem::field("rows", format!("must not be more than {MOST_ROWS}")));
    }
    Ok(rows)
}

impl<'a> ApiExtractor<'a> for Sent {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        BatchInput::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let text = MetaSchemaRef::Inline(Box::new(MetaSchema {
            description: Some("A line of names, and a line for each row."),
            ..MetaSchema::new("string")
        }));
        Some(MetaRequest {
            description: None,
            content: vec![
                MetaMediaType { content_type: Json::<BatchInput>::CONTENT_TYPE, schema: BatchInput::schema_ref() },
                MetaMediaType { content_type: CSV, schema: text },
            ],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let sent = request.content_type().ok_or(ContentTypeError::ExpectContentType)?.to_ascii_lowercase();
        if !sent.starts_with(CSV) && !Json::<BatchInput>::check_content_type(&sent) {
            return Err(ContentTypeError::NotSupported { content_type: sent }.into());
        }
        let bytes = <Vec<u8> as FromRequest>::from_request(request, body).await?;
        Ok(if sent.starts_with(CSV) { Self::of_csv(request, bytes)? } else { Self::of_json(request, bytes)? })
    }
}
