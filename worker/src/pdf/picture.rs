//! Renders the first page.

use bytes::Bytes;
use hayro::{
    PixmapSettings, RenderCache, RenderSettings, hayro_interpret::InterpreterSettings, hayro_syntax::page::Page,
    render, vello_cpu::color::palette::css::WHITE,
};

/// The longest side, in pixels: enough to read an A4 page on a phone, and no more than 12 MB while it is drawn.
const LONGEST: f32 = 1754.0;

/// A page smaller than a receipt is not blown up without end.
const MOST_ENLARGED: f32 = 4.0;

/// A page that was drawn.
#[derive(Debug)]
pub(super) struct PagePicture {
    pub(super) png: Bytes,
    pub(super) is_blank: bool,
}

/// Draws a page on white. Nothing if the page has no extent, or cannot be drawn.
pub(super) fn draw(page: &Page<'_>) -> Option<PagePicture> {
    let (width, height) = page.render_dimensions();
    let scale = (LONGEST / width.max(height)).min(MOST_ENLARGED);
    let is_drawable = |side: f32| side.is_finite() && side * scale >= 1.0;
    if !scale.is_finite() || !is_drawable(width) || !is_drawable(height) {
        return None;
    }
    let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let drawn =
        render(page, &RenderCache::new(), &InterpreterSettings::default(), &RenderSettings::default(), &settings);
    let is_blank = drawn.data_as_u8_slice().iter().all(|shade| *shade == u8::MAX);
    Some(PagePicture { png: drawn.into_png().ok()?.into(), is_blank })
}
