//! Sheets become a PDF.

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};

use super::sheet::{Area, HEIGHT, Mark, Sheet, Tone, WIDTH};
use super::typeface::{Typefaces, one_line};
use super::{DetailsPage, DetailsPdfError};

/// Writes the sheets as one document, titled after the order.
pub(super) fn document(page: &DetailsPage, faces: &Typefaces, sheets: Vec<Sheet>) -> Result<Vec<u8>, DetailsPdfError> {
    let mut document = Document::new_with(SerializeSettings::default());
    document.set_metadata(metadata(page));
    for sheet in sheets {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).unwrap_or_default();
        let mut paper = document.start_page_with(settings);
        let mut surface = paper.surface();
        for mark in sheet.marks {
            draw(&mut surface, faces, mark);
        }
        surface.finish();
        paper.finish();
    }
    document.finish().map_err(DetailsPdfError::Write)
}

/// No dates: they would make two renderings of the same order differ.
fn metadata(page: &DetailsPage) -> Metadata {
    let merchant = one_line(&page.merchant.name);
    Metadata::new()
        .title(format!("Order {}, {merchant}", one_line(&page.order_number)))
        .authors(vec![merchant])
        .language("en".to_owned())
}

fn draw(surface: &mut Surface<'_>, faces: &Typefaces, mark: Mark) {
    match mark {
        Mark::Text { left, baseline, style, run } => {
            surface.set_fill(Some(fill(style.colour)));
            let font = faces.get(style.weight).font();
            surface.draw_glyphs(Point::from_xy(left, baseline), &run.glyphs, font, &run.text, style.size, false);
        }
        Mark::Block { area, colour } => {
            surface.set_fill(Some(fill(colour)));
            if let Some(path) = rectangle(area) {
                surface.draw_path(&path);
            }
        }
    }
}

fn rectangle(area: Area) -> Option<krilla::geom::Path> {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(area.left, area.top, area.width, area.height)?);
    path.finish()
}

fn fill(colour: Tone) -> Fill {
    let (red, green, blue) = colour.rgb();
    Fill { paint: rgb::Color::new(red, green, blue).into(), opacity: NormalizedF32::ONE, rule: FillRule::NonZero }
}
