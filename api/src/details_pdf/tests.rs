mod receipts;
mod scripts;

use chrono::NaiveDate;

use super::{
    layout::LEFT,
    sections::sheets,
    sheet::{Mark, Sheet},
    typefaces::Typefaces,
    *,
};
use crate::buyer::Words;

fn line(description: &str) -> ItemLine {
    ItemLine {
        description: description.to_owned(),
        quantity: 2,
        unit_amount: "€39.50".to_owned(),
        total: "€79.00".to_owned(),
    }
}

fn page() -> DetailsPage {
    DetailsPage {
        merchant: Merchant {
            name: "Example Merchant".to_owned(),
            address: Some("1 Example Street\n12345 Example Town".to_owned()),
            contact: Some("hello@merchant.example".to_owned()),
            tax_number: Some("DE 123456789".to_owned()),
            logo: None,
            colour: None,
        },
        customer_name: "Łukasz Żółć".to_owned(),
        invoice_number: "INV-7".to_owned(),
        order_number: Some("2026-1042".to_owned()),
        issued_on: NaiveDate::from_ymd_opt(2026, 11, 23).expect("a day that exists"),
        due_on: NaiveDate::from_ymd_opt(2026, 12, 7),
        payable_until: NaiveDate::from_ymd_opt(2026, 12, 23),
        items: vec![line("Walnut cutting board")],
        subtotal: Some("€79.00".to_owned()),
        shipping: Some("€6.95".to_owned()),
        discount: Some("€10.00".to_owned()),
        tax: Some("€12.70".to_owned()),
        adjustment: None,
        total: "€75.95".to_owned(),
        currency: "EUR".to_owned(),
        order_currency: None,
        paper: Paper::A4,
        words: Words::of("en"),
        receipt: None,
        evidence: None,
    }
}

fn laid_out(page: &DetailsPage) -> Vec<Sheet> {
    sheets(page, Typefaces::embedded().expect("the fonts can be read"))
}

/// A piece of text: its left and right edge, its baseline and its size.
struct Piece<'a> {
    text: &'a str,
    left: f32,
    right: f32,
    baseline: f32,
    size: f32,
}

fn pieces(sheet: &Sheet) -> Vec<Piece<'_>> {
    let texts = sheet.marks.iter().filter_map(|mark| match mark {
        Mark::Text { left, baseline, style, run } => Some(Piece {
            text: &run.text,
            left: *left,
            right: left + run.width(style.size),
            baseline: *baseline,
            size: style.size,
        }),
        Mark::Block { .. } | Mark::Logo { .. } => None,
    });
    texts.collect()
}

fn texts(sheet: &Sheet) -> Vec<&str> {
    pieces(sheet).into_iter().map(|piece| piece.text).collect()
}

fn assert_within_the_margins(sheets: &[Sheet]) {
    let (right, height) = (Paper::A4.width() - LEFT, Paper::A4.height());
    for piece in sheets.iter().flat_map(pieces) {
        let inside = piece.left >= LEFT - 0.1 && piece.right <= right + 0.1;
        assert!(
            inside && (0.0..height).contains(&piece.baseline),
            "{:?} from {} to {}",
            piece.text,
            piece.left,
            piece.right
        );
    }
}

#[test]
fn the_same_page_gives_the_same_bytes() {
    let first = render(&page()).expect("it renders");
    assert_eq!(first, render(&page()).expect("it renders"));
    assert!(first.starts_with(b"%PDF-1.7"));

    let other = DetailsPage { total: "€75.96".to_owned(), ..page() };
    assert_ne!(first, render(&other).expect("it renders"));
}

