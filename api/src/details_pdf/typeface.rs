//! One font, and a line that was shaped with it.

use std::{collections::BTreeMap, ops::Range};

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Face, GlyphBuffer, Script, ShapePlan, UnicodeBuffer, script};

/// The weight of the font.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// A font, for the PDF and for the shaper.
pub(super) struct Typeface {
    font: Font,
    face: Face<'static>,
    latin: ShapePlan,
    greek: ShapePlan,
    cyrillic: ShapePlan,
    /// Whether it has each of the first characters, which are the most common.
    first: Vec<bool>,
}

/// The number of those characters: up to the end of Cyrillic.
const FIRST: u32 = 0x500;

impl Typeface {
    pub(super) fn read(bytes: &'static [u8], index: u32) -> Option<Self> {
        let face = Face::from_slice(bytes, index)?;
        // Creating a plan costs more than shaping a line with it.
        let plan = |script| ShapePlan::new(&face, Direction::LeftToRight, Some(script), None, &[]);
        let (latin, greek, cyrillic) = (plan(script::LATIN), plan(script::GREEK), plan(script::CYRILLIC));
        let has = |code| char::from_u32(code).is_some_and(|c| face.glyph_index(c).is_some());
        let first = (0..FIRST).map(has).collect();
        Some(Self { font: Font::new(bytes.into(), index)?, latin, greek, cyrillic, first, face })
    }

    /// Whether the font has a glyph for this character.
    pub(super) fn has(&self, c: char) -> bool {
        let first = usize::try_from(u32::from(c)).ok().and_then(|code| self.first.get(code));
        first.copied().unwrap_or_else(|| self.face.glyph_index(c).is_some())
    }

    /// Shapes a span by the rules of its first script.
    pub(super) fn shape(&self, text: &str, span: Range<usize>, is_rtl: bool) -> Piece {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&text[span.clone()]);
        buffer.guess_segment_properties();
        let shaped = self.shaped(buffer, is_rtl);

        let mut starts: Vec<usize> = shaped.glyph_infos().iter().map(|info| info.cluster as usize).collect();
        starts.sort_unstable();
        let glyphs: Vec<KrillaGlyph> = shaped
            .glyph_infos()
            .iter()
            .zip(shaped.glyph_positions())
            .map(|(info, at)| {
                let start = info.cluster as usize;
                let next = starts.partition_point(|&other| other <= start);
                let end = starts.get(next).map_or(span.end, |next| span.start + next);
                KrillaGlyph::new(
                    GlyphId::new(info.glyph_id),
                    self.em(at.x_advance),
                    self.em(at.x_offset),
                    self.em(at.y_offset),
                    self.em(at.y_advance),
                    span.start + start..end,
                    None,
                )
            })
            .collect();
        Piece { font: self.font.clone(), advance: glyphs.iter().map(|glyph| glyph.x_advance).sum(), glyphs }
    }

    fn shaped(&self, mut buffer: UnicodeBuffer, is_rtl: bool) -> GlyphBuffer {
        let script: Script = buffer.script();
        let plan = match script {
            script::GREEK => Some(&self.greek),
            script::CYRILLIC => Some(&self.cyrillic),
            script::LATIN | script::COMMON | script::INHERITED | script::UNKNOWN => Some(&self.latin),
            _ => None,
        };
        match plan {
            Some(plan) if !is_rtl => {
                if !matches!(script, script::GREEK | script::CYRILLIC) {
                    buffer.set_script(script::LATIN);
                }
                buffer.set_direction(Direction::LeftToRight);
                rustybuzz::shape_with_plan(&self.face, plan, buffer)
            }
            Some(_) | None => {
                buffer.set_direction(if is_rtl { Direction::RightToLeft } else { Direction::LeftToRight });
                rustybuzz::shape(&self.face, &[], buffer)
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "font units are far below 2^24")]
    fn em(&self, units: i32) -> f32 {
        units as f32 / self.font.units_per_em()
    }
}

/// A span of a line in one font, with lengths relative to the font size.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) font: Font,
    pub(super) glyphs: Vec<KrillaGlyph>,
    pub(super) advance: f32,
}

/// A shaped line: its pieces from left to right.
#[derive(Debug, Clone)]
pub(super) struct Shaped {
    pub(super) text: String,
    pub(super) pieces: Vec<Piece>,
    pub(super) advance: f32,
}

impl Shaped {
    /// The width of the line in points, at a size in points.
    pub(super) fn width(&self, size: f32) -> f32 {
        self.advance * size
    }

    /// The advance of each cluster of characters, in the order of the text.
    pub(super) fn advances(&self) -> BTreeMap<usize, f32> {
        let mut advances = BTreeMap::new();
        for glyph in self.pieces.iter().flat_map(|piece| &piece.glyphs) {
            *advances.entry(glyph.text_range.start).or_insert(0.0) += glyph.x_advance;
        }
        advances
    }
}
