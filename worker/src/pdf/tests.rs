use std::error::Error;
use std::path::Path;

use lopdf::{Dictionary, Object, Stream};

use super::*;

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    std::fs::read(folder.join(name)).expect("the fixture is in the repository")
}

/// A file made of these objects, numbered from 1, the first of which is the catalog.
struct Draft {
    bytes: Vec<u8>,
    offsets: Vec<usize>,
}

impl Draft {
    fn of<T: AsRef<[u8]>>(objects: &[T]) -> Self {
        let mut draft = Self { bytes: b"%PDF-1.7\n".to_vec(), offsets: Vec::new() };
        for (object, number) in objects.iter().zip(1..) {
            draft.offsets.push(draft.bytes.len());
            draft.bytes.extend(format!("{number} 0 obj\n").bytes());
            draft.bytes.extend(object.as_ref());
            draft.bytes.extend(b"\nendobj\n");
        }
        draft
    }

    /// Ends the file with a table of these offsets, for the objects from 1 on.
    fn table(mut self, offsets: &[usize], trailer: &str) -> Vec<u8> {
        let start = self.bytes.len();
        let lines: Vec<_> = offsets.iter().map(|offset| format!("{offset:010} 00000 n \n")).collect();
        let lines = lines.concat();
        self.bytes.extend(
            format!(
                "xref\n0 {}\n0000000000 65535 f \n{lines}trailer\n<</Root 1 0 R {trailer}>>\nstartxref\n{start}\n%%EOF\n",
                offsets.len() + 1
            )
            .bytes(),
        );
        self.bytes
    }

    fn finish(self) -> Vec<u8> {
        let offsets = self.offsets.clone();
        self.table(&offsets, "")
    }
}

const CATALOG: &str = "<</Type/Catalog/Pages 2 0 R>>";
const PAGE: &str = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>";

fn two_pages() -> Draft {
    Draft::of(&[CATALOG, "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>", PAGE, PAGE])
}

fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<<{entries}/Length {}>>stream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

fn deflated(content: Vec<u8>) -> Vec<u8> {
    let mut stream = Stream::new(Dictionary::new(), content);
    stream.compress().expect("zeros can be compressed");
    assert_eq!(stream.dict.get(b"Filter").and_then(Object::as_name).ok(), Some(b"FlateDecode".as_slice()));
    stream.content
}

fn pages(bytes: &[u8]) -> u32 {
    inspect(bytes).expect("the file opens").pages
}

#[test]
fn a_real_invoice_with_a_compressed_structure_has_three_pages() {
    assert_eq!(pages(&fixture("invoice-3-pages.pdf")), 3);
}

#[test]
fn a_file_with_a_plain_table_is_read() {
    assert_eq!(pages(&two_pages().finish()), 2);
}

#[test]
fn a_file_that_asks_for_a_password_is_refused_in_words_for_the_merchant() {
    let error = inspect(&fixture("encrypted.pdf")).expect_err("it asks for a password");
    assert!(matches!(error, PdfError::Protected), "{error:?}");
    assert_eq!(error.to_string(), "The PDF is protected by a password. Please upload a copy that opens without one.");
}

#[test]
fn a_file_that_only_restricts_printing_is_accepted() {
    assert_eq!(pages(&fixture("owner-restricted.pdf")), 3);
}

#[test]
fn what_is_not_a_pdf_is_refused() {
    for bytes in ["", "%PDF", "Invoice 2026-0117\nTotal 129.50\n", " %PDF-1.7\n%%EOF", "<html>%PDF-1.7 %%EOF</html>"] {
        assert!(matches!(inspect(bytes.as_bytes()), Err(PdfError::NotAPdf)), "{bytes}");
    }
}

#[test]
fn every_beginning_of_a_real_file_is_refused_as_incomplete() {
    let whole = fixture("invoice-3-pages.pdf");
    let end = syntax::find_last(&whole, b"%%EOF").expect("the file is whole");
    for length in (5..end + 4).step_by(97).chain([end, end + 4]) {
        assert!(matches!(inspect(&whole[..length]), Err(PdfError::Truncated)), "{length} bytes");
    }
}

#[test]
fn a_file_with_a_hole_in_it_is_refused() {
    let whole = fixture("invoice-3-pages.pdf");
    let holed = [&whole[..200], &whole[whole.len() - 100..]].concat();
    let error = inspect(&holed).expect_err("most of it is missing");
    assert!(matches!(error, PdfError::Damaged(_)), "{error:?}");
    assert!(error.source().is_some());
}

