//! The sections of the page from top to bottom: head, buyer, items, totals.

use chrono::NaiveDate;
use domain::money::decimal_in_language;

use super::characters::one_line;
use super::layout::{LABEL, LEFT, Layout, MUTED, PADDING, TEXT, TOP, TextColumn, baseline};
use super::page::{DetailsPage, Evidence};
use super::sheet::{Area, Sheet, Style, Tone};
use super::table;
use super::typeface::Weight;
use super::typefaces::Typefaces;

const TITLE: Style = Style::new(Weight::Bold, 20.0, Tone::Ink);
/// For a name that would fill the page at the size of a title.
const LONG_TITLE: Style = Style::new(Weight::Bold, 13.0, Tone::Ink);
const KIND: Style = Style::new(Weight::Bold, 11.0, Tone::Accent);
const NAME: Style = Style::new(Weight::Bold, 11.0, Tone::Ink);
const TOTAL: Style = Style::new(Weight::Bold, 13.0, Tone::Accent);
/// The left edge of the facts next to the merchant, and of the totals.
const FACTS: f32 = 350.0;
/// The largest size of a logo.
const LOGO_WIDTH: f32 = 150.0;
const LOGO_HEIGHT: f32 = 48.0;
/// The width of the label of a row of evidence.
const ROW_LABEL: f32 = 128.0;
/// The left edge of a fact's value.
const VALUES: f32 = FACTS + 72.0;

/// Lays the page out on one or more sheets.
pub(super) fn sheets(page: &DetailsPage, faces: &Typefaces) -> Vec<Sheet> {
    let mut layout = Layout::new(page, faces);
    layout.head();
    if let Some(evidence) = &page.evidence {
        layout.evidence(evidence);
        return layout.finish();
    }
    layout.buyer();
    table::items(&mut layout);
    layout.totals();
    layout.finish()
}

