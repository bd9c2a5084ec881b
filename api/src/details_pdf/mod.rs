//! The order's details page as a PDF: what a buyer gets as the invoice when the merchant has none of their own.
//!
//! [`render`] is a pure function: the same page gives the same bytes, on every machine. There is no clock, no random id
//! and no system font in it. [`typeface`] shapes and measures text, [`sections`] and [`layout`] decide what stands where, on
//! how many sheets, and [`paint`] writes that down as a PDF.

mod layout;
mod page;
mod paint;
mod sections;
mod sheet;
mod table;
#[cfg(test)]
mod tests;
mod typeface;

pub(crate) use page::{DetailsPage, ItemLine, Merchant};

use krilla::error::KrillaError;

/// Why a details page could not be rendered. None of these depends on what the merchant wrote.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DetailsPdfError {
    /// A font compiled into the program could not be read.
    #[error("the embedded font {0} cannot be read")]
    Font(&'static str),
    /// The PDF could not be written.
    #[error("the details page could not be written as a PDF")]
    Write(#[source] KrillaError),
}

/// Renders `page` as a PDF 1.7 document on A4.
///
/// Latin, Greek and Cyrillic text is drawn with Noto Sans, which travels inside the file as the glyphs that are used;
/// any other character is drawn as a box. Control characters are treated as white space.
///
/// It takes a few milliseconds of processor time, and more with thousands of items: call it off the async runtime's
/// threads if an order may be that long.
///
/// # Errors
/// [`DetailsPdfError`] when the embedded fonts or the PDF writer fail, which no input brings about.
pub(crate) fn render(page: &DetailsPage) -> Result<Vec<u8>, DetailsPdfError> {
    let faces = typeface::Typefaces::embedded()?;
    let sheets = sections::sheets(page, faces);
    paint::document(page, faces, sheets)
}
