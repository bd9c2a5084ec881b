//! Checks that an upload is an invoice that the buyer will be able to open, extracts its text, and renders its first
//! page.
//!
//! Whatever PDF viewers open is accepted. The bytes are untrusted, and a few hundred of them can demand terabytes or
//! years, so each file is read in a process of its own ([`PdfReader`] starts it, [`answer_to`] is what it does), which
//! the system kills when it exceeds its limits. That process estimates the cost of a page ([`glyphs`]) before it draws
//! it ([`picture`]): an invoice that is valid but too expensive is accepted without a picture.

mod answer;
mod glyphs;
mod guard;
mod picture;
mod reader;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use serde::{Deserialize, Serialize};

pub use answer::answer_to;
pub(crate) use guard::warnings;
pub use reader::PdfReader;

/// How many bytes may come before `%PDF-`, as viewers allow.
const HEAD: usize = 1024;

/// The contents of a PDF that opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reading {
    /// The number of pages, at least one.
    pub(crate) pages: u32,
    /// The text on its pages, as far as its fonts allow.
    pub(crate) text: String,
    /// The first page as a PNG; `None` if it would be too expensive.
    #[serde(skip)]
    pub(crate) first_page: Option<Bytes>,
    /// Whether the first page is blank.
    pub(crate) is_blank: bool,
}

/// Why an upload is refused. The messages are for the merchant who uploaded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum PdfError {
    /// There is no `%PDF-` near the beginning.
    #[error("The file is not a PDF.")]
    NotAPdf,
    /// It needs a password or a certificate to open.
    #[error("The PDF is protected by a password. Please upload a copy that opens without one.")]
    Protected,
    /// It has no pages.
    #[error("The PDF has no pages.")]
    NoPages,
    /// Reading it takes more resources than any invoice needs.
    #[error("The PDF is too complex to be checked. Please print it to a new PDF and upload that.")]
    TooComplex,
    /// It is damaged beyond what viewers repair.
    #[error("The PDF is damaged and cannot be opened. Please export it again and upload the new file.")]
    Damaged,
}

/// Reads a PDF that opens without a password. Its cost is bounded only by the limits of the process it runs in.
///
/// # Errors
/// Returns a [`PdfError`], whose message is a sentence for the merchant.
fn read(content: &Bytes) -> Result<Reading, PdfError> {
    if !content[..content.len().min(HEAD)].windows(5).any(|start| start == b"%PDF-") {
        return Err(PdfError::NotAPdf);
    }
    if !names_its_catalog(content) {
        return Err(PdfError::Damaged);
    }
    let pdf = Pdf::new(content.to_vec()).map_err(refusal)?;
    let pages = pdf.pages();
    let Some(first) = pages.first() else { return Err(PdfError::NoPages) };
    let glyphs = glyphs::read(&pdf);
    let picture = glyphs.is_affordable.then(|| picture::draw(first)).flatten();
    Ok(Reading {
        pages: u32::try_from(pages.len()).unwrap_or(u32::MAX),
        text: glyphs.text,
        is_blank: picture.as_ref().is_some_and(|picture| picture.is_blank),
        first_page: picture.map(|picture| picture.png),
    })
}

/// Whether there is a trailer, or a cross-reference stream in its place. Without one, viewers find nothing to show,
/// while our reader would keep searching.
fn names_its_catalog(content: &[u8]) -> bool {
    let names = |word: &[u8]| content.windows(word.len()).any(|bytes| bytes == word);
    names(b"trailer") || names(b"XRef")
}

const fn refusal(error: LoadPdfError) -> PdfError {
    match error {
        LoadPdfError::Decryption(
            DecryptionError::PasswordProtected
            | DecryptionError::MissingIDEntry
            | DecryptionError::InvalidEncryption
            | DecryptionError::UnsupportedAlgorithm,
        ) => PdfError::Protected,
        LoadPdfError::Invalid => PdfError::Damaged,
    }
}
