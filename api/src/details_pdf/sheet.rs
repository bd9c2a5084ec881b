//! Sheets of paper with marks on them: the result of layout, independent of PDF.
//!
//! Lengths are in points (1/72 inch), measured from the top left corner.

use super::page::Paper;
use super::typeface::{Shaped, Weight};

impl Paper {
    pub(super) const fn width(self) -> f32 {
        match self {
            Self::A4 => 595.276,
            Self::Letter => 612.0,
        }
    }

    pub(super) const fn height(self) -> f32 {
        match self {
            Self::A4 => 841.89,
            Self::Letter => 792.0,
        }
    }
}

/// The colours of the page, from the text to the faintest line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Text.
    Ink,
    /// Labels and small print.
    Muted,
    /// The merchant's bar and the total.
    Accent,
    /// Lines between items.
    Hairline,
    /// The background of the table's head and of the total.
    Tint,
}

impl Tone {
    /// Red, green and blue, with the merchant's colour as the accent.
    pub(super) fn rgb(self, colour: Option<[u8; 3]>) -> (u8, u8, u8) {
        if let (Self::Accent, Some([red, green, blue])) = (self, colour) {
            return (red, green, blue);
        }
        match self {
            Self::Ink => (0x1b, 0x22, 0x2c),
            Self::Muted => (0x5f, 0x6b, 0x7a),
            Self::Accent => (0x17, 0x4a, 0x6e),
            Self::Hairline => (0xdd, 0xe2, 0xe8),
            Self::Tint => (0xf2, 0xf5, 0xf8),
        }
    }
}

/// The style of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    pub(super) weight: Weight,
    /// The font size in points.
    pub(super) size: f32,
    pub(super) colour: Tone,
}

impl Style {
    pub(super) const fn new(weight: Weight, size: f32, colour: Tone) -> Self {
        Self { weight, size, colour }
    }

    /// The distance from one baseline to the next.
    pub(super) fn leading(self) -> f32 {
        self.size * 1.38
    }
}

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

/// A drawn element.
#[derive(Debug)]
pub(super) enum Mark {
    /// A line of text, starting at `left`.
    Text { left: f32, baseline: f32, style: Style, run: Shaped },
    /// A filled rectangle; a thin one is a line.
    Block { area: Area, colour: Tone },
    /// The merchant's logo.
    Logo { area: Area },
}

/// A page: its marks in the order of drawing and of reading aloud.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) marks: Vec<Mark>,
}

impl Sheet {
    /// Mirrors a sheet of this width for right-to-left text.
    pub(super) fn mirror(&mut self, width: f32) {
        for mark in &mut self.marks {
            match mark {
                Mark::Text { left, style, run, .. } => *left = width - *left - run.width(style.size),
                Mark::Block { area, .. } | Mark::Logo { area } => area.left = width - area.left - area.width,
            }
        }
    }
}
