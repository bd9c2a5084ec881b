//! The multipart form that creates a payment link. The PDF is streamed to the store and never held in memory as a
//! whole.

mod staged;
mod terms;
mod upload;

use domain::{LinkId, Reminding, limits::LONGEST_NUMBER};
use entity::Documents;
use poem::{Request, RequestBody, web::Field};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    error::ContentTypeError,
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef},
    types::{Binary, Type},
};
use tokio::io::AsyncReadExt;

use self::upload::{Invoice, stage};
pub(super) use self::{staged::Staged, terms::LinkTerms};
use super::link_reminders::SentReminders;
use crate::{
    Problem,
    http::{
        multipart::{FormParts, unreadable},
        typed::{Amount, CalendarDay, CurrencyCode, Line, Metadata, PaymentMethodsText},
    },
};

/// The longest text of a field.
const LONGEST_TEXT: u64 = 32 * 1_024;

/// The form before it is read.
pub(super) struct LinkForm(Option<FormParts>);

/// The fields of the form. The invoice, if there is one, is in staging.
#[derive(Debug, Default)]
pub(super) struct FilledForm {
    /// The invoice, if one was sent.
    pub(super) invoice: Option<Invoice>,
    invoice_number: Option<String>,
    amount: Option<String>,
    currency: Option<String>,
    expires_on: Option<String>,
    metadata: Option<String>,
    payment_methods: Option<String>,
    receipt: Option<String>,
    reminders: SentReminders,
}

impl LinkForm {
    /// Reads the form, and streams the invoice to the link's staging path.
    pub(super) async fn read(self, documents: &Documents, link: LinkId) -> Result<FilledForm, Problem> {
        match self.0 {
            Some(parts) => read_fields(parts, documents, link).await,
            None => Ok(FilledForm::default()),
        }
    }
}

async fn read_fields(mut parts: FormParts, documents: &Documents, link: LinkId) -> Result<FilledForm, Problem> {
    let mut filled = FilledForm::default();
    while let Some(field) = parts.next().await? {
        let name = field.name().unwrap_or_default().to_owned();
        let place = match name.as_str() {
            "invoice" => {
                once(&name, filled.invoice.is_some())?;
                filled.invoice = Some(stage(field, documents, link).await?);
                continue;
            }
            "invoice_number" => &mut filled.invoice_number,
            "amount" => &mut filled.amount,
            "currency" => &mut filled.currency,
            "expires_on" => &mut filled.expires_on,
            "metadata" => &mut filled.metadata,
            "payment_methods" => &mut filled.payment_methods,
            "receipt" => &mut filled.receipt,
            "reminders" => &mut filled.reminders.reminders,
            "reminder_after_days" => &mut filled.reminders.reminder_after_days,
            "reminders_at_most" => &mut filled.reminders.reminders_at_most,
            "last_reminder_days" => &mut filled.reminders.last_reminder_days,
            unknown => return Err(Problem::unknown(unknown, "is not a field of this form")),
        };
        once(&name, place.is_some())?;
        *place = Some(text(field).await?);
    }
    Ok(filled)
}

/// Refuses a repeated field: nothing is silently ignored, and a form has no more parts than fields.
fn once(name: &str, is_there: bool) -> Result<(), Problem> {
    if is_there { Err(Problem::field(name, "must be sent only once")) } else { Ok(()) }
}

async fn text(field: Field) -> Result<String, Problem> {
    let name = field.name().unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    let mut reader = field.into_async_read().take(LONGEST_TEXT + 1);
    reader.read_to_end(&mut bytes).await.map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > LONGEST_TEXT {
        return Err(Problem::field(&name, "is too long"));
    }
    String::from_utf8(bytes).map_err(|_| Problem::field(&name, "is not UTF-8"))
}