#[test]
fn a_page_says_who_sells_what_to_whom_for_how_much() {
    let sheets = laid_out(&page());
    let [sheet] = sheets.as_slice() else { panic!("{} sheets", sheets.len()) };
    let texts = texts(sheet);
    let expected = [
        "Example Merchant",
        "hello@merchant.example",
        "12345 Example Town",
        "Tax number DE 123456789",
        "Invoice",
        "INV-7",
        "2026-1042",
        "Due",
        "7 December 2026",
        "Payable until",
        "23 December 2026",
        "€12.70",
        "23 November 2026",
        "Łukasz Żółć",
        "Walnut cutting board",
        "2",
        "€39.50",
        "€79.00",
        "€6.95",
        "-€10.00",
        "Total EUR",
        "€75.95",
        "Page 1 of 1",
    ];
    for text in expected {
        assert!(texts.contains(&text), "{text} is missing from {texts:?}");
    }
}

#[test]
fn the_document_is_titled_after_the_order_and_the_merchant() {
    let pdf = render(&page()).expect("it renders");
    let text = String::from_utf8_lossy(&pdf);
    assert!(text.contains("Invoice INV-7, Example Merchant"));
}

#[test]
fn amounts_end_at_the_same_edge_and_the_total_is_the_largest() {
    let sheets = laid_out(&page());
    let pieces = pieces(&sheets[0]);
    let amounts: Vec<_> =
        pieces.iter().filter(|piece| ["€79.00", "€6.95", "-€10.00", "€75.95"].contains(&piece.text)).collect();
    assert_eq!(amounts.len(), 5);
    assert!(amounts.iter().all(|amount| (amount.right - amounts[0].right).abs() < 0.01));
    let total = amounts.last().expect("there are five");
    assert!(amounts[..4].iter().all(|amount| amount.size < total.size && amount.baseline < total.baseline));
}

#[test]
fn a_hundred_items_run_over_numbered_sheets_that_repeat_the_table_head() {
    let items: Vec<ItemLine> = (1..=100).map(|number| line(&format!("Item {number}"))).collect();
    let sheets = laid_out(&DetailsPage { items, ..page() });
    let count = sheets.len();
    assert!(count >= 3, "{count} sheets");
    assert_within_the_margins(&sheets);
    for (sheet, number) in sheets.iter().zip(1..) {
        assert!(texts(sheet).contains(&format!("Page {number} of {count}").as_str()));
        let has_items = texts(sheet).iter().any(|text| text.starts_with("Item "));
        assert_eq!(has_items, texts(sheet).contains(&"Description"), "sheet {number}");
    }
    let items: Vec<_> = sheets.iter().flat_map(texts).filter(|text| text.starts_with("Item ")).collect();
    assert_eq!(items, (1..=100).map(|number| format!("Item {number}")).collect::<Vec<_>>());
}

#[test]
fn an_order_without_items_or_sums_shows_its_total_alone() {
    let bare = DetailsPage { items: Vec::new(), subtotal: None, shipping: None, discount: None, ..page() };
    let sheets = laid_out(&bare);
    assert_eq!(sheets.len(), 1);
    let texts = texts(&sheets[0]);
    assert!(texts.contains(&"€75.95"));
    for absent in ["Description", "Subtotal", "Shipping", "Discount"] {
        assert!(!texts.contains(&absent), "{absent}");
    }
}

#[test]
fn a_long_description_is_wrapped_without_losing_a_letter() {
    let words = "hand-dyed and washed twice ".repeat(400);
    let word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk".repeat(20);
    let items = vec![line(words.trim()), line(&word)];
    let sheets = laid_out(&DetailsPage { items, ..page() });
    assert!(sheets.len() > 1);
    assert_within_the_margins(&sheets);

    let printed: Vec<_> = sheets.iter().flat_map(texts).collect();
    let wrapped: Vec<_> = printed.iter().filter(|text| words.contains(**text) && text.len() > 20).copied().collect();
    assert_eq!(wrapped.join(" "), words.trim());
    let broken: String = printed.iter().filter(|text| word.contains(**text) && text.len() > 5).copied().collect();
    assert_eq!(broken, word);
}

