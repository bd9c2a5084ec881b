//! Extracts the text of the pages, and estimates the cost of drawing the first.

use std::{
    panic::{self, AssertUnwindSafe},
    time::{Duration, Instant},
};

use hayro::{
    hayro_interpret::{
        BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
        InterpreterSettings, SoftMask, font::GlyphRun, hayro_cmap::BfString, interpret_page,
    },
    hayro_syntax::Pdf,
    kurbo::{Affine, BezPath, Rect},
};

/// An invoice's number and total are on one of its first pages.
const PAGES: usize = 10;

/// The most characters of text that are kept.
const LETTERS: usize = 200_000;

/// The most objects to draw. A page of fine print has some ten thousand.
const STROKES: u32 = 300_000;

/// The most pixels of all images on a page. A page scanned at 600 dpi has 35 million.
const PIXELS: u64 = 50_000_000;

/// Timeout for reading all pages.
const WITHIN: Duration = Duration::from_secs(5);

/// The text and the estimate.
#[derive(Debug)]
pub(super) struct Glyphs {
    pub(super) text: String,
    /// Whether the first page can be drawn at a reasonable cost.
    pub(super) is_affordable: bool,
}

/// Reads the pages until one would cost too much.
pub(super) fn read(pdf: &Pdf) -> Glyphs {
    let until = Instant::now() + WITHIN;
    let cache = InterpreterCache::new();
    let mut reader = GlyphReader::until(until);
    for (number, page) in pdf.pages().iter().take(PAGES).enumerate() {
        (reader.strokes, reader.pixels) = (0, 0);
        let settings = InterpreterSettings::default();
        let mut context = Context::new(Affine::IDENTITY, Rect::new(0.0, 0.0, 1.0, 1.0), &cache, pdf.xref(), settings);
        // The interpreter has no way to stop, so a panic unwinds through it.
        let read = panic::catch_unwind(AssertUnwindSafe(|| interpret_page(page, &mut context, &mut reader)));
        if read.is_err() {
            return Glyphs { text: reader.text, is_affordable: number > 0 };
        }
        reader.text.push('\n');
    }
    Glyphs { text: reader.text, is_affordable: true }
}

/// Unwinds through the interpreter when a page costs too much.
struct TooMuch;

struct GlyphReader {
    text: String,
    strokes: u32,
    pixels: u64,
    until: Instant,
}

impl GlyphReader {
    const fn until(until: Instant) -> Self {
        Self { text: String::new(), strokes: 0, pixels: 0, until }
    }

    fn pays(&mut self, pixels: u64) {
        self.strokes += 1;
        self.pixels = self.pixels.saturating_add(pixels);
        if self.strokes > STROKES || self.pixels > PIXELS || Instant::now() > self.until {
            // Without a panic message, since this is not a bug.
            panic::resume_unwind(Box::new(TooMuch));
        }
    }
}

impl Device<'_> for GlyphReader {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'_>, _: &DrawMode) {
        self.pays(0);
    }

    fn push_clip_path(&mut self, _: &ClipPath) {
        self.pays(0);
    }

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {
        self.pays(0);
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, _: DrawProps<'_>, _: &DrawMode) {
        for glyph in run.glyphs() {
            self.pays(0);
            if self.text.len() > LETTERS {
                continue;
            }
            match glyph.as_unicode() {
                Some(BfString::Char(letter)) => self.text.push(letter),
                Some(BfString::String(letters)) => self.text.push_str(&letters),
                None => self.text.push('\u{fffd}'),
            }
        }
        self.text.push(' ');
    }

    fn draw_image(&mut self, image: Image<'_, '_>, _: ImageDrawProps<'_>) {
        self.pays(u64::from(image.width()) * u64::from(image.height()));
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}
