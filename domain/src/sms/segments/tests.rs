//! Cases counted by hand, and a second counter with a different algorithm.

use proptest::prelude::*;

use super::Encoding::{Gsm7, Ucs2};
use super::{Encoding, Segments, first_ucs2_character};

/// The expected encoding, units and segments.
type Expected = (Encoding, usize, u32);

fn check(name: &str, text: &str, (encoding, units, count): Expected) {
    let expected = Segments { encoding, units, count };
    assert_eq!(Segments::of(text), expected, "{name}");
}

/// Repeats a text.
fn x(text: &str, times: usize) -> String {
    text.repeat(times)
}

#[test]
fn an_encoding_is_called_as_carriers_call_it() {
    assert_eq!((Gsm7.as_str(), Ucs2.as_str()), ("GSM-7", "UCS-2"));
}

#[test]
fn what_is_billed_is_the_number_of_segments() {
    let segments = Segments::of(&x("a", 307));
    assert_eq!((segments.count(), segments.units(), segments.encoding()), (3, 307, Gsm7));
}

#[test]
fn plain_text_is_counted_in_gsm7() {
    for (text, expected) in [
        (String::new(), (Gsm7, 0, 1)),
        (x("a", 1), (Gsm7, 1, 1)),
        (x("a", 152), (Gsm7, 152, 1)),
        (x("a", 153), (Gsm7, 153, 1)),
        (x("a", 154), (Gsm7, 154, 1)),
        (x("a", 159), (Gsm7, 159, 1)),
        (x("a", 160), (Gsm7, 160, 1)),
        (x("a", 161), (Gsm7, 161, 2)),
        (x("a", 305), (Gsm7, 305, 2)),
        (x("a", 306), (Gsm7, 306, 2)),
        (x("a", 307), (Gsm7, 307, 3)),
        (x("a", 458), (Gsm7, 458, 3)),
        (x("a", 459), (Gsm7, 459, 3)),
        (x("a", 460), (Gsm7, 460, 4)),
        (x("a", 1_530), (Gsm7, 1_530, 10)),
        (x("a", 1_531), (Gsm7, 1_531, 11)),
        (x("a", 1_600), (Gsm7, 1_600, 11)),
        (x("é", 160), (Gsm7, 160, 1)),
        (x("Ω", 161), (Gsm7, 161, 2)),
        (x("\n", 160), (Gsm7, 160, 1)),
        (x("\r\n", 80), (Gsm7, 160, 1)),
        (x("\r\n", 81), (Gsm7, 162, 2)),
        (x("a", 152) + "\r\n" + &x("a", 7), (Gsm7, 161, 2)),
        (x("@£$¥", 40), (Gsm7, 160, 1)),
    ] {
        check(&text, &text, expected);
    }
}

#[test]
fn every_character_of_the_extension_table_counts_two() {
    for extended in ["\u{c}", "^", "{", "}", "\\", "[", "~", "]", "|", "€"] {
        for (text, expected) in [
            (extended.to_owned(), (Gsm7, 2, 1)),
            (x(extended, 80), (Gsm7, 160, 1)),
            (x(extended, 81), (Gsm7, 162, 2)),
            (x("a", 158) + extended, (Gsm7, 160, 1)),
            (x("a", 159) + extended, (Gsm7, 161, 2)),
        ] {
            check(&text, &text, expected);
        }
    }
}

#[test]
fn an_escape_pair_is_never_split_across_segments() {
    for (name, text, expected) in [
        ("ends a segment exactly", x("a", 151) + "€" + &x("a", 8), (Gsm7, 161, 2)),
        ("would straddle the first boundary", x("a", 152) + "€" + &x("a", 7), (Gsm7, 161, 2)),
        ("starts the second segment", x("a", 153) + "€" + &x("a", 6), (Gsm7, 161, 2)),
        ("fits without a spare unit", x("a", 151) + "€" + &x("a", 153), (Gsm7, 306, 2)),
        ("needs a third for the unit lost", x("a", 152) + "€" + &x("a", 152), (Gsm7, 306, 3)),
        ("no third while there is room", x("a", 152) + "€" + &x("a", 151), (Gsm7, 305, 2)),
        ("loses a unit in each segment", x("€", 152), (Gsm7, 304, 2)),
        ("76 pairs to a segment, not 76.5", x("€", 153), (Gsm7, 306, 3)),
        ("228 pairs in three", x("€", 228), (Gsm7, 456, 3)),
        ("229 pairs in four", x("€", 229), (Gsm7, 458, 4)),
        ("the second boundary", x("a", 305) + "€", (Gsm7, 307, 3)),
        ("alone, straddling does not matter", x("a", 152) + "€" + &x("a", 6), (Gsm7, 160, 1)),
        ("at the very end of two", x("a", 304) + "€", (Gsm7, 306, 2)),
    ] {
        check(name, &text, expected);
    }
}

