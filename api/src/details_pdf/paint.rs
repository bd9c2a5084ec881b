//! Writes sheets as a PDF.

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};

use super::characters::one_line;
use super::page::Logo;
use super::sheet::{Area, Mark, Sheet, Tone};
use super::{DetailsPage, DetailsPdfError, Receipt};

/// Writes the sheets as one document, titled after the order.
pub(super) fn document(page: &DetailsPage, sheets: Vec<Sheet>) -> Result<Vec<u8>, DetailsPdfError> {
    let ink = Ink { colour: page.merchant.colour, logo: page.merchant.logo.as_ref().and_then(image) };
    let mut document = Document::new_with(SerializeSettings::default());
    document.set_metadata(metadata(page));
    for sheet in sheets {
        let settings = PageSettings::from_wh(page.paper.width(), page.paper.height()).unwrap_or_default();
        let mut paper = document.start_page_with(settings);
        let mut surface = paper.surface();
        for mark in sheet.marks {
            draw(&mut surface, &ink, mark);
        }
        surface.finish();
        paper.finish();
    }
    document.finish().map_err(DetailsPdfError::Write)
}

/// The PDF metadata. It has no dates, which would make renderings of the same order differ.
fn metadata(page: &DetailsPage) -> Metadata {
    let merchant = one_line(&page.merchant.name);
    let (words, invoice) = (page.words, one_line(&page.invoice_number));
    let (title, description) = match &page.receipt {
        None if page.evidence.is_some() => (words.says_with("evidence_numbered", &[("{number}", &invoice)]), None),
        None => (format!("{}, {merchant}", words.says_with("invoice_numbered", &[("{number}", &invoice)])), None),
        Some(receipt) => {
            let number = words.says_with("receipt_numbered", &[("{number}", &receipt.number)]);
            (format!("{number}, {merchant}"), Some(in_a_sentence(page, receipt)))
        }
    };
    let metadata = Metadata::new().title(title);
    let metadata = match description {
        Some(description) => metadata.description(description),
        None => metadata,
    };
    metadata.authors(vec![merchant]).language(words.language.clone())
}

/// The payment in a sentence, for programs that read the metadata of a receipt.
fn in_a_sentence(page: &DetailsPage, receipt: &Receipt) -> String {
    let refunded = receipt.refunded.as_ref().map(|amount| format!(", {amount} refunded")).unwrap_or_default();
    let note = receipt.note.as_ref().map(|note| format!(". {note}")).unwrap_or_default();
    format!(
        "Invoice {}: {} {} paid on {} by {}{refunded}{note}",
        one_line(&page.invoice_number),
        receipt.paid,
        page.currency,
        page.issued_on,
        receipt.method,
    )
}

/// The merchant's logo and colour.
struct Ink {
    colour: Option<[u8; 3]>,
    logo: Option<Image>,
}

/// Embeds the logo. It was checked when it was uploaded; an unreadable one is left out.
fn image(logo: &Logo) -> Option<Image> {
    let content = logo.content.to_vec().into();
    if logo.is_png { Image::from_png(content, true) } else { Image::from_jpeg(content, true) }.ok()
}

fn draw(surface: &mut Surface<'_>, ink: &Ink, mark: Mark) {
    match mark {
        Mark::Text { left, baseline, style, run } => {
            surface.set_fill(Some(fill(style.colour, ink)));
            let mut left = left;
            for piece in &run.pieces {
                let at = Point::from_xy(left, baseline);
                surface.draw_glyphs(at, &piece.glyphs, piece.font.clone(), &run.text, style.size, false);
                left += piece.advance * style.size;
            }
        }
        Mark::Logo { area } => {
            let size = Size::from_wh(area.width, area.height);
            if let (Some(logo), Some(size)) = (&ink.logo, size) {
                surface.push_transform(&Transform::from_translate(area.left, area.top));
                surface.draw_image(logo.clone(), size);
                surface.pop();
            }
        }
        Mark::Block { area, colour } => {
            surface.set_fill(Some(fill(colour, ink)));
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

fn fill(colour: Tone, ink: &Ink) -> Fill {
    let (red, green, blue) = colour.rgb(ink.colour);
    Fill { paint: rgb::Color::new(red, green, blue).into(), opacity: NormalizedF32::ONE, rule: FillRule::NonZero }
}
