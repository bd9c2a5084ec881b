//! The number of segments of a text and its encoding, which determine what the carrier bills and what a message costs.
//!
//! The rules are those of 3GPP TS 23.038 and 23.040. A text of GSM-7 characters takes 160 units in a single segment, or
//! 153 in each of several; a character of the extension table takes two units, an escape and itself. Any other
//! character makes the whole text UCS-2: 70 UTF-16 units in a single segment, or 67 in each of several. Pairs of units
//! are never split, so a segment may end one unit early.
//!
//! Existing crates do not fit: `gsm7` 0.4 only packs bits. `sms_splitter` 0.1.9, from 2022, counts like this module
//! (compared on 30,000 random texts), but is unmaintained and cannot say which character makes a text UCS-2, which
//! merchants need to know. The rules are few and concern money, so they are implemented here and tested against a
//! second, different counter.

/// The basic character set in the order of 3GPP TS 23.038, table 6.2.1, without the escape to the extension table.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension table (6.2.1.1). Each of these is sent as an escape and a character.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// The encoding of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// The GSM alphabet, seven bits per unit.
    Gsm7,
    /// UTF-16, which carriers use for what is nominally UCS-2.
    Ucs2,
}

impl Encoding {
    /// The name shown to merchants: `GSM-7` or `UCS-2`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        }
    }

    /// The units in a message of one segment, and in each segment of a longer one.
    const fn capacities(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }
}

/// The encoding, units and segments of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segments {
    encoding: Encoding,
    units: usize,
    count: u32,
}

impl Segments {
    /// Counts a text without changing it.
    ///
    /// An empty text has no units but takes one segment: carriers bill a message without text, too, and a count of zero
    /// would make a message free wherever empty texts are not refused. [`super::Body`] refuses them.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text.chars().map(gsm7_units).collect::<Option<Vec<_>>>() {
            Some(units) => Self::pack(Encoding::Gsm7, units.into_iter()),
            None => Self::pack(Encoding::Ucs2, text.chars().map(char::len_utf16)),
        }
    }

    /// Fills segments in order. Each item is the width of a character, which is not split.
    fn pack(encoding: Encoding, characters: impl Iterator<Item = usize>) -> Self {
        let (alone, each) = encoding.capacities();
        let (mut units, mut count, mut filled) = (0, 1, 0);
        for width in characters {
            units += width;
            filled += width;
            if filled > each {
                count += 1;
                filled = width;
            }
        }
        let count = if units <= alone { 1 } else { count };
        Self { encoding, units, count }
    }

    /// The encoding that the whole text needs.
    #[must_use]
    pub const fn encoding(self) -> Encoding {
        self.encoding
    }

    /// Units of the encoding: septets including escapes, or UTF-16 units.
    #[must_use]
    pub const fn units(self) -> usize {
        self.units
    }

    /// The number of segments sent and billed, at least one.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }
}

/// The units of a character in GSM-7, or `None` if it is not in the alphabet.
pub(super) fn gsm7_units(character: char) -> Option<usize> {
    if BASIC.contains(character) {
        Some(1)
    } else if EXTENSION.contains(character) {
        Some(2)
    } else {
        None
    }
}

/// Why a text is UCS-2, and how many segments GSM-7 would save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ucs2Character {
    /// The first character that is not in GSM-7.
    pub character: char,
    /// How many other such characters there are. Replacing only the first saves nothing unless this is 0.
    pub others: usize,
    /// How many segments would be saved if all of them were replaced by plain characters.
    pub segments_saved: u32,
}

/// The first character that makes a text UCS-2, or `None` if it is GSM-7.
pub(crate) fn first_ucs2_character(text: &str) -> Option<Ucs2Character> {
    let is_foreign = |character: &char| gsm7_units(*character).is_none();
    let character = text.chars().find(is_foreign)?;
    let mut others: Vec<char> = text.chars().filter(is_foreign).filter(|&c| c != character).collect();
    others.sort_unstable();
    others.dedup();
    let plain: String = text.chars().map(|c| if is_foreign(&c) { '?' } else { c }).collect();
    Some(Ucs2Character {
        character,
        others: others.len(),
        segments_saved: Segments::of(text).count.saturating_sub(Segments::of(&plain).count),
    })
}

#[cfg(test)]
mod tests;
