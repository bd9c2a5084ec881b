//! Counts the segments of a text. Written independently of the product's own count, so that the two check each other.

/// GSM 03.38's basic alphabet: one septet each.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension: two septets each, the first an escape.
const EXTENDED: &str = "^{}\\[~]|€\u{c}";

/// The number of segments; an empty text takes one.
pub(crate) fn count(text: &str) -> usize {
    let septets: Option<Vec<usize>> = text.chars().map(septets).collect();
    match septets {
        Some(units) => fill(&units, 160, 153),
        None => fill(&text.chars().map(char::len_utf16).collect::<Vec<_>>(), 70, 67),
    }
}

fn septets(letter: char) -> Option<usize> {
    if BASIC.contains(letter) { Some(1) } else { EXTENDED.contains(letter).then_some(2) }
}

/// Fills segments in order; a character of two units is never split.
fn fill(units: &[usize], alone: usize, joined: usize) -> usize {
    if units.iter().sum::<usize>() <= alone {
        return 1;
    }
    let put = |(segments, used): (usize, usize), unit: &usize| {
        if used + unit > joined { (segments + 1, *unit) } else { (segments, used + unit) }
    };
    units.iter().fold((1, 0), put).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_as_many_segments_as_its_alphabet_allows() {
        for (text, segments) in [
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            ("я".repeat(70), 1),
            ("я".repeat(71), 2),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
            // 153 is odd: the 77th pair does not fit into the first segment.
            ("€".repeat(153), 3),
        ] {
            assert_eq!(count(&text), segments, "{} × {:?}", text.chars().count(), text.chars().next());
        }
    }
}
