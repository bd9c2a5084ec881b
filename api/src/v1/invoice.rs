//! Reading the invoice of a payment link.

use entity::{documents::DocumentError, link};
use poem::http::StatusCode;

use crate::{Api, Problem, http::pdf_response::Pdf};

/// The link's invoice, unless it was erased.
pub(crate) async fn read_invoice(api: &Api, link: &link::Model) -> Result<Pdf, Problem> {
    let (Some(document), Some(number)) = (&link.document, &link.invoice_number) else {
        return Err(Problem::new(StatusCode::GONE, "purged", "The invoice was erased."));
    };
    let read = match &link.document_sha256 {
        Some(sha256) => api.documents.read_as(document, sha256).await,
        None => api.documents.read(document).await,
    };
    let invoice = read.map_err(|error| match error {
        // An upload may be moving from staging to the store, so it is looked for in both.
        DocumentError::Missing if link.document_pages.is_some() => Problem::invoice_damaged(error),
        DocumentError::Altered => Problem::invoice_damaged(error),
        DocumentError::Missing | DocumentError::Store(_) | DocumentError::TimedOut => error.into(),
    })?;
    Ok(Pdf::inline(invoice, &format!("invoice-{number}")))
}