#[test]
fn one_character_outside_gsm7_makes_the_whole_text_ucs2() {
    for foreign in [
        "ç", "á", "ê", "õ", "’", "–", "…", "\u{a0}", "`", "\t", "\u{1b}", "\0", "´", "¢", "×", "я", "α", "中",
        "\u{301}", "\u{2126}", "\u{212b}", "\u{feff}",
    ] {
        let last_of_one = x("a", 69) + foreign;
        check(foreign, &last_of_one, (Ucs2, 70, 1));
        let first_of_two = x("a", 70) + foreign;
        check(foreign, &first_of_two, (Ucs2, 71, 2));
    }
}

#[test]
fn ucs2_is_counted_in_utf16_units() {
    for (name, text, expected) in [
        ("67", x("я", 67), (Ucs2, 67, 1)),
        ("70", x("я", 70), (Ucs2, 70, 1)),
        ("71", x("я", 71), (Ucs2, 71, 2)),
        ("2 × 67 - 1", x("я", 133), (Ucs2, 133, 2)),
        ("2 × 67", x("я", 134), (Ucs2, 134, 2)),
        ("2 × 67 + 1", x("я", 135), (Ucs2, 135, 3)),
        ("3 × 67", x("я", 201), (Ucs2, 201, 3)),
        ("3 × 67 + 1", x("я", 202), (Ucs2, 202, 4)),
        ("1,600", x("я", 1_600), (Ucs2, 1_600, 24)),
        ("a combining accent is a unit of its own", x("e\u{301}", 35), (Ucs2, 70, 1)),
        ("and may be cut from its letter", x("e\u{301}", 36), (Ucs2, 72, 2)),
        ("an extended character is one unit here", "я".to_owned() + &x("€", 69), (Ucs2, 70, 1)),
        ("CR LF is two units here, too", "я".to_owned() + &x("\r\n", 35), (Ucs2, 71, 2)),
        ("one emoji", x("😀", 1), (Ucs2, 2, 1)),
        ("a family is eight units", x("👨\u{200d}👩\u{200d}👧", 1), (Ucs2, 8, 1)),
        ("a flag is four", x("🇩🇪", 1), (Ucs2, 4, 1)),
        ("a skin tone is four", x("👍🏽", 1), (Ucs2, 4, 1)),
    ] {
        check(name, &text, expected);
    }
}

#[test]
fn a_surrogate_pair_is_never_split_across_segments() {
    for (name, text, expected) in [
        ("after 64 letters", x("я", 64) + "😀", (Ucs2, 66, 1)),
        ("after 65 letters", x("я", 65) + "😀", (Ucs2, 67, 1)),
        ("after 66 letters", x("я", 66) + "😀", (Ucs2, 68, 1)),
        ("after 67 letters", x("я", 67) + "😀", (Ucs2, 69, 1)),
        ("after 68 letters", x("я", 68) + "😀", (Ucs2, 70, 1)),
        ("after 69 letters", x("я", 69) + "😀", (Ucs2, 71, 2)),
        ("after 70 letters", x("я", 70) + "😀", (Ucs2, 72, 2)),
        ("35 pairs in one", x("😀", 35), (Ucs2, 70, 1)),
        ("36 pairs in two", x("😀", 36), (Ucs2, 72, 2)),
        ("66 pairs, 33 in each", x("😀", 66), (Ucs2, 132, 2)),
        ("67 pairs do not fit into two", x("😀", 67), (Ucs2, 134, 3)),
        ("ends the first segment exactly", x("я", 65) + "😀" + &x("я", 67), (Ucs2, 134, 2)),
        ("straddles the first boundary", x("я", 66) + "😀" + &x("я", 65), (Ucs2, 133, 2)),
        ("and pushes one unit into a third", x("я", 66) + "😀" + &x("я", 66), (Ucs2, 134, 3)),
        ("the second boundary", x("я", 133) + "😀", (Ucs2, 135, 3)),
        ("one pair then 69", "😀".to_owned() + &x("a", 69), (Ucs2, 71, 2)),
    ] {
        check(name, &text, expected);
    }
}