#[test]
fn long_names_numbers_and_amounts_stay_within_the_margins() {
    let long = DetailsPage {
        merchant: Merchant {
            name: "Bespoke Furniture Makers and Restorers ".repeat(9),
            contact: Some("address\n".repeat(40)),
            address: Some("address\n".repeat(40)),
            ..page().merchant
        },
        customer_name: "Wolfeschlegelsteinhausenbergerdorff".repeat(12),
        order_number: Some("0".repeat(300)),
        invoice_number: "0".repeat(300),
        items: vec![ItemLine {
            quantity: i64::MAX,
            unit_amount: "9".repeat(90),
            total: "9".repeat(200),
            ..line("Board")
        }],
        total: "9".repeat(80),
        currency: "the currency of a far away country, written out".repeat(3),
        ..page()
    };
    let sheets = laid_out(&long);
    assert_within_the_margins(&sheets);
    let texts: Vec<_> = sheets.iter().flat_map(texts).collect();
    let total = format!("99,{}", ["999"; 26].join(","));
    assert!(texts.contains(&total.as_str()), "an amount is never cut");
    assert!(texts.iter().any(|text| text.ends_with('…')), "a name that is cut says so");
}

#[test]
fn line_breaks_of_a_description_are_kept_and_other_controls_are_spaces() {
    let sheets = laid_out(&DetailsPage { items: vec![line("Board\n\n  oiled\tand\u{0}\u{7}waxed \r\n")], ..page() });
    let texts = texts(&sheets[0]);
    assert!(texts.contains(&"Board") && texts.contains(&"oiled and waxed"), "{texts:?}");
}

#[test]
fn a_sheet_is_as_large_as_people_print_on_there() {
    for (region, paper) in [("US", Paper::Letter), ("CA", Paper::Letter), ("MX", Paper::Letter), ("DE", Paper::A4)] {
        assert_eq!(Paper::usual_in(region), paper, "{region}");
    }
    let letter = render(&DetailsPage { paper: Paper::Letter, ..page() }).expect("it renders");
    assert!(String::from_utf8_lossy(&letter).contains("612 792"), "it is not on Letter");
}

#[test]
fn an_adjustment_explains_the_total() {
    let adjusted = DetailsPage { adjustment: Some("-€5.95".to_owned()), ..page() };
    let sheets = laid_out(&adjusted);
    let texts = texts(&sheets[0]);
    assert!(texts.contains(&"Adjustment") && texts.contains(&"-€5.95"), "{texts:?}");
}

/// A page on which every text of a person is this.
fn all_of(text: &str) -> DetailsPage {
    DetailsPage {
        merchant: Merchant { name: text.to_owned(), contact: Some(text.to_owned()), ..page().merchant },
        customer_name: text.to_owned(),
        invoice_number: text.to_owned(),
        items: vec![ItemLine { description: text.to_owned(), quantity: -1, ..line("") }],
        ..page()
    }
}

/// `order_input` limits an order to 500 lines and 50,000 characters of descriptions. Without optimization everything
/// takes about ten times as long.
#[test]
fn the_largest_order_allowed_is_printed_within_200_ms() {
    // A debug build says nothing about speed; one run shows that it terminates.
    let (most, times) = if cfg!(debug_assertions) { (30_000, 1) } else { (200, 3) };
    render(&page()).expect("it renders");
    for (kind, word) in [("words", "Walnut board "), ("one word", "ŻółćŁukasz"), ("another script", "Ελένη Борис ")]
    {
        let description: String = word.chars().cycle().take(100).collect();
        let large = DetailsPage { items: (0..500).map(|_| line(&description)).collect(), ..page() };
        let took = (0..times)
            .map(|_| {
                let since = std::time::Instant::now();
                render(&large).expect("it renders");
                since.elapsed()
            })
            .min()
            .expect("it was rendered");
        println!("500 lines of 100 characters, {kind}: {took:.1?}");
        assert!(took.as_millis() < most, "{kind}: {took:.1?}");
    }
}