impl FilledForm {
    /// Bytes that are equal for two forms if and only if they request the same.
    pub(super) fn canonical(&self) -> Vec<u8> {
        let texts = (&self.invoice_number, &self.amount, &self.currency, &self.expires_on, &self.metadata);
        // Absent fields are left out, so that answers stored before a field existed are still found.
        let methods = self.payment_methods.as_ref().map(|methods| format!(" {methods:?}")).unwrap_or_default();
        let reminders = self.reminders.canonical();
        let receipt = self.receipt.as_ref().map(|receipt| format!(" receipt {receipt:?}")).unwrap_or_default();
        let invoice = self.invoice.as_ref().map(|invoice| &invoice.sha256);
        format!("{texts:?} {invoice:?}{methods}{reminders}{receipt}").into_bytes()
    }
}

impl LinkForm {
    const CONTENT_TYPE: &'static str = "multipart/form-data";

    fn schema() -> MetaSchemaRef {
        let described = |schema: MetaSchemaRef, description: &'static str| {
            schema.merge(MetaSchema { description: Some(description), ..MetaSchema::ANY })
        };
        let whole = |(least, most): (u8, u8), description| {
            let (minimum, maximum) = (Some(least.into()), Some(most.into()));
            let bounds = MetaSchema { minimum, maximum, ..MetaSchema::new("integer") };
            described(MetaSchemaRef::Inline(Box::new(bounds)), description)
        };
        let invoice =
            described(Binary::<Vec<u8>>::schema_ref(), "A PDF of at most 10 MiB; absent: the order's details page.");
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            properties: vec![
                ("invoice", invoice),
                ("invoice_number", described(Line::<LONGEST_NUMBER>::schema_ref(), "Absent: the order's number.")),
                ("amount", described(Amount::schema_ref(), "Absent: the order's.")),
                ("currency", described(CurrencyCode::schema_ref(), "ISO 4217; absent: the order's.")),
                (
                    "expires_on",
                    described(CalendarDay::schema_ref(), "The last day on which it can be paid, at most 90 days away."),
                ),
                (
                    "metadata",
                    described(Metadata::schema_ref(), "What your software is to keep with it: a JSON object of texts."),
                ),
                (
                    "payment_methods",
                    described(PaymentMethodsText::schema_ref(), "How it may be paid; absent: as the merchant says."),
                ),
                (
                    "receipt",
                    described(
                        bool::schema_ref(),
                        "Whether its buyer gets a text once paid; absent: as the merchant says.",
                    ),
                ),
                (
                    "reminders",
                    described(bool::schema_ref(), "Whether its buyer is reminded; absent: as the merchant says."),
                ),
                (
                    "reminder_after_days",
                    whole(
                        Reminding::AFTER_DAYS,
                        "How many days after the last text about it; absent: as the merchant says.",
                    ),
                ),
                ("reminders_at_most", whole(Reminding::AT_MOST, "How often, at most; absent: as the merchant says.")),
                (
                    "last_reminder_days",
                    whole(
                        Reminding::LAST_DAYS,
                        "How many days before it expires its buyer is reminded once more; 0: not; absent: as the merchant says.",
                    ),
                ),
            ],
            ..MetaSchema::new("object")
        }))
    }
}

impl<'a> ApiExtractor<'a> for LinkForm {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType { content_type: Self::CONTENT_TYPE, schema: Self::schema() }],
            required: false,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        // All fields are optional, and so is the form.
        let length = request.header("content-length");
        let Some(sent) = request.content_type().filter(|_| length != Some("0")) else {
            let is_empty = length.is_none_or(|length| length == "0");
            return if is_empty { Ok(Self(None)) } else { Err(ContentTypeError::ExpectContentType.into()) };
        };
        if !sent.to_ascii_lowercase().starts_with(Self::CONTENT_TYPE) {
            return Err(ContentTypeError::NotSupported { content_type: sent.to_owned() }.into());
        }
        Ok(Self(Some(FormParts::of(request, body.take()?).await?)))
    }
}
