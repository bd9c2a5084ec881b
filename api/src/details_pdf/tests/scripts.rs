//! Pages in many scripts, and from right to left.

use super::{
    super::{sheet::Sheet, typefaces::Typefaces, *},
    all_of, laid_out, page, pieces, texts,
};
use crate::buyer::Words;

#[test]
fn any_script_is_drawn_or_refused_by_name_and_never_a_box() {
    let faces = Typefaces::embedded().expect("the fonts can be read");
    for text in [
        "Ελένη",
        "Борис",
        "Nguyễn Thị",
        "日本語",
        "👩\u{200d}🔧😀",
        "עברית 123 abc",
        "مرحبا بالعالم",
        "हैलो वर्ल्ड",
        "e\u{301}\u{301}",
        "\u{301}",
        "\u{202e}abc",
        "\0",
        "",
    ] {
        match render(&all_of(text)) {
            Ok(_) => {
                let shaped = faces.shape(typeface::Weight::Regular, &characters::one_line(text));
                let boxes = shaped.pieces.iter().flat_map(|piece| &piece.glyphs).filter(|it| it.glyph_id.to_u32() == 0);
                assert_eq!(boxes.count(), 0, "{text:?}");
            }
            Err(DetailsPdfError::Undrawable(character)) => assert!(text.contains(character), "{text:?}"),
            Err(other) => panic!("{text:?}: {other}"),
        }
    }
    // An unassigned code point, which no font has.
    let refused = render(&all_of("a\u{378}b")).expect_err("there is no such character");
    assert_eq!(refused.to_string(), "no font has the character '\\u{378}', U+0378");
}

/// Needs Debian's `fonts-noto-core`, `fonts-noto-cjk` and `fonts-noto-color-emoji`, which `scripts/setup.sh test`
/// installs.
#[test]
fn what_the_fonts_have_that_operators_are_told_to_install_is_drawn() {
    let faces = Typefaces::embedded().expect("the fonts can be read");
    for text in [
        "日本語 株式会社",
        "简体字",
        "繁體字",
        "한국어",
        "ไทย",
        "עברית",
        "العربية",
        "हिन्दी",
        "አማርኛ",
        "😀👩\u{200d}🔧🇯🇵",
    ] {
        for weight in [typeface::Weight::Regular, typeface::Weight::Bold] {
            assert_eq!(faces.undrawable_in(text), None, "{text}: run scripts/setup.sh test");
            let shaped = faces.shape(weight, text);
            let mut glyphs = shaped.pieces.iter().flat_map(|piece| &piece.glyphs);
            assert!(glyphs.all(|it| it.glyph_id.to_u32() != 0), "{text} has a box");
        }
        assert!(render(&all_of(text)).is_ok(), "{text}");
    }
}

#[test]
fn what_is_written_from_right_to_left_stands_so() {
    let faces = Typefaces::embedded().expect("the fonts can be read");
    if faces.undrawable_in("אבג").is_some() {
        return;
    }
    let shaped = faces.shape(typeface::Weight::Regular, "No. אבג 12");
    let starts: Vec<usize> =
        shaped.pieces.iter().flat_map(|piece| &piece.glyphs).map(|glyph| glyph.text_range.start).collect();
    let first = "No. ".len();
    let hebrew: Vec<usize> = starts.iter().copied().filter(|at| (first..first + 6).contains(at)).collect();
    assert_eq!(hebrew, [first + 4, first + 2, first], "the last letter is the leftmost");
    assert_eq!(starts[0], 0);
}

#[test]
fn a_page_from_right_to_left_is_the_mirror_of_one_from_left_to_right() {
    let (english, arabic) = (laid_out(&page()), laid_out(&DetailsPage { words: Words::of("ar"), ..page() }));
    assert_eq!(english.len(), arabic.len());
    let find = |sheet: &Sheet, text: &str| {
        let found = pieces(sheet).into_iter().find(|piece| piece.text == text).expect("it is written");
        (found.left, found.right, found.baseline)
    };
    for text in ["Example Merchant", "INV-7", "Walnut cutting board", "€6.95", "€75.95"] {
        let (left, right, baseline) = find(&english[0], text);
        let (other_left, other_right, other_baseline) = find(&arabic[0], text);
        let width = Paper::A4.width();
        assert!((width - right - other_left).abs() < 0.1 && (width - left - other_right).abs() < 0.1, "{text}");
        assert!((baseline - other_baseline).abs() < 0.1, "{text}");
    }
    let written = texts(&arabic[0]);
    assert!(written.contains(&Words::of("ar").says("billed_to")) && !written.contains(&"Billed to"), "{written:?}");
    assert!(texts(&laid_out(&DetailsPage { words: Words::of("de"), ..page() })[0]).contains(&"23. November 2026"));
    for language in Words::languages() {
        assert!(render(&DetailsPage { words: Words::of(language), ..page() }).is_ok(), "{language}");
    }
}
