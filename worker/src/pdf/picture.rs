//! Renders the first page.

use bytes::Bytes;
use hayro::{
    PixmapSettings, RenderCache, RenderSettings,
    hayro_interpret::InterpreterSettings,
    hayro_syntax::page::Page,
    render,
    vello_cpu::{Pixmap, color::palette::css::WHITE},
};

/// The longest side in pixels: enough to read an A4 page on a phone, and at most 12 MB while drawing.
const LONGEST: f32 = 1754.0;

/// The largest magnification of a tiny page.
const MOST_ENLARGED: f32 = 4.0;

/// A page that was drawn.
#[derive(Debug)]
pub(super) struct PagePicture {
    pub(super) png: Bytes,
    pub(super) is_blank: bool,
}

/// Draws a page on white. Returns `None` if the page has no size or cannot be drawn.
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
    let Some(shades) = shades_of_grey(drawn.data_as_u8_slice()) else {
        return Some(PagePicture { png: drawn.into_png().ok()?.into(), is_blank: false });
    };
    let is_blank = shades.iter().all(|shade| *shade == u8::MAX);
    Some(PagePicture { png: grey_png(&drawn, &shades).ok()?.into(), is_blank })
}

/// Converts red, green, blue and opacity to one shade of grey per pixel if there is no colour, as on most invoices: a
/// third of the bytes to compress. Most of a page is white, and is skipped in chunks.
fn shades_of_grey(pixels: &[u8]) -> Option<Vec<u8>> {
    const PIECE: usize = 64;
    let white = [u8::MAX; 4 * PIECE];
    let mut shades = vec![u8::MAX; pixels.len() / 4];
    for (piece, shades) in pixels.chunks(4 * PIECE).zip(shades.chunks_mut(PIECE)) {
        if *piece == white[..piece.len()] {
            continue;
        }
        for ([red, green, blue, opacity], shade) in piece.as_chunks().0.iter().zip(shades) {
            if red != green || green != blue || *opacity != u8::MAX {
                return None;
            }
            *shade = *red;
        }
    }
    Some(shades)
}

fn grey_png(drawn: &Pixmap, shades: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, drawn.width().into(), drawn.height().into());
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(shades)?;
    writer.finish()?;
    Ok(png)
}
