//! The state of a document during layout: where the next line goes, and how lines break across sheets.

use domain::money::decimal_in_language;

use super::characters::one_line;
use super::page::DetailsPage;
use super::sheet::{Area, Mark, Sheet, Style, Tone};
use super::typeface::{Shaped, Weight};
use super::typefaces::Typefaces;

pub(super) const LEFT: f32 = 54.0;
pub(super) const TOP: f32 = 48.0;
/// The height of the bottom margin, which holds only the footer.
const BOTTOM: f32 = 72.0;
const FOOT: f32 = 42.0;

pub(super) const TEXT: Style = Style::new(Weight::Regular, 9.5, Tone::Ink);
pub(super) const MUTED: Style = Style::new(Weight::Regular, 9.5, Tone::Muted);
pub(super) const LABEL: Style = Style::new(Weight::Bold, 8.0, Tone::Muted);
const SMALL: Style = Style::new(Weight::Regular, 8.0, Tone::Muted);

/// The horizontal padding of a tinted box.
pub(super) const PADDING: f32 = 8.0;

/// A document during layout, from top to bottom.
pub(super) struct Layout<'a> {
    pub(super) page: &'a DetailsPage,
    faces: &'a Typefaces,
    sheets: Vec<Sheet>,
    sheet: Sheet,
    /// The right edge of the content.
    pub(super) right: f32,
    height: f32,
    /// How far down the sheet is filled.
    pub(super) y: f32,
}

/// A column of amounts: its right edge and its width.
#[derive(Clone, Copy)]
pub(super) struct TextColumn {
    pub(super) right: f32,
    pub(super) width: f32,
}

impl<'a> Layout<'a> {
    /// Starts with an empty sheet.
    pub(super) fn new(page: &'a DetailsPage, faces: &'a Typefaces) -> Self {
        let (right, height) = (page.paper.width() - LEFT, page.paper.height());
        Self { page, faces, sheets: Vec::new(), sheet: Sheet::default(), right, height, y: TOP }
    }

    /// Starts the next sheet, with a header.
    pub(super) fn turn(&mut self) {
        self.sheets.push(std::mem::take(&mut self.sheet));
        self.block(Area { left: LEFT, top: TOP, width: self.right - LEFT, height: 3.0 }, Tone::Accent);
        self.y = TOP + 3.0 + 10.0;
        let baseline = self.y + baseline(SMALL);
        for run in self.wrap_at_most(1, &self.page.merchant.name, SMALL, 280.0) {
            self.text(LEFT, baseline, run, SMALL);
        }
        let words = self.page.words;
        let invoice = match &self.page.receipt {
            None => words.says_with("invoice_numbered", &[("{number}", &self.page.invoice_number)]),
            Some(receipt) => words.says_with("receipt_numbered", &[("{number}", &receipt.number)]),
        };
        self.amount(TextColumn { right: self.right, width: 190.0 }, baseline, &invoice, SMALL);
        self.y += SMALL.leading() + 14.0;
    }

    /// Adds the page numbers.
    pub(super) fn finish(mut self) -> Vec<Sheet> {
        self.sheets.push(std::mem::take(&mut self.sheet));
        let count = self.sheets.len().to_string();
        for (index, mut sheet) in std::mem::take(&mut self.sheets).into_iter().enumerate() {
            let page = (index + 1).to_string();
            let run = self.page.words.says_with("page", &[("{page}", &page), ("{pages}", &count)]);
            let run = self.shape(&run, SMALL);
            let left = self.right - run.width(SMALL.size);
            sheet.marks.push(Mark::Text { left, baseline: self.height - FOOT, style: SMALL, run });
            if self.page.words.direction() == "rtl" {
                sheet.mirror(self.right + LEFT);
            }
            self.sheets.push(sheet);
        }
        self.sheets
    }

    /// Whether this height is left on the sheet.
    pub(super) fn fits(&self, height: f32) -> bool {
        self.y + height <= self.height - BOTTOM
    }

    pub(super) fn shape(&self, text: &str, style: Style) -> Shaped {
        self.faces.shape(style.weight, text)
    }

    pub(super) fn wrap(&self, text: &str, style: Style, width: f32) -> Vec<Shaped> {
        self.faces.wrap(style.weight, text, style.size, width)
    }

    /// The first `most` lines of a text, with an ellipsis if it is longer.
    pub(super) fn wrap_at_most(&self, most: usize, text: &str, style: Style, width: f32) -> Vec<Shaped> {
        let mut runs = self.wrap(text, style, width);
        if runs.len() > most {
            runs.truncate(most);
            let mut kept = runs.pop().map(|run| run.text).unwrap_or_default();
            let mut last = self.shape(&format!("{kept}…"), style);
            while last.width(style.size) > width && kept.pop().is_some() {
                last = self.shape(&format!("{}…", kept.trim_end()), style);
            }
            runs.push(last);
        }
        runs
    }

    pub(super) fn text(&mut self, left: f32, baseline: f32, run: Shaped, style: Style) {
        self.sheet.marks.push(Mark::Text { left, baseline, style, run });
    }

    pub(super) fn logo(&mut self, area: Area) {
        self.sheet.marks.push(Mark::Logo { area });
    }

    pub(super) fn block(&mut self, area: Area, colour: Tone) {
        self.sheet.marks.push(Mark::Block { area, colour });
    }

    /// Writes an amount at the right edge of a column. One wider than the column is shrunk rather than cut.
    pub(super) fn amount(&mut self, column: TextColumn, baseline: f32, amount: &str, style: Style) {
        let amount = decimal_in_language(&one_line(amount), &self.page.words.language);
        let run = self.shape(&amount, style);
        let size = style.size * (column.width / run.width(style.size)).clamp(0.05, 1.0);
        self.text(column.right - run.width(size), baseline, run, Style { size, ..style });
    }

    /// Writes a line and moves below it.
    pub(super) fn line(&mut self, left: f32, run: Shaped, style: Style) {
        self.text(left, self.y + baseline(style), run, style);
        self.y += style.leading();
    }

    pub(super) fn lines(&mut self, left: f32, runs: Vec<Shaped>, style: Style) {
        for run in runs {
            self.line(left, run, style);
        }
    }
}

/// The distance from the top of a line to its baseline.
pub(super) fn baseline(style: Style) -> f32 {
    style.size * 1.05
}
