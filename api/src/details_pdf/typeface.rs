//! Text: shaping, measuring and breaking into lines.
//!
//! What is measured is what is drawn: a line is shaped once, with kerning, and its glyphs are both summed up here and
//! handed to the PDF.

use std::sync::LazyLock;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Face, ShapePlan, UnicodeBuffer, script};

use super::DetailsPdfError;

const REGULAR: &str = "NotoSans-Regular";
const BOLD: &str = "NotoSans-Bold";

static EMBEDDED: LazyLock<Result<Typefaces, &'static str>> = LazyLock::new(|| {
    Ok(Typefaces {
        regular: Typeface::read(include_bytes!("../../assets/fonts/NotoSans-Regular.subset.ttf")).ok_or(REGULAR)?,
        bold: Typeface::read(include_bytes!("../../assets/fonts/NotoSans-Bold.subset.ttf")).ok_or(BOLD)?,
    })
});

/// How heavy the letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// The two fonts of the page.
pub(super) struct Typefaces {
    regular: Typeface,
    bold: Typeface,
}

impl Typefaces {
    /// The fonts compiled into the program, read once.
    pub(super) fn embedded() -> Result<&'static Self, DetailsPdfError> {
        EMBEDDED.as_ref().map_err(|name| DetailsPdfError::Font(name))
    }

    pub(super) fn get(&self, weight: Weight) -> &Typeface {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }
}

/// A font, as the PDF embeds it and as the shaper reads it.
pub(super) struct Typeface {
    font: Font,
    face: Face<'static>,
    latin: ShapePlan,
    greek: ShapePlan,
    cyrillic: ShapePlan,
}

impl Typeface {
    fn read(bytes: &'static [u8]) -> Option<Self> {
        let face = Face::from_slice(bytes, 0)?;
        // Making a plan costs more than shaping a line with it.
        let plan = |script| ShapePlan::new(&face, Direction::LeftToRight, Some(script), None, &[]);
        let (latin, greek, cyrillic) = (plan(script::LATIN), plan(script::GREEK), plan(script::CYRILLIC));
        Some(Self { font: Font::new(bytes.into(), 0)?, face, latin, greek, cyrillic })
    }

    pub(super) fn font(&self) -> Font {
        self.font.clone()
    }

    /// Shapes one line by the rules of its first script. Always from left to right: the fonts hold no script that is
    /// written otherwise.
    pub(super) fn shape(&self, text: &str) -> Shaped {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        let (script, plan) = match buffer.script() {
            script::GREEK => (script::GREEK, &self.greek),
            script::CYRILLIC => (script::CYRILLIC, &self.cyrillic),
            _ => (script::LATIN, &self.latin),
        };
        buffer.set_script(script);
        buffer.set_direction(Direction::LeftToRight);
        let shaped = rustybuzz::shape_with_plan(&self.face, plan, buffer);

        let starts: Vec<usize> = shaped.glyph_infos().iter().map(|info| info.cluster as usize).collect();
        let glyphs: Vec<KrillaGlyph> = shaped
            .glyph_infos()
            .iter()
            .zip(shaped.glyph_positions())
            .map(|(info, at)| {
                let start = info.cluster as usize;
                let next = starts.partition_point(|&other| other <= start);
                KrillaGlyph::new(
                    GlyphId::new(info.glyph_id),
                    self.em(at.x_advance),
                    self.em(at.x_offset),
                    self.em(at.y_offset),
                    self.em(at.y_advance),
                    start..starts.get(next).copied().unwrap_or(text.len()),
                    None,
                )
            })
            .collect();
        Shaped { text: text.to_owned(), advance: glyphs.iter().map(|glyph| glyph.x_advance).sum(), glyphs }
    }

    /// Breaks text into lines no wider than `width` at this size: at spaces, or inside a word that is wider by itself.
    /// Line breaks in the text are kept; other white space and control characters become single spaces.
    pub(super) fn wrap(&self, text: &str, size: f32, width: f32) -> Vec<Shaped> {
        text.lines()
            .map(one_line)
            .filter(|paragraph| !paragraph.is_empty())
            .flat_map(|paragraph| self.wrap_paragraph(&paragraph, width / size))
            .collect()
    }

    fn wrap_paragraph(&self, text: &str, width: f32) -> Vec<Shaped> {
        let mut lines = Vec::new();
        let (mut start, mut space, mut used) = (0, None, 0.0_f32);
        for glyph in self.shape(text).glyphs {
            let at = glyph.text_range.start;
            let is_space = text.get(at..).is_some_and(|rest| rest.starts_with(' '));
            if is_space {
                space = Some((at, used + glyph.x_advance));
            } else if used + glyph.x_advance > width && at > start {
                let (end, next, before) = match space {
                    Some((end, before)) => (end, end + 1, before),
                    None => (at, at, used),
                };
                lines.extend(text.get(start..end).map(|line| self.shape(line)));
                (start, space, used) = (next, None, used - before);
            }
            used += glyph.x_advance;
        }
        lines.extend(text.get(start..).filter(|rest| !rest.is_empty()).map(|line| self.shape(line)));
        lines
    }

    #[expect(clippy::cast_precision_loss, reason = "font units are far below 2^24")]
    fn em(&self, units: i32) -> f32 {
        units as f32 / self.font.units_per_em()
    }
}

/// A shaped line: its glyphs, in lengths relative to the size of the letters.
#[derive(Debug, Clone)]
pub(super) struct Shaped {
    pub(super) text: String,
    pub(super) glyphs: Vec<KrillaGlyph>,
    advance: f32,
}

impl Shaped {
    /// The width of the line in points, at a size in points.
    pub(super) fn width(&self, size: f32) -> f32 {
        self.advance * size
    }
}

/// Text for a single line: runs of white space and control characters become one space, none at the ends.
///
/// No-break spaces stay as they are: they were put into amounts and names on purpose.
pub(super) fn one_line(text: &str) -> String {
    text.split(|letter: char| {
        letter.is_control() || (letter.is_whitespace() && !matches!(letter, '\u{a0}' | '\u{202f}'))
    })
    .filter(|word| !word.is_empty())
    .collect::<Vec<_>>()
    .join(" ")
}
