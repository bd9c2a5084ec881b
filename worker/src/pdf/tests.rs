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

/// A file of these objects, numbered from 1; the first is the catalog.
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

/// A file with one page of this content.
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

#[test]
fn what_viewers_open_is_taken() {
    for name in [
        "opens-2k-zeros-after-end",
        "opens-newline-before-header",
        "opens-no-end-marker",
        "opens-php-notice-before-header",
        "opens-plain",
        "opens-word-without-slash",
    ] {
        let reading = read(&fixture(&format!("pdf/{name}.pdf"))).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(reading.pages == 1 && reading.first_page.is_some() && !reading.is_blank, "{name}");
    }
    let invoice = read(&fixture("invoice-3-pages.pdf")).unwrap();
    assert_eq!(invoice.pages, 3);
    assert!(invoice.first_page.unwrap().starts_with(b"\x89PNG"));
    assert!(read(&fixture("owner-restricted.pdf")).is_ok());
}

#[test]
fn what_viewers_cannot_open_is_refused_in_words_for_the_merchant() {
    let refused = |content: Bytes| read(&content).unwrap_err();
    assert_eq!(refused(fixture("encrypted.pdf")), PdfError::Protected);
    assert_eq!(refused("This is no PDF.".into()), PdfError::NotAPdf);
    assert_eq!(refused(Bytes::new()), PdfError::NotAPdf);
    assert_eq!(refused("%PDF-1.7 and nothing else".into()), PdfError::Damaged);
    let no_trailer = refused(fixture("pdf/unopenable-in-viewers-no-trailer.pdf"));
    assert!([PdfError::Damaged, PdfError::NoPages].contains(&no_trailer), "{no_trailer}");
}

#[test]
fn a_blank_first_page_is_told() {
    assert!(read(&fixture("pdf/blank-read-as-text.pdf")).unwrap().is_blank);
    assert!(read(&page(b"", &[], "")).unwrap().is_blank);
}

#[test]
fn a_page_without_colour_is_drawn_in_shades_of_grey() {
    // From the PNG header: the bits per sample, and the colour type.
    let header = |content: &[u8]| read(&page(content, &[], "")).unwrap().first_page.unwrap()[24..26].to_vec();
    assert_eq!(header(b""), [8, 0]);
    assert_eq!(header(b"0.2 g 100 100 200 200 re f"), [8, 0]);
    assert_eq!(header(b"0.2 0.2 0.3 rg 100 100 200 200 re f"), [8, 2]);
}

#[test]
fn the_text_is_held_against_what_was_typed() {
    let font = b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>".to_vec();
    let content = b"BT /F1 12 Tf 72 700 Td (Invoice INV-2026/14) Tj 0 -20 Td (Total $ 1,234.50) Tj ET";
    let reading = read(&page(content, &[font], "/Font <</F1 5 0 R>>")).unwrap();
    let usd = |amount| Some(Money::parse(amount, Currency::parse("usd").unwrap()).unwrap());
    assert_eq!(warnings(&reading, Some("inv 2026-14"), usd("1234.50")), []);
    assert_eq!(
        warnings(&reading, Some("INV-2026/15"), usd("1234.60")),
        [InvoiceWarning::NumberNotInInvoice, InvoiceWarning::AmountNotInInvoice]
    );
    assert_eq!(warnings(&reading, None, None), []);
}

#[test]
fn a_file_made_to_be_slow_or_large_is_taken_without_a_picture() {
    let crowded = b"0 0 1 1 re f\n".repeat(700_000);
    let reading = read(&page(&crowded, &[], "")).unwrap();
    assert_eq!((reading.pages, reading.first_page), (1, None));
    let image = stream(
        "/Type /XObject /Subtype /Image /Width 30000 /Height 30000 /ColorSpace /DeviceRGB /BitsPerComponent 8",
        b"",
    );
    let reading = read(&page(b"500 0 0 500 0 0 cm /I Do", &[image], "/XObject <</I 5 0 R>>")).unwrap();
    assert_eq!((reading.pages, reading.first_page), (1, None));
}

#[test]
fn no_cut_and_no_changed_byte_brings_the_reader_down() {
    let whole = fixture("pdf/opens-plain.pdf");
    for at in (0..whole.len()).step_by(17) {
        let _cut = read(&whole.slice(..at));
        let mut changed = whole.to_vec();
        changed[at] = changed[at].wrapping_add(1);
        let _changed = read(&changed.into());
    }
}
