use std::path::Path;

use domain::{Currency, Money};
use entity::link::InvoiceWarning;

use super::*;

fn fixture(name: &str) -> Bytes {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    std::fs::read(folder.join(name)).unwrap().into()
}

fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<</Length {} {entries}>>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// A file of these objects, numbered from 1, the first of which is the catalog.
fn file(objects: &[Vec<u8>]) -> Bytes {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    for (number, object) in objects.iter().enumerate() {
        bytes.extend(format!("{} 0 obj\n", number + 1).bytes());
        bytes.extend(object);
        bytes.extend(b"\nendobj\n");
    }
    bytes.extend(b"trailer\n<</Root 1 0 R>>\n%%EOF\n");
    bytes.into()
}

/// One page with this content.
fn page(content: &[u8], more: &[Vec<u8>], resources: &str) -> Bytes {
    let mut objects = vec![
        b"<</Type /Catalog /Pages 2 0 R>>".to_vec(),
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>".to_vec(),
        format!("<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <<{resources}>>>>")
            .into_bytes(),
        stream("", content),
    ];
    objects.extend_from_slice(more);
    file(&objects)
}

#[tokio::test]
async fn what_viewers_open_is_taken() {
    for name in [
        "opens-2k-zeros-after-end",
        "opens-newline-before-header",
        "opens-no-end-marker",
        "opens-php-notice-before-header",
        "opens-plain",
        "opens-word-without-slash",
    ] {
        let read = inspect(fixture(&format!("pdf/{name}.pdf"))).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(read.pages == 1 && read.first_page.is_some() && !read.is_blank, "{name}");
    }
    let invoice = inspect(fixture("invoice-3-pages.pdf")).await.unwrap();
    assert_eq!(invoice.pages, 3);
    assert!(invoice.first_page.unwrap().starts_with(b"\x89PNG"));
    assert!(inspect(fixture("owner-restricted.pdf")).await.is_ok());
}

#[tokio::test]
async fn what_viewers_cannot_open_is_refused_in_words_for_the_merchant() {
    let refused = async |content: Bytes| inspect(content).await.unwrap_err();
    assert_eq!(refused(fixture("encrypted.pdf")).await, PdfError::Protected);
    assert_eq!(refused("This is no PDF.".into()).await, PdfError::NotAPdf);
    assert_eq!(refused(Bytes::new()).await, PdfError::NotAPdf);
    assert_eq!(refused("%PDF-1.7 and nothing else".into()).await, PdfError::Damaged);
    let no_trailer = refused(fixture("pdf/unopenable-in-viewers-no-trailer.pdf")).await;
    assert!([PdfError::Damaged, PdfError::NoPages].contains(&no_trailer), "{no_trailer}");
}

#[tokio::test]
async fn a_blank_first_page_is_told() {
    assert!(inspect(fixture("pdf/blank-read-as-text.pdf")).await.unwrap().is_blank);
    assert!(inspect(page(b"", &[], "")).await.unwrap().is_blank);
}

#[tokio::test]
async fn the_text_is_held_against_what_was_typed() {
    let font = b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>".to_vec();
    let content = b"BT /F1 12 Tf 72 700 Td (Invoice INV-2026/14) Tj 0 -20 Td (Total $ 1,234.50) Tj ET";
    let read = inspect(page(content, &[font], "/Font <</F1 5 0 R>>")).await.unwrap();
    let usd = |amount| Some(Money::parse(amount, Currency::parse("usd").unwrap()).unwrap());
    assert_eq!(warnings(&read, Some("inv 2026-14"), usd("1234.50")), []);
    assert_eq!(
        warnings(&read, Some("INV-2026/15"), usd("1234.60")),
        [InvoiceWarning::NumberNotInInvoice, InvoiceWarning::AmountNotInInvoice]
    );
    assert_eq!(warnings(&read, None, None), []);
}

#[tokio::test]
async fn a_file_made_to_be_slow_or_large_is_taken_without_a_picture() {
    let crowded = b"0 0 1 1 re f\n".repeat(700_000);
    let read = inspect(page(&crowded, &[], "")).await.unwrap();
    assert_eq!((read.pages, read.first_page), (1, None));
    let image = stream(
        "/Type /XObject /Subtype /Image /Width 30000 /Height 30000 /ColorSpace /DeviceRGB /BitsPerComponent 8",
        b"",
    );
    let read = inspect(page(b"500 0 0 500 0 0 cm /I Do", &[image], "/XObject <</I 5 0 R>>")).await.unwrap();
    assert_eq!((read.pages, read.first_page), (1, None));
}

#[tokio::test]
async fn no_cut_and_no_changed_byte_brings_the_reader_down() {
    let whole = fixture("pdf/opens-plain.pdf");
    for at in (0..whole.len()).step_by(7) {
        let _cut = inspect(whole.slice(..at)).await;
        let mut changed = whole.to_vec();
        changed[at] = changed[at].wrapping_add(1);
        let _changed = inspect(changed.into()).await;
    }
}
