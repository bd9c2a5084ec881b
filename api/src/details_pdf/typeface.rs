//! Text: shaping, measuring and line breaking.
//!
//! A line is shaped once, with kerning, and the same glyphs are measured here and written to the PDF. Each character
//! uses the bundled fonts if they have it, otherwise a system font ([`fallback`]). Right-to-left text is supported.

use std::{collections::BTreeMap, ops::Range, sync::LazyLock};

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Face, GlyphBuffer, Script, ShapePlan, UnicodeBuffer, script};
use unicode_script::UnicodeScript;

use super::{
    DetailsPdfError,
    characters::{is_ignorable, is_of_script, joins, may_break_between, one_line, visual_runs},
    fallback,
};

const REGULAR: &str = "NotoSans-Regular";
const BOLD: &str = "NotoSans-Bold";

static EMBEDDED: LazyLock<Result<Typefaces, &'static str>> = LazyLock::new(|| {
    Ok(Typefaces {
        regular: Typeface::read(include_bytes!("../../assets/fonts/NotoSans-Regular.subset.ttf"), 0).ok_or(REGULAR)?,
        bold: Typeface::read(include_bytes!("../../assets/fonts/NotoSans-Bold.subset.ttf"), 0).ok_or(BOLD)?,
    })
});

/// The weight of the font.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// The two bundled fonts, with the system's fonts as fallback.
pub(super) struct Typefaces {
    regular: Typeface,
    bold: Typeface,
}

impl Typefaces {
    /// The bundled fonts, parsed once.
    pub(super) fn embedded() -> Result<&'static Self, DetailsPdfError> {
        EMBEDDED.as_ref().map_err(|name| DetailsPdfError::Font(name))
    }

    fn get(&self, weight: Weight) -> &Typeface {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    /// The first character of a text that no font has.
    pub(super) fn undrawable_in(&self, text: &str) -> Option<char> {
        let is_drawn = |c: char| {
            c.is_control()
                || c.is_whitespace()
                || is_ignorable(c)
                || self.regular.has(c)
                || fallback::find(c, Weight::Regular).is_some()
        };
        text.chars().find(|&c| !is_drawn(c))
    }

    /// Shapes one line.
    pub(super) fn shape(&self, weight: Weight, text: &str) -> Shaped {
        let mut pieces = Vec::new();
        for (run, is_rtl) in visual_runs(text) {
            let mut spans = self.spans(weight, text, run);
            if is_rtl {
                spans.reverse();
            }
            pieces.extend(spans.into_iter().map(|(span, face)| face.shape(text, span, is_rtl)));
        }
        Shaped { text: text.to_owned(), advance: pieces.iter().map(|piece| piece.advance).sum(), pieces }
    }

    /// Splits a run by font, and for system fonts also by script, in the order of the text.
    fn spans(&self, weight: Weight, text: &str, run: Range<usize>) -> Vec<(Range<usize>, &Typeface)> {
        let own = self.get(weight);
        let mut spans: Vec<(Range<usize>, &Typeface)> = Vec::new();
        let mut script_of_span = unicode_script::Script::Common;
        for (at, c) in text[run.clone()].char_indices() {
            let (start, end) = (run.start + at, run.start + at + c.len_utf8());
            let goes_on = match spans.last() {
                None => false,
                Some((_, face)) if joins(c) || (c == ' ' && face.has(c)) => true,
                Some((_, face)) => {
                    let wanted = Self::face_of(own, c, weight);
                    std::ptr::eq(wanted, *face) && (std::ptr::eq(wanted, own) || is_of_script(c, script_of_span))
                }
            };
            match spans.last_mut() {
                Some((span, _)) if goes_on => span.end = end,
                Some(_) | None => {
                    let face = Self::face_of(own, c, weight);
                    if !std::ptr::eq(face, own) {
                        script_of_span = c.script();
                    }
                    spans.push((start..end, face));
                }
            }
        }
        spans
    }

    fn face_of(own: &Typeface, c: char, weight: Weight) -> &Typeface {
        if own.has(c) || c.is_control() { own } else { fallback::find(c, weight).unwrap_or(own) }
    }

    /// Breaks text into lines no wider than `width` at this size: at spaces, between characters of scripts without
    /// spaces, or inside a word that is too wide. Line breaks are kept; other white space and control characters become
    /// single spaces.
    pub(super) fn wrap(&self, weight: Weight, text: &str, size: f32, width: f32) -> Vec<Shaped> {
        text.lines()
            .map(one_line)
            .filter(|paragraph| !paragraph.is_empty())
            .flat_map(|paragraph| self.wrap_paragraph(weight, &paragraph, width / size))
            .collect()
    }

    fn wrap_paragraph(&self, weight: Weight, text: &str, width: f32) -> Vec<Shaped> {
        let mut lines = Vec::new();
        // Where the line may end, where the next one would begin, and the width used so far.
        let (mut start, mut opportunity, mut used) = (0, None, 0.0_f32);
        let mut previous = None;
        for (at, advance) in self.shape(weight, text).advances() {
            let c = text.get(at..).and_then(|rest| rest.chars().next());
            if start < at && may_break_between(previous, c) {
                opportunity = Some((at, at, used));
            }
            previous = c;
            if c == Some(' ') {
                opportunity = Some((at, at + 1, used + advance));
            } else if used + advance > width && at > start {
                let (end, next, before) = opportunity.unwrap_or((at, at, used));
                lines.extend(text.get(start..end).map(|line| self.shape(weight, line)));
                (start, opportunity, used) = (next, None, used - before);
            }
            used += advance;
        }
        let rest = text.get(start..).filter(|rest| !rest.is_empty());
        lines.extend(rest.map(|line| self.shape(weight, line)));
        lines
    }
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
    fn shape(&self, text: &str, span: Range<usize>, is_rtl: bool) -> Piece {
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
    advance: f32,
}

impl Shaped {
    /// The width of the line in points, at a size in points.
    pub(super) fn width(&self, size: f32) -> f32 {
        self.advance * size
    }

    /// The advance of each cluster of characters, in the order of the text.
    fn advances(&self) -> BTreeMap<usize, f32> {
        let mut advances = BTreeMap::new();
        for glyph in self.pieces.iter().flat_map(|piece| &piece.glyphs) {
            *advances.entry(glyph.text_range.start).or_insert(0.0) += glyph.x_advance;
        }
        advances
    }
}