impl Layout<'_> {
    fn head(&mut self) {
        self.block(Area { left: LEFT, top: TOP, width: self.right - LEFT, height: 3.0 }, Tone::Accent);
        let top = TOP + 3.0 + 22.0;
        self.y = top;
        let merchant = &self.page.merchant;
        let room = FACTS - LEFT - 24.0;
        self.picture(room);
        let style = if self.wrap(&merchant.name, TITLE, room).len() > 2 { LONG_TITLE } else { TITLE };
        let name = self.wrap_at_most(4, &merchant.name, style, room);
        self.lines(LEFT, name, style);
        let tax_number = merchant.tax_number.as_ref();
        let tax_number = tax_number.map(|number| self.page.words.says_with("tax_number", &[("{number}", number)]));
        for text in [&merchant.address, &merchant.contact, &tax_number].into_iter().flatten() {
            self.y += 2.0;
            let text = self.wrap_at_most(6, text, MUTED, room);
            self.lines(LEFT, text, MUTED);
        }
        let left = std::mem::replace(&mut self.y, top);
        self.facts();
        self.y = self.y.max(left) + 24.0;
    }

    /// The logo above the name, as large as fits.
    fn picture(&mut self, room: f32) {
        let Some(logo) = &self.page.merchant.logo else { return };
        #[expect(clippy::cast_precision_loss, reason = "a logo has a thousand pixels at most")]
        let (width, height) = (logo.width.max(1) as f32, logo.height.max(1) as f32);
        let scale = (room.min(LOGO_WIDTH) / width).min(LOGO_HEIGHT / height);
        self.logo(Area { left: LEFT, top: self.y, width: width * scale, height: height * scale });
        self.y += height * scale + 10.0;
    }

    fn facts(&mut self) {
        // The first fact shares its baseline with the merchant's name.
        self.y += TITLE.leading() - KIND.leading();
        let page = self.page;
        let words = page.words;
        let kind = match (&page.evidence, &page.receipt) {
            (Some(_), _) => words.says("evidence"),
            (None, Some(_)) => words.says("receipt"),
            (None, None) => words.says("invoice"),
        };
        let kind = self.shape(kind, KIND);
        self.line(FACTS, kind, KIND);
        self.y += 4.0;
        let day = |date: NaiveDate| words.day(date);
        let facts = match &page.receipt {
            None if page.evidence.is_some() => vec![
                (words.says("invoice"), Some(page.invoice_number.clone())),
                (words.says("order"), page.order_number.clone()),
                (words.says("written"), page.evidence.as_ref().map(|evidence| evidence.written_at.clone())),
            ],
            None => vec![
                (words.says("number"), Some(page.invoice_number.clone())),
                (words.says("order"), page.order_number.clone()),
                (words.says("date"), Some(day(page.issued_on))),
                (words.says("due_date"), page.due_on.map(day)),
                (words.says("due"), page.payable_until.map(day)),
                (words.says("currency"), Some(page.currency.clone())),
            ],
            Some(receipt) => vec![
                (words.says("number"), Some(receipt.number.clone())),
                (words.says("invoice"), Some(page.invoice_number.clone())),
                (words.says("order"), page.order_number.clone()),
                (words.says("paid_on"), Some(day(page.issued_on))),
                (words.says("paid_by"), Some(receipt.method.clone())),
                (words.says("reference"), receipt.reference.clone()),
                (words.says("currency"), Some(page.currency.clone())),
            ],
        };
        for (label, value) in facts {
            let Some(value) = &value else { continue };
            // Spanish says in three words what others say in one.
            let mut end = self.y;
            for run in self.wrap_at_most(3, label, MUTED, VALUES - FACTS - 6.0) {
                self.text(FACTS, end + baseline(TEXT), run, MUTED);
                end += TEXT.leading();
            }
            for run in self.wrap_at_most(4, value, TEXT, self.right - VALUES) {
                self.line(VALUES, run, TEXT);
            }
            self.y = self.y.max(end);
        }
    }

    /// Writes the sections row by row, over as many sheets as needed.
    fn evidence(&mut self, evidence: &Evidence) {
        let (left, room) = (LEFT + ROW_LABEL, self.right - LEFT - ROW_LABEL);
        for section in &evidence.sections {
            if !self.fits(NAME.leading() + 3.0 * TEXT.leading()) {
                self.turn();
            }
            let title = self.shape(section.title, NAME);
            self.line(LEFT, title, NAME);
            self.block(Area { left: LEFT, top: self.y, width: self.right - LEFT, height: 0.75 }, Tone::Hairline);
            self.y += 5.0;
            for (label, text) in &section.rows {
                let mut label = self.wrap_at_most(1, label, MUTED, ROW_LABEL - 8.0).pop();
                for run in self.wrap(text, TEXT, room) {
                    if !self.fits(TEXT.leading()) {
                        self.turn();
                    }
                    if let Some(label) = label.take() {
                        let baseline = self.y + baseline(TEXT);
                        self.text(LEFT, baseline, label, MUTED);
                    }
                    self.line(left, run, TEXT);
                }
                self.y += 2.0;
            }
            self.y += 14.0;
        }
    }

    fn buyer(&mut self) {
        let words = self.page.words;
        let label = if self.page.receipt.is_some() { words.says("payer") } else { words.says("billed_to") };
        let label = self.shape(label, LABEL);
        self.line(LEFT, label, LABEL);
        self.y += 2.0;
        let name = self.wrap_at_most(4, &self.page.customer_name, NAME, self.right - LEFT);
        self.lines(LEFT, name, NAME);
        self.y += 22.0;
    }

    /// Writes the sums, together on one sheet.
    fn totals(&mut self) {
        let page = self.page;
        let words = page.words;
        let discount = page.discount.as_ref().map(|amount| format!("-{amount}"));
        let receipt = page.receipt.as_ref();
        let paid = receipt.map(|receipt| receipt.paid.clone());
        let refunded = receipt.and_then(|receipt| receipt.refunded.as_ref()).map(|amount| format!("-{amount}"));
        let sums = [
            (words.says("subtotal"), &page.subtotal),
            (words.says("shipping"), &page.shipping),
            (words.says("discount"), &discount),
            (words.says("tax"), &page.tax),
            (words.says("adjustment"), &page.adjustment),
            (words.says("paid"), &paid),
            (words.says("refunded"), &refunded),
        ];
        let sums: Vec<_> = sums.into_iter().filter_map(|(label, sum)| Some((label, sum.as_ref()?))).collect();
        let box_height = TOTAL.leading() + 14.0;
        let row = TEXT.leading() + 4.0;
        let rows = sums.iter().fold(0.0, |height, _| height + row);
        if !self.fits(10.0 + rows + 6.0 + box_height) {
            self.turn();
        }
        self.y += 10.0;
        let right = self.right - PADDING;
        for (label, sum) in sums {
            let label = self.shape(label, MUTED);
            let baseline = self.y + baseline(TEXT);
            self.text(FACTS + PADDING, baseline, label, MUTED);
            let sum = page.order_currency.as_ref().map_or_else(|| sum.clone(), |currency| format!("{sum} {currency}"));
            self.amount(TextColumn { right, width: right - VALUES }, baseline, &sum, TEXT);
            self.y += row;
        }
        self.y += 6.0;
        self.grand_total(box_height);
        if let Some(note) = receipt.and_then(|receipt| receipt.note.as_ref()) {
            self.y += 14.0;
            let note = self.wrap_at_most(4, note, MUTED, self.right - LEFT);
            self.lines(LEFT, note, MUTED);
        }
    }

    fn grand_total(&mut self, height: f32) {
        let words = self.page.words;
        let currency = [("{currency}", self.page.currency.as_str())];
        let label = match &self.page.receipt {
            None => words.says_with("total", &currency),
            Some(receipt) if receipt.refunded.is_some() => words.says_with("paid_less_refunds", &currency),
            Some(_) => words.says_with("total_paid", &currency),
        };
        let label = self.wrap_at_most(1, &label, TOTAL, VALUES - LEFT).pop();
        let label_width = label.as_ref().map_or(0.0, |label| label.width(TOTAL.size));
        let total = self.shape(&decimal_in_language(&one_line(&self.page.total), &words.language), TOTAL);
        // An amount too long for the box widens it, so that label and amount never touch.
        let content = label_width + 16.0 + total.width(TOTAL.size) + 2.0 * PADDING;
        let left = FACTS.min(self.right - content).max(LEFT);
        let area = Area { left, top: self.y, width: self.right - left, height };
        self.block(area, Tone::Tint);
        self.block(Area { width: 3.0, ..area }, Tone::Accent);
        let baseline = self.y + 7.0 + baseline(TOTAL);
        if let Some(label) = label {
            self.text(left + PADDING + 3.0, baseline, label, TOTAL);
        }
        let room = self.right - left - 2.0 * PADDING - 16.0 - label_width;
        let total = self.page.total.as_str();
        self.amount(TextColumn { right: self.right - PADDING, width: room }, baseline, total, TOTAL);
        self.y += height;
    }
}
