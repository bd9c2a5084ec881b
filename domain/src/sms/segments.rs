//! Counts the segments of a text, which is what the carrier bills and therefore what a message costs.
//!
//! The rules are those of 3GPP TS 23.038 and 23.040. A text of GSM-7 characters takes 160 units in a single segment, or 153 in each of
//! several; a character of the extension table takes two units, an escape and itself. Any other character turns the whole text into UCS-2:
//! 70 UTF-16 units in a single segment, 67 in each of several. A pair of units is never split, so a segment may end one unit early.
//!
//! Why not a crate: `gsm7` 0.4 packs bits and knows no segments. `sms_splitter` 0.1.9 of 2022 counts as this module does (compared on
//! 30,000 random texts), but cannot tell which character makes a text UCS-2, which merchants need to know, and is unmaintained. The rules
//! are few and decide about money, so they are here, checked against an independent implementation.

/// The basic character set, in the order of 3GPP TS 23.038, table 6.2.1, without its escape to the extension table.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension table (6.2.1.1): each of these is sent as an escape and a character.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// How the characters of a text travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// The GSM alphabet, seven bits a unit.
    Gsm7,
    /// UTF-16, as carriers treat what is nominally UCS-2.
    Ucs2,
}

impl Encoding {
    /// The name by which merchants know it: `GSM-7` or `UCS-2`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        }
    }

    /// How many units fit into a message of one segment, and into each segment of a longer one.
    const fn capacities(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }
}

/// What a text takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segments {
    encoding: Encoding,
    units: usize,
    count: u32,
}

impl Segments {
    /// Counts a text as it stands, without changing it.
    ///
    /// An empty text has no units but takes one segment: a message without text is still a message, which carriers
    /// bill, and a price of zero would be a free message for whoever forgot to refuse it. [`super::Body`] refuses it.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text.chars().map(gsm7_units).collect::<Option<Vec<_>>>() {
            Some(units) => Self::pack(Encoding::Gsm7, units.into_iter()),
            None => Self::pack(Encoding::Ucs2, text.chars().map(char::len_utf16)),
        }
    }

    /// Fills segments in order. Each item is a character, which goes into one segment whole.
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

    /// Units of that encoding: septets with their escapes, or UTF-16 units.
    #[must_use]
    pub const fn units(self) -> usize {
        self.units
    }

    /// How many segments are sent and billed: at least one.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }
}

/// How many units a character takes in GSM-7, or `None` if it has no place there.
pub(super) fn gsm7_units(character: char) -> Option<usize> {
    if BASIC.contains(character) {
        Some(1)
    } else if EXTENSION.contains(character) {
        Some(2)
    } else {
        None
    }
}

/// The reason why a text is UCS-2, and what it would save not to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ucs2Character {
    /// The first character that GSM-7 does not have.
    pub character: char,
    /// How many different ones follow it: replacing the first alone saves nothing unless this is 0.
    pub others: usize,
    /// How many segments fewer the text would take with a plain character in place of each of them.
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
