//! Search: texts and queries are folded in the same way, because neither database's lower-casing or trigrams handle
//! every script.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The longest query; the rest of a longer one is ignored.
const LONGEST: usize = 100;

/// The fewest digits that are searched for as part of a phone number.
const FEWEST_DIGITS: usize = 3;

/// The number of characters in a gram.
const GRAM: usize = 3;

/// Folds a text: removes letter case, width, accents of Latin, Greek and Cyrillic letters, Hebrew points, Arabic vowel
/// signs and invisible characters, turns digits of any script into ASCII, and collapses white space. Folding is
/// idempotent.
#[must_use]
pub fn fold(text: &str) -> String {
    let bare = text.nfkd().filter(|&c| !is_left_out(c)).flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    // Changing case can bring back accents, as in the lower case of a dotted capital I.
    let folded: String = bare.nfkd().filter(|&c| !is_left_out(c)).map(plain_digit).nfkc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Folds several texts into one. A query matches within one of them, never across two.
#[must_use]
pub fn searchable<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let folded: Vec<String> = texts.into_iter().map(fold).filter(|text| !text.is_empty()).collect();
    folded.join("\n")
}

/// A search query: a text matches if it contains any of the alternatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought(Vec<String>);

impl Sought {
    /// Interprets a query as literal text and, if it looks like one, as part of a phone number or as an amount. Returns
    /// `None` if it is blank.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let folded: String = fold(text).chars().take(LONGEST).collect();
        let folded = folded.trim().to_owned();
        if folded.is_empty() {
            return None;
        }
        let mut meant = vec![folded.clone()];
        meant.extend(phone(&folded));
        meant.extend(amount(&folded));
        let mut seen = Vec::new();
        meant.retain(|one| {
            !seen.contains(one) && {
                seen.push(one.clone());
                true
            }
        });
        Some(Self(meant))
    }

    /// The alternatives, each a part of a searchable text.
    #[must_use]
    pub fn meant(&self) -> &[String] {
        &self.0
    }
}

/// The grams of a folded text: every three consecutive characters, and every two of which one is not ASCII, since in
/// some scripts a whole name has two characters. A text can contain another only if it has all of its grams. The
/// database's index uses the same rule.
#[must_use]
pub fn grams(folded: &str) -> Vec<String> {
    let characters: Vec<char> = folded.chars().collect();
    let threes = characters.windows(GRAM).map(|gram| gram.iter().collect::<String>());
    let twos = characters.windows(2).filter(|gram| !gram.iter().all(char::is_ascii)).map(|gram| gram.iter().collect());
    let mut grams: Vec<String> = threes.chain(twos).collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// Extracts the digits of a phone number, with the usual punctuation between them and without leading zeros.
fn phone(folded: &str) -> Option<String> {
    let is_written_so =
        |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '(' | ')' | '/' | '.' | ' ' | '\u{2010}'..='\u{2015}');
    if !folded.chars().all(is_written_so) {
        return None;
    }
    let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    (digits.len() >= FEWEST_DIGITS).then(|| digits.to_owned())
}

/// The phone number in E.164 that a query may be, if it begins as one with its country code: `+1 (202) 555-0123`.
#[must_use]
pub fn whole_number(text: &str) -> Option<String> {
    let folded = fold(text);
    let digits = phone(&folded).filter(|_| folded.starts_with('+'))?;
    Some(format!("+{digits}"))
}

/// Normalizes an amount to its stored form: `1234.50` for `$1,234.50`, `1.234,50 €`, `1 234,5` or `usd 1'234.50`. Apart
/// from a currency sign or code, nothing else may surround it.
fn amount(folded: &str) -> Option<String> {
    let start = folded.find(|c: char| c.is_ascii_digit())?;
    let end = folded.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (before, after) = (folded[..start].trim(), folded[end..].trim());
    if !is_currency(before) || !is_currency(after) {
        return None;
    }
    let separators = |c: char| matches!(c, ' ' | '\'' | '\u{2019}' | '_');
    let number: String = folded[start..end].chars().filter(|&c| !separators(c)).collect();
    if !number.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',')) {
        return None;
    }
    let whole_only = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    // One or two digits after the last separator are decimals; three are thousands.
    match number.rfind(['.', ',']) {
        Some(at) if (1..=2).contains(&(number.len() - at - 1)) => {
            Some(format!("{}.{}", whole_only(&number[..at]), &number[at + 1..]))
        }
        Some(_) | None => Some(whole_only(&number)),
    }
}

