//! Text: shaping, measuring and line breaking.
//!
//! A line is shaped once, with kerning, and the same glyphs are measured here and written to the PDF. Each character
//! uses the bundled fonts if they have it, otherwise a system font ([`fallback`]). Right-to-left text is supported.

use std::{ops::Range, sync::LazyLock};

use unicode_script::UnicodeScript;

use super::{
    DetailsPdfError,
    characters::{is_ignorable, is_of_script, joins, may_break_between, one_line, visual_runs},
    fallback,
    typeface::{Shaped, Typeface, Weight},
};

const REGULAR: &str = "NotoSans-Regular";
const BOLD: &str = "NotoSans-Bold";

static EMBEDDED: LazyLock<Result<Typefaces, &'static str>> = LazyLock::new(|| {
    Ok(Typefaces {
        regular: Typeface::read(include_bytes!("../../assets/fonts/NotoSans-Regular.subset.ttf"), 0).ok_or(REGULAR)?,
        bold: Typeface::read(include_bytes!("../../assets/fonts/NotoSans-Bold.subset.ttf"), 0).ok_or(BOLD)?,
    })
});

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
