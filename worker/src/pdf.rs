//! Is this upload an invoice that the buyer will be able to open?
//!
//! [`inspect`] reads what a viewer reads first: the end of the file, the cross-reference table, the catalog and the tree
//! of pages. Pages are never drawn and what stands on them is never decompressed.
//!
//! The bytes come from outside, and a few kilobytes can ask for gigabytes. `lopdf`'s own loader limits how far one stream
//! may expand, but it reads every object the table names, so a table that names one large object a hundred thousand times
//! costs a hundred thousand copies. Here the structure is followed lazily instead, and every step is paid for out of one
//! [`budget`]; `lopdf` supplies the object model, the stream filters and the decryption. A table that is wrong is rebuilt
//! once by looking through the file ([`repair`]), as viewers do.

mod budget;
mod file;
mod pages;
mod repair;
mod syntax;
#[cfg(test)]
mod tests;
mod xref;

pub(crate) use syntax::Fault;

use budget::Budget;
use file::File;

/// How much of the end of a file is searched for the end marker, as viewers do.
const TAIL: usize = 1024;

/// What is known of a PDF that can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PdfFacts {
    /// How many pages it has; at least one.
    pub(crate) pages: u32,
}

/// Why an upload is refused. The messages are for the merchant who uploaded it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PdfError {
    /// It does not start with `%PDF-`.
    #[error("The file is not a PDF.")]
    NotAPdf,
    /// Its end is missing.
    #[error("The PDF is incomplete: its end is missing. Please export it again and upload the new file.")]
    Truncated,
    /// It cannot be opened without a password or a certificate.
    #[error("The PDF is protected by a password. Please upload a copy that opens without one.")]
    Protected,
    /// It opens, on nothing.
    #[error("The PDF has no pages.")]
    NoPages,
    /// Reading its structure would take more than any invoice does.
    #[error("The PDF is too complex to be checked. Please print it to a new PDF and upload that.")]
    TooComplex,
    /// Its structure is broken beyond what viewers repair.
    #[error("The PDF is damaged and cannot be opened. Please export it again and upload the new file.")]
    Damaged(#[source] Fault),
}

impl From<Fault> for PdfError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::OverBudget => Self::TooComplex,
            Fault::Syntax { .. } | Fault::Stream(_) => Self::Damaged(fault),
        }
    }
}

/// Checks that `bytes` are a whole PDF that opens without a password, and counts its pages.
///
/// Bounded in time and memory whatever the bytes are, but it is still work for a processor, up to about a second for
/// input made to be slow: call it where it may block.
///
/// # Errors
/// [`PdfError`], whose message is a sentence for the merchant.
pub(crate) fn inspect(bytes: &[u8]) -> Result<PdfFacts, PdfError> {
    inspect_within(bytes, &Budget::default())
}

fn inspect_within(bytes: &[u8], budget: &Budget) -> Result<PdfFacts, PdfError> {
    if !bytes.starts_with(b"%PDF-") {
        return Err(PdfError::NotAPdf);
    }
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    if syntax::find(tail, b"%%EOF").is_none() {
        return Err(PdfError::Truncated);
    }
    let as_written = xref::read(bytes, budget).map_err(PdfError::from).and_then(|index| facts(bytes, budget, index));
    match as_written {
        Err(broken @ (PdfError::Damaged(_) | PdfError::NoPages)) => {
            let rebuilt = repair::rebuild(bytes, budget)?;
            facts(bytes, budget, rebuilt).map_err(|still| match still {
                // What could not be found again is missing because of what was broken at first.
                PdfError::NoPages | PdfError::Damaged(_) => broken,
                PdfError::NotAPdf | PdfError::Truncated | PdfError::Protected | PdfError::TooComplex => still,
            })
        }
        Ok(_) | Err(PdfError::NotAPdf | PdfError::Truncated | PdfError::Protected | PdfError::TooComplex) => as_written,
    }
}

fn facts(bytes: &[u8], budget: &Budget, index: xref::Index) -> Result<PdfFacts, PdfError> {
    let file = File::open(bytes, budget, index)?;
    match pages::count(&file)? {
        0 => Err(PdfError::NoPages),
        pages => Ok(PdfFacts { pages }),
    }
}
