//! Checks that an upload is an invoice that the buyer will be able to open, extracts its text, and renders its first page.
//!
//! Whatever PDF viewers open is accepted. The bytes are untrusted, and a few hundred of them can demand terabytes or years, so each file is
//! read in a process of its own ([`PdfReader`] starts it, [`answer_to`] is what it does), which the system kills when it exceeds its
//! limits. That process estimates the cost of a page ([`glyphs`]) before it draws it ([`picture`]): an invoice that is honest but too
//! expensive is accepted without a picture.

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

/// How much of the beginning may come before `%PDF-`, as viewers allow.
const HEAD: usize = 1024;

/// What is known of a PDF that can be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reading {
    /// How many pages it has; at least one.
    pub(crate) pages: u32,
    /// What is written on its pages, as far as its fonts tell.
    pub(crate) text: String,
    /// The first page as a PNG; absent: it would take more than any invoice does.
    #[serde(skip)]
    pub(crate) first_page: Option<Bytes>,
    /// Whether nothing is drawn on the first page.
    pub(crate) is_blank: bool,
}

/// Why an upload is refused. The messages are for the merchant who uploaded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum PdfError {
    /// `%PDF-` is nowhere near its beginning.
    #[error("The file is not a PDF.")]
    NotAPdf,
    /// It cannot be opened without a password or a certificate.
    #[error("The PDF is protected by a password. Please upload a copy that opens without one.")]
    Protected,
    /// It opens, on nothing.
    #[error("The PDF has no pages.")]
    NoPages,
    /// Reading it takes more than any invoice does.
    #[error("The PDF is too complex to be checked. Please print it to a new PDF and upload that.")]
    TooComplex,
    /// It is broken beyond what viewers repair.
    #[error("The PDF is damaged and cannot be opened. Please export it again and upload the new file.")]
    Damaged,
}

/// Reads a PDF that opens without a password. What it may cost is bounded only by the process that it runs in.
///
/// # Errors
/// [`PdfError`], whose message is a sentence for the merchant.
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

/// Whether there is a trailer, or a cross-reference stream in its place: without one viewers do not find what to show, where our
/// reader goes on looking.
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
