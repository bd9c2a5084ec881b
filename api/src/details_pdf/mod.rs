//! Renders an order's details page as a PDF, which serves as the invoice if the merchant does not upload one.
//!
//! [`render`] is a pure function without clock or random ids: the same page gives the same bytes, on every machine as
//! long as the bundled fonts cover the text. [`typeface`] shapes and measures text, [`sections`] and [`layout`] place
//! it on sheets, and [`paint`] writes the PDF.

mod characters;
mod fallback;
mod layout;
mod page;
mod paint;
mod sections;
mod sheet;
mod table;
#[cfg(test)]
mod tests;
mod typeface;
mod typefaces;

pub(crate) use page::{DetailsPage, Evidence, ItemLine, Logo, Merchant, Paper, Receipt, Section};

use krilla::error::KrillaError;

use crate::buyer::Words;

/// Why a details page could not be rendered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DetailsPdfError {
    /// A bundled font could not be read.
    #[error("the embedded font {0} cannot be read")]
    Font(&'static str),
    /// No font has the character, which would show as a box.
    #[error("no font has the character {0:?}, U+{code:04X}", code = u32::from(*.0))]
    Undrawable(char),
    /// The PDF could not be written.
    #[error("the details page could not be written as a PDF")]
    Write(#[source] KrillaError),
}

/// Renders `page` as a PDF 1.7 document.
///
/// Latin, Greek and Cyrillic text uses Noto Sans, any other text system fonts; the used glyphs of both are embedded.
/// Control characters count as white space.
///
/// Takes a few milliseconds of CPU time, and more with thousands of items: call it off the async runtime's threads if
/// an order may be that long.
///
/// # Errors
/// Returns [`DetailsPdfError::Undrawable`] for a character that no font has. No input causes the other errors.
pub(crate) fn render(page: &DetailsPage) -> Result<Vec<u8>, DetailsPdfError> {
    let faces = typefaces::Typefaces::embedded()?;
    let undrawable = page.texts().find_map(|text| faces.undrawable_in(text));
    if let Some(character) = undrawable.filter(|_| page.evidence.is_none()) {
        return Err(DetailsPdfError::Undrawable(character));
    }
    // Evidence must be rendered whatever buyers wrote, so characters without a glyph are replaced by their names.
    let named;
    let page = match &page.evidence {
        Some(evidence) => {
            named = DetailsPage { evidence: Some(evidence.naming(|text| faces.undrawable_in(text))), ..page.clone() };
            &named
        }
        None => page,
    };
    let plain;
    let words = drawable_with(page.words, faces);
    let page = if words == page.words {
        page
    } else {
        plain = DetailsPage { words, ..page.clone() };
        &plain
    };
    let sheets = sections::sheets(page, faces);
    paint::document(page, sheets)
}

/// These words, or the English ones if the system has no fonts for their language. Reads fonts: call it off the async
/// runtime's threads.
pub(crate) fn drawable(words: &'static Words) -> &'static Words {
    match typefaces::Typefaces::embedded() {
        Ok(faces) => drawable_with(words, faces),
        Err(_) => words,
    }
}

/// A system without the fonts of a language gets English rather than boxes.
fn drawable_with(words: &'static Words, faces: &typefaces::Typefaces) -> &'static Words {
    let lacks = words.of_documents().any(|text| faces.undrawable_in(text).is_some());
    if lacks { Words::of("en") } else { words }
}
