//! Typography with an equivalent in GSM-7: curly quotes, dashes, ellipses, unusual spaces.
//!
//! A single curly apostrophe makes a text UCS-2 and more than halves what fits into a segment. Only characters that
//! readers will not miss are replaced. Letters keep their accents and symbols stay: `á` is not `a`, especially not in a
//! name.

use std::fmt;

/// Characters and their replacements. Pairs on the left are a letter and a combining accent.
#[rustfmt::skip] // As a table: several to a line.
const TABLE: &[(&str, &str)] = &[
    // Quotation marks and apostrophes.
    ("\u{2018}", "'"), ("\u{2019}", "'"), ("\u{201a}", "'"), ("\u{201b}", "'"), ("\u{2032}", "'"), ("\u{2035}", "'"),
    ("\u{2039}", "'"), ("\u{203a}", "'"), ("\u{02bc}", "'"), ("\u{00b4}", "'"), ("`", "'"),
    ("\u{201c}", "\""), ("\u{201d}", "\""), ("\u{201e}", "\""), ("\u{201f}", "\""), ("\u{2033}", "\""),
    ("\u{00ab}", "\""), ("\u{00bb}", "\""),
    // Hyphens, dashes and the minus sign.
    ("\u{2010}", "-"), ("\u{2011}", "-"), ("\u{2012}", "-"), ("\u{2013}", "-"), ("\u{2014}", "-"), ("\u{2015}", "-"),
    ("\u{2043}", "-"), ("\u{2212}", "-"),
    // Dots, the fraction slash and the Greek question mark.
    ("\u{2026}", "..."), ("\u{2024}", "."), ("\u{2025}", ".."), ("\u{2044}", "/"), ("\u{037e}", ";"),
    // Spaces of every width, the tab, and line separators.
    ("\t", " "), ("\u{00a0}", " "), ("\u{2000}", " "), ("\u{2001}", " "), ("\u{2002}", " "), ("\u{2003}", " "),
    ("\u{2004}", " "), ("\u{2005}", " "), ("\u{2006}", " "), ("\u{2007}", " "), ("\u{2008}", " "), ("\u{2009}", " "),
    ("\u{200a}", " "), ("\u{202f}", " "), ("\u{205f}", " "), ("\u{3000}", " "), ("\u{2028}", "\n"), ("\u{2029}", "\n"),
    // Invisible characters: soft hyphen, zero-width space, word joiner, byte order mark.
    ("\u{00ad}", ""), ("\u{200b}", ""), ("\u{2060}", ""), ("\u{feff}", ""),
    // Other encodings of the same letter: Kelvin, ohm and angstrom signs, and letters with combining accents.
    ("\u{212a}", "K"), ("\u{2126}", "Ω"), ("\u{212b}", "Å"), ("A\u{30a}", "Å"), ("a\u{30a}", "å"),
    ("A\u{308}", "Ä"), ("O\u{308}", "Ö"), ("U\u{308}", "Ü"), ("a\u{308}", "ä"), ("o\u{308}", "ö"), ("u\u{308}", "ü"),
    ("a\u{300}", "à"), ("e\u{300}", "è"), ("i\u{300}", "ì"), ("o\u{300}", "ò"), ("u\u{300}", "ù"),
    ("e\u{301}", "é"), ("E\u{301}", "É"), ("n\u{303}", "ñ"), ("N\u{303}", "Ñ"), ("C\u{327}", "Ç"),
];

/// A replaced character, and how often it occurred.
///
/// Its `Display` is for people: `“ → " (2 times)`. Invisible characters are shown by their code: `U+00A0 → " "`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The original.
    pub from: &'static str,
    /// The replacement; may be empty.
    pub to: &'static str,
    /// The number of occurrences.
    pub times: usize,
}

impl fmt::Display for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.from.chars().next() {
            Some(first) if is_invisible(first) => write!(f, "U+{:04X}", u32::from(first))?,
            Some(_) | None => f.write_str(self.from)?,
        }
        match self.to {
            "" => f.write_str(" removed")?,
            " " => f.write_str(" → space")?,
            "\n" => f.write_str(" → line break")?,
            to => write!(f, " → {to}")?,
        }
        if self.times == 1 { Ok(()) } else { write!(f, " ({} times)", self.times) }
    }
}

fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// A text with plain typography.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transliteration {
    /// The resulting text.
    pub(crate) text: String,
    /// The replacements, in order of first appearance; empty if there were none.
    pub(crate) replaced: Vec<Replacement>,
}

/// Replaces characters that have an equivalent in GSM-7 that reads the same.
///
/// The result may still need UCS-2, in which case nothing is saved and [`super::Body`] keeps the original.
pub(crate) fn transliterate(text: &str) -> Transliteration {
    let mut result = Transliteration { text: String::with_capacity(text.len()), replaced: Vec::new() };
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(&(from, to)) = TABLE.iter().find(|(from, _)| rest.starts_with(from)) {
            result.text.push_str(to);
            result.note(from, to);
            rest = &rest[from.len()..];
        } else {
            result.text.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    result
}

impl Transliteration {
    fn note(&mut self, from: &'static str, to: &'static str) {
        match self.replaced.iter_mut().find(|replacement| replacement.from == from) {
            Some(replacement) => replacement.times += 1,
            None => self.replaced.push(Replacement { from, to, times: 1 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::segments::{Encoding, Segments, gsm7_units};
    use super::{Replacement, TABLE, transliterate};

    fn plain(text: &str) -> String {
        transliterate(text).text
    }

    #[test]
    fn typography_becomes_plain() {
        for (typeset, expected) in [
            ("It’s “ready” – see…", "It's \"ready\" - see..."),
            ("«Rechnung» ‚fällig‘", "\"Rechnung\" 'fällig'"),
            ("129,50\u{a0}€", "129,50 €"),
            ("1\u{202f}234", "1 234"),
            ("5′ 3″ — 2−1", "5' 3\" - 2-1"),
            ("zero\u{200b}width", "zerowidth"),
            ("one\u{2028}two", "one\ntwo"),
            ("cafe\u{301} A\u{30a}r N\u{303}u", "café År Ñu"),
            ("`tick`", "'tick'"),
        ] {
            assert_eq!(plain(typeset), expected);
            assert_eq!(Segments::of(expected).encoding(), Encoding::Gsm7);
        }
    }

    #[test]
    fn letters_symbols_and_emoji_stay() {
        for text in ["Ágnes", "Łódź", "ça va", "Αθήνα", "Привет", "😀", "👩\u{200d}👧", "™ © • ×", "a\u{301}"]
        {
            let result = transliterate(text);
            assert_eq!(result.text, text);
            assert!(result.replaced.is_empty());
        }
    }

    #[test]
    fn what_was_replaced_is_told_in_order_and_counted() {
        let result = transliterate("“a” “b”\u{a0}…");
        let told: Vec<String> = result.replaced.iter().map(Replacement::to_string).collect();
        assert_eq!(told, ["“ → \" (2 times)", "” → \" (2 times)", "U+00A0 → space", "… → ..."]);
        assert_eq!(transliterate("a\u{ad}b").replaced[0].to_string(), "U+00AD removed");
    }

    #[test]
    fn every_replacement_is_gsm7_and_nothing_that_is_gsm7_is_replaced() {
        for (from, to) in TABLE {
            assert!(to.chars().all(|c| gsm7_units(c).is_some()), "{from:?}");
            assert!(from.chars().any(|c| gsm7_units(c).is_none()), "{from:?}");
            let rows = TABLE.iter().filter(|(other, _)| from.starts_with(other)).count();
            assert_eq!(rows, 1, "{from:?} is hidden by another row");
        }
    }

    proptest! {
        #[test]
        fn what_is_plain_already_stays_as_it_is(text in "\\PC{0,80}") {
            let once = plain(&text);
            prop_assert_eq!(plain(&once), once.clone());
            if Segments::of(&text).encoding() == Encoding::Gsm7 {
                prop_assert_eq!(once, text);
            }
        }
    }
}