#[test]
fn garbage_between_head_and_end_is_damaged() {
    let garbage: Vec<u8> = random(7).take(5_000).collect();
    let bytes = [b"%PDF-1.7\n".as_slice(), &garbage, b"\nstartxref\n9\n%%EOF\n"].concat();
    assert!(matches!(inspect(&bytes), Err(PdfError::Damaged(_))));
}

#[test]
fn a_file_without_pages_is_refused() {
    for root in ["<</Type/Pages/Kids[]/Count 3>>", "<</Type/Pages/Count 3>>", "null"] {
        let bytes = Draft::of(&[CATALOG, root]).finish();
        assert!(matches!(inspect(&bytes), Err(PdfError::NoPages)), "{root}");
    }
}

#[test]
fn pages_are_counted_and_the_written_count_is_not_believed() {
    let root = "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 4000000000>>";
    let inner = "<</Type/Pages/Kids[5 0 R 6 0 R]/Count -1>>";
    assert_eq!(pages(&Draft::of(&[CATALOG, root, PAGE, inner, PAGE, PAGE]).finish()), 3);
}

#[test]
fn a_page_tree_that_contains_itself_ends() {
    let root = "<</Type/Pages/Kids[2 0 R 3 0 R 4 0 R 3 0 R]>>";
    assert_eq!(pages(&Draft::of(&[CATALOG, root, PAGE, "<</Type/Pages/Kids[2 0 R]>>"]).finish()), 1);
}

#[test]
fn references_that_lead_in_a_circle_are_an_error() {
    let bytes = Draft::of(&[CATALOG, "3 0 R", "2 0 R"]).finish();
    assert!(matches!(inspect(&bytes), Err(PdfError::Damaged(_))));
}

#[test]
fn a_newer_revision_replaces_and_deletes_objects() {
    let mut bytes = two_pages().finish();
    let previous = syntax::find_last(&bytes, b"xref\n0").expect("it has a table");
    let root = bytes.len();
    bytes.extend(b"2 0 obj\n<</Type/Pages/Kids[3 0 R 4 0 R 3 0 R]>>\nendobj\n");
    let start = bytes.len();
    let table = format!("xref\n2 1\n{root:010} 00000 n \n4 1\n0000000000 00001 f \n");
    bytes.extend(format!("{table}trailer<</Root 1 0 R/Prev {previous}>>\nstartxref\n{start}\n%%EOF").bytes());
    assert_eq!(pages(&bytes), 1);
}

#[test]
fn a_table_with_wrong_offsets_is_rebuilt() {
    let draft = two_pages();
    let shifted: Vec<usize> = draft.offsets.iter().map(|offset| offset + 7).collect();
    assert_eq!(pages(&draft.table(&shifted, "")), 2);
}

#[test]
fn a_file_without_any_index_is_rebuilt() {
    let mut bytes = two_pages().bytes;
    bytes.extend(b"%%EOF");
    assert_eq!(pages(&bytes), 2);
}

#[test]
fn an_object_stream_is_found_again_when_the_index_is_wrong() {
    let mut bytes = fixture("invoice-3-pages.pdf");
    let start = syntax::find_last(&bytes, b"startxref").expect("it says where the index starts");
    bytes[start + 10..start + 12].copy_from_slice(b"00");
    assert_eq!(pages(&bytes), 3);
}

#[test]
fn one_large_object_named_by_many_entries_is_not_read_for_each() {
    let content = stream("", &vec![b'x'; 4 << 20]);
    let draft = Draft::of(&[CATALOG.as_bytes(), b"<</Kids[3 0 R]>>", PAGE.as_bytes(), &content]);
    let mut offsets = draft.offsets.clone();
    offsets.extend(std::iter::repeat_n(draft.offsets[3], 100_000));
    assert_eq!(pages(&draft.table(&offsets, "")), 1);
}

#[test]
fn an_index_that_expands_beyond_the_budget_is_refused() {
    let zeros = deflated(vec![0; 4 << 20]);
    let index = stream("/Type/XRef/W[1 0 0]/Size 4194304/Root 1 0 R/Filter/FlateDecode", &zeros);
    let mut bytes = Draft::of(&[CATALOG]).bytes;
    let start = bytes.len();
    bytes.extend([b"9 0 obj\n", index.as_slice(), b"\nendobj\n"].concat());
    bytes.extend(format!("startxref\n{start}\n%%EOF").bytes());
    assert!(bytes.len() < 10_000);
    assert!(matches!(inspect_within(&bytes, &Budget::of(1 << 20)), Err(PdfError::TooComplex)));
}