#[test]
fn all_of_the_gsm7_alphabet_is_137_characters() {
    let gsm7 = (0..=0xFFFF).filter_map(char::from_u32).filter(|&c| super::gsm7_units(c).is_some()).count();
    // 128 without the escape, and ten in the extension table.
    assert_eq!(gsm7, 127 + 10);
}

#[test]
fn what_makes_a_text_ucs2_is_named_with_what_it_costs() {
    let text = x("a", 100) + "’b" + &x("…", 2) + "’";
    let found = first_ucs2_character(&text).unwrap();
    assert_eq!((found.character, found.others, found.segments_saved), ('’', 1, 1));
    assert_eq!(first_ucs2_character("plain {text} €"), None);
    assert_eq!(first_ucs2_character(""), None);
    let short = first_ucs2_character("я").unwrap();
    assert_eq!((short.others, short.segments_saved), (0, 0));
}

/// A second counter with different means: the alphabet as ranges of code points, UTF-16 from the standard library's
/// encoder, and the minimum number of segments, found by trying every split.
fn slow_count(text: &str) -> (bool, usize, u32) {
    let gsm7 = text.chars().all(|c| basic(c) || extended(c));
    let (alone, each) = if gsm7 { (160, 153) } else { (70, 67) };
    let widths: Vec<usize> = text
        .chars()
        .map(|c| if gsm7 { 1 + usize::from(extended(c)) } else { c.encode_utf16(&mut [0; 2]).len() })
        .collect();
    let units = widths.iter().sum();
    if units <= alone {
        return (gsm7, units, 1);
    }
    let mut fewest = vec![0];
    for end in 1..=widths.len() {
        let starts = (0..end).rev().take_while(|&start| widths[start..end].iter().sum::<usize>() <= each);
        fewest.push(1 + starts.map(|start| fewest[start]).min().unwrap());
    }
    (gsm7, units, fewest[widths.len()])
}

fn basic(c: char) -> bool {
    let punctuation_digits_and_letters = matches!(u32::from(c), 0x0A | 0x0D | 0x20..=0x5A | 0x5F | 0x61..=0x7A);
    let western = matches!(
        u32::from(c),
        0xA1 | 0xA3..=0xA5 | 0xA7 | 0xBF | 0xC4..=0xC7 | 0xC9 | 0xD1 | 0xD6 | 0xD8 | 0xDC | 0xDF | 0xE0
            | 0xE4..=0xE6 | 0xE8 | 0xE9 | 0xEC | 0xF1 | 0xF2 | 0xF6 | 0xF8 | 0xF9 | 0xFC
    );
    let greek = matches!(u32::from(c), 0x393 | 0x394 | 0x398 | 0x39B | 0x39E | 0x3A0 | 0x3A3 | 0x3A6 | 0x3A8 | 0x3A9);
    punctuation_digits_and_letters || western || greek
}

fn extended(c: char) -> bool {
    matches!(u32::from(c), 0x0C | 0x5B..=0x5E | 0x7B..=0x7E | 0x20AC)
}

fn agrees(text: &str) -> Result<(), TestCaseError> {
    let segments = Segments::of(text);
    let counted = (segments.encoding == Gsm7, segments.units, segments.count);
    prop_assert_eq!(counted, slow_count(text));
    Ok(())
}

proptest! {
    #[test]
    fn both_counters_agree_on_gsm7(text in "[a-z€\\[\\]\n]{100,420}") {
        agrees(&text)?;
    }

    #[test]
    fn both_counters_agree_on_ucs2(text in "[aя€😀\u{301}]{50,280}") {
        agrees(&text)?;
    }

    #[test]
    fn both_counters_agree_on_any_text(text in any::<String>()) {
        agrees(&text)?;
    }

    #[test]
    fn both_counters_agree_on_every_character(character in any::<char>()) {
        agrees(&character.to_string())?;
    }

    #[test]
    fn a_longer_text_never_takes_fewer_segments(text in "[a€]{0,330}", more in "[a€]{0,40}") {
        let longer = format!("{text}{more}");
        prop_assert!(Segments::of(&longer).count >= Segments::of(&text).count);
    }
}
