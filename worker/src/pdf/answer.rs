//! The answer of the process that reads a PDF: a line of JSON, followed by the first page as PNG.

use std::panic;

use bytes::Bytes;

use super::{PdfError, Reading, read};

/// Reads a PDF and encodes the result. The file decides the cost, so call this only in a process with bounded memory
/// and time, on a thread with a large stack.
///
/// # Errors
/// Returns an error if the answer cannot be written as JSON, which no file can cause.
pub fn answer_to(content: &Bytes) -> Result<Vec<u8>, serde_json::Error> {
    let read = panic::catch_unwind(|| read(content)).unwrap_or(Err(PdfError::Damaged));
    say(&read)
}

fn say(read: &Result<Reading, PdfError>) -> Result<Vec<u8>, serde_json::Error> {
    let mut answer = serde_json::to_vec(read)?;
    answer.push(b'\n');
    if let Ok(Reading { first_page: Some(png), .. }) = read {
        answer.extend_from_slice(png);
    }
    Ok(answer)
}

/// Decodes the answer; `None` if it is invalid.
pub(super) fn understand(answer: &Bytes) -> Option<Result<Reading, PdfError>> {
    let end = answer.iter().position(|byte| *byte == b'\n')?;
    let mut read: Result<Reading, PdfError> = serde_json::from_slice(&answer[..end]).ok()?;
    if let Ok(reading) = &mut read {
        let png = answer.slice(end + 1..);
        reading.first_page = (!png.is_empty()).then_some(png);
    }
    Some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        let text = "Invoice\nINV-1 \u{fffd}".to_owned();
        let plain = Reading { pages: 3, text, first_page: None, is_blank: false };
        let drawn = Reading { first_page: Some(Bytes::from_static(b"\x89PNG\r\n\x1a\n{}\n")), ..plain.clone() };
        for read in [Ok(plain), Ok(drawn), Err(PdfError::Protected)] {
            assert_eq!(understand(&say(&read).unwrap().into()), Some(read));
        }
        for nonsense in ["", "{}\n", "running 0 tests\n", "{\"Err\":\"NoPages\"}"] {
            assert_eq!(understand(&Bytes::from_static(nonsense.as_bytes())), None, "{nonsense}");
        }
    }
}