/// Whether the text is empty or could name a currency: `$`, `r$`, `kr`, `usd`.
fn is_currency(text: &str) -> bool {
    let is_sign = |c: char| matches!(c, '$' | '¢' | '£' | '¤' | '¥' | '\u{20a0}'..='\u{20cf}');
    text.chars().count() <= 3 && text.chars().all(|c| c.is_alphabetic() || is_sign(c))
}

/// Whether folding removes a character: an accent, a point, a vowel sign, or an invisible character.
fn is_left_out(c: char) -> bool {
    let is_accent = matches!(c, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}');
    (is_accent && is_combining_mark(c))
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{640}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\0')
}

/// The zero of each script's digits, which are ten consecutive code points.
const ZEROS: [char; 16] = [
    '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}', '\u{c66}', '\u{ce6}',
    '\u{d66}', '\u{e50}', '\u{ed0}', '\u{1040}', '\u{17e0}', '\u{1810}',
];

/// Converts a digit of any script to ASCII.
pub(crate) fn plain_digit(character: char) -> char {
    let code = u32::from(character);
    let digit = ZEROS.into_iter().find_map(|zero| char::from_digit(code.checked_sub(zero.into())?, 10));
    digit.unwrap_or(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Sought, fold, grams, searchable, whole_number};

    #[test]
    fn letter_case_accents_and_width_make_no_difference_in_any_script() {
        for (one, other) in [
            ("José GARCÍA", "jose garcia"),
            ("Łukasz Żółć", "łukasz zołc"),
            ("STRASSE", "straße"),
            ("İstanbul IĞDIR", "istanbul igdir"),
            ("ığdır", "IGDIR"),
            ("ΟΔΥΣΣΕΥΣ", "Οδυσσεύς"),
            ("МАРИЯ Ёлкина", "мария елкина"),
            ("Ｔａｎａｋａ", "tanaka"),
            ("ﬁne ＡＢＣ１２３", "FINE abc123"),
            ("שָׁלוֹם", "שלום"),
            ("مُحَمَّد", "محمد"),
            ("٠١٢ ۳۴۵ ६७८", "012 345 678"),
            ("A\u{200b}B\u{ad}C", "abc"),
            ("  a \t b\n", "a b"),
        ] {
            assert_eq!(fold(one), fold(other), "{one}");
        }
        for (one, other) in [("バス", "ハス"), ("田中", "中田"), ("कि", "की"), ("ab", "a b")] {
            assert_ne!(fold(one), fold(other), "{one}");
        }
    }

    #[test]
    fn what_looks_like_a_phone_number_or_an_amount_is_sought_as_that_too() {
        let meant = |text: &str| Sought::parse(text).unwrap().meant().to_vec();
        for (text, kept) in [
            ("(202) 555-0123", "2025550123"),
            ("0151 2345", "1512345"),
            ("+49 151", "49151"),
            ("٠١٥١ ٢٣", "15123"),
            ("129,50", "129.50"),
            ("$129.50", "129.50"),
            ("1.234,5 €", "1234.5"),
            ("$1,234", "1234"),
            ("1'234.50 chf", "1234.50"),
        ] {
            assert!(meant(text).contains(&kept.to_owned()), "{text}: {:?}", meant(text));
        }
        assert_eq!(meant("Anna"), ["anna"]);
        assert_eq!(meant("INV-1"), ["inv-1"]);
        assert_eq!(meant("1234"), ["1234"]);
        // Neither a sign nor a code of a currency.
        assert_eq!((meant("-129,50"), meant("euros 5")), (vec!["-129,50".to_owned()], vec!["euros 5".to_owned()]));
        for nothing in ["", "  ", "\u{200b}"] {
            assert_eq!(Sought::parse(nothing), None);
        }
    }

    #[test]
    fn a_number_with_its_country_code_is_a_whole_one() {
        assert_eq!(whole_number("+1 (202) 555-0123").as_deref(), Some("+12025550123"));
        for text in ["202 555 0123", "+49 abc", "+", ""] {
            assert_eq!(whole_number(text), None, "{text}");
        }
    }

    #[test]
    fn each_text_is_found_within_itself() {
        assert_eq!(searchable(["INV 7", "", "José"]), "inv 7\njose");
        assert_eq!(grams("abcd"), ["abc", "bcd"]);
        assert_eq!(grams("田中a"), ["中a", "田中", "田中a"]);
        assert!(grams("ab").is_empty());
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn a_part_has_no_gram_that_the_whole_lacks(text in "\\PC{1,40}", from in 0_usize..40, length in 1_usize..10) {
            let whole = fold(&text);
            let part: String = whole.chars().skip(from).take(length).collect();
            let all = grams(&whole);
            prop_assert!(grams(&part).iter().all(|gram| all.contains(gram)));
        }
    }
}