#[test]
fn an_object_stream_that_expands_beyond_the_budget_is_refused() {
    let zeros = deflated(vec![0; 4 << 20]);
    let container = stream("/Type/ObjStm/N 1/First 4/Filter/FlateDecode", &zeros);
    let index = [[0, 0, 0], [2, 3, 0], [0, 0, 0], [1, 9, 0]].concat();
    let index = stream("/Type/XRef/W[1 1 1]/Size 4/Root 1 0 R", &index);
    let mut bytes = [b"%PDF-1.7\n3 0 obj\n", container.as_slice(), b"\nendobj\n"].concat();
    let start = bytes.len();
    bytes.extend([b"4 0 obj\n", index.as_slice(), b"\nendobj\n"].concat());
    bytes.extend(format!("startxref\n{start}\n%%EOF").bytes());
    assert!(matches!(inspect_within(&bytes, &Budget::of(1 << 20)), Err(PdfError::TooComplex)));
}

#[test]
fn strings_that_never_end_cost_no_more_than_the_budget() {
    let bytes = [b"%PDF-1.7\n".to_vec(), b"1 0 obj(".repeat(100_000), b"%%EOF".to_vec()].concat();
    assert!(matches!(inspect_within(&bytes, &Budget::of(4 << 20)), Err(PdfError::TooComplex)));
}

#[test]
fn deep_nesting_is_an_error_and_not_a_stack_overflow() {
    for nesting in ["[", "<</A"] {
        let bytes = Draft::of(&[CATALOG, &nesting.repeat(500_000)]).finish();
        assert!(matches!(inspect(&bytes), Err(PdfError::Damaged(_))), "{nesting}");
    }
}

#[test]
fn names_and_strings_are_read_with_their_escapes() {
    let catalog = r"<</Type/Cat#61log/Note(a \) ( nested ) \101\\)/Bytes<48 65 6>% comment >>
        /P#61ges 2 0 R/Numbers[-1 +2 .5 4. 1 0 R true null]>>";
    assert_eq!(pages(&Draft::of(&[catalog, "<</Kids 4 0 R>>", PAGE, "[3 0 R]"]).finish()), 1);
}

/// Bytes that look random and are the same every time (Marsaglia's xorshift).
fn random(seed: u64) -> impl Iterator<Item = u8> {
    std::iter::successors(Some(seed), |state| {
        let state = state ^ state << 13;
        let state = state ^ state >> 7;
        Some(state ^ state << 17)
    })
    .map(|state| state.to_be_bytes()[2])
}

/// Changes a few bytes here and there, half of the time near the end, where the structure is written.
fn mutate(bytes: &mut Vec<u8>, pick: &mut impl FnMut(usize) -> usize) {
    for _ in 0..=pick(8) {
        let span = if pick(2) == 0 { bytes.len() } else { bytes.len().min(1_500) };
        let at = bytes.len() - 1 - pick(span);
        let end = (at + pick(24)).min(bytes.len());
        match pick(4) {
            0 => bytes[at] = u8::try_from(pick(256)).unwrap_or_default(),
            1 => bytes[at] = b"0123456789<>[]()/% R"[pick(20)],
            2 => drop(bytes.drain(at..end)),
            _ => bytes.extend_from_within(at..end),
        }
    }
}

/// Inspects so many mutations of a file, and says how many of them are refused and how many open.
fn outcomes(original: &[u8], rounds: u64) -> [u64; 2] {
    let mut noise = random(0x5eed_0f1e);
    let mut pick = |below: usize| {
        let high = usize::from(noise.next().unwrap_or_default());
        let low = usize::from(noise.next().unwrap_or_default());
        (high << 8 | low) % below
    };
    let mut outcomes = [0; 2];
    for _ in 0..rounds {
        let mut bytes = original.to_vec();
        mutate(&mut bytes, &mut pick);
        outcomes[usize::from(inspect_within(&bytes, &Budget::of(8 << 20)).is_ok())] += 1;
    }
    outcomes
}

#[test]
fn no_mutation_of_a_readable_file_makes_the_inspection_panic() {
    for original in [fixture("invoice-3-pages.pdf"), two_pages().finish()] {
        let [refused, opened] = outcomes(&original, 500);
        assert!(refused > 20 && opened > 20, "{refused} refused, {opened} opened");
    }
}

#[test]
fn no_mutation_of_an_encrypted_file_makes_the_inspection_panic() {
    // Few: deriving a key is slow on purpose.
    assert_eq!(outcomes(&fixture("encrypted.pdf"), 20)[1], 0);
    assert_ne!(outcomes(&fixture("owner-restricted.pdf"), 20)[1], 0);
}
