//! Where everything stands: the head, the buyer, the items, the totals, and how they run over several sheets.

use super::page::DetailsPage;
use super::sheet::{Area, Colour, HEIGHT, Mark, Sheet, Style, WIDTH};
use super::table;
use super::typeface::{Shaped, Typefaces, Weight, one_line};

pub(super) const LEFT: f32 = 54.0;
pub(super) const RIGHT: f32 = WIDTH - 54.0;
const TOP: f32 = 48.0;
/// Nothing but the foot stands below this.
const BOTTOM: f32 = HEIGHT - 72.0;
const FOOT: f32 = HEIGHT - 42.0;

const TITLE: Style = Style::new(Weight::Bold, 20.0, Colour::Ink);
/// For a name that would fill the page at the size of a title.
const LONG_TITLE: Style = Style::new(Weight::Bold, 13.0, Colour::Ink);
const KIND: Style = Style::new(Weight::Bold, 11.0, Colour::Accent);
const NAME: Style = Style::new(Weight::Bold, 11.0, Colour::Ink);
pub(super) const TEXT: Style = Style::new(Weight::Regular, 9.5, Colour::Ink);
pub(super) const MUTED: Style = Style::new(Weight::Regular, 9.5, Colour::Muted);
pub(super) const LABEL: Style = Style::new(Weight::Bold, 8.0, Colour::Muted);
const SMALL: Style = Style::new(Weight::Regular, 8.0, Colour::Muted);
const TOTAL: Style = Style::new(Weight::Bold, 13.0, Colour::Accent);

/// The left edge of the facts beside the merchant, and of the totals.
const FACTS: f32 = 350.0;
/// The left edge of a fact's value.
const VALUES: f32 = FACTS + 62.0;
/// Room inside a tinted box, left and right.
pub(super) const PADDING: f32 = 8.0;

/// A document being laid out, from top to bottom.
pub(super) struct Layout<'a> {
    pub(super) page: &'a DetailsPage,
    faces: &'a Typefaces,
    sheets: Vec<Sheet>,
    sheet: Sheet,
    /// How far down the sheet is filled.
    pub(super) y: f32,
}

/// Lays the page out on as many sheets as it takes, at least one.
pub(super) fn sheets(page: &DetailsPage, faces: &Typefaces) -> Vec<Sheet> {
    let mut layout = Layout { page, faces, sheets: Vec::new(), sheet: Sheet::default(), y: TOP };
    layout.head();
    layout.buyer();
    table::items(&mut layout);
    layout.totals();
    layout.finish()
}

impl Layout<'_> {
    fn head(&mut self) {
        self.block(LEFT, TOP, RIGHT - LEFT, 3.0, Colour::Accent);
        let top = TOP + 3.0 + 22.0;
        self.y = top;
        let merchant = &self.page.merchant;
        let room = FACTS - LEFT - 24.0;
        let style = if self.wrap(&merchant.name, TITLE, room).len() > 2 { LONG_TITLE } else { TITLE };
        let name = self.wrap_at_most(4, &merchant.name, style, room);
        self.lines(LEFT, name, style);
        if let Some(contact) = &merchant.contact {
            self.y += 2.0;
            let contact = self.wrap_at_most(6, contact, MUTED, room);
            self.lines(LEFT, contact, MUTED);
        }
        let left = std::mem::replace(&mut self.y, top);
        self.facts();
        self.y = self.y.max(left) + 24.0;
    }

    fn facts(&mut self) {
        // The first line of the facts shares its baseline with the merchant's name.
        self.y += TITLE.leading() - KIND.leading();
        let kind = self.shape("Order details", KIND);
        self.line(FACTS, kind, KIND);
        self.y += 4.0;
        let date = self.page.created_on.format("%-d %B %Y").to_string();
        let facts = [("Order", self.page.order_number.as_str()), ("Date", &date), ("Currency", &self.page.currency)];
        for (label, value) in facts {
            let label = self.shape(label, MUTED);
            let baseline = self.y + baseline(TEXT);
            self.text(FACTS, baseline, label, MUTED);
            for run in self.wrap_at_most(4, value, TEXT, RIGHT - VALUES) {
                self.line(VALUES, run, TEXT);
            }
        }
    }

    fn buyer(&mut self) {
        let label = self.shape("Customer", LABEL);
        self.line(LEFT, label, LABEL);
        self.y += 2.0;
        let name = self.wrap_at_most(4, &self.page.customer_name, NAME, RIGHT - LEFT);
        self.lines(LEFT, name, NAME);
        if let Some(phone) = &self.page.customer_phone_masked {
            let phone = self.wrap_at_most(1, phone, MUTED, RIGHT - LEFT);
            self.lines(LEFT, phone, MUTED);
        }
        self.y += 22.0;
    }

    /// The sums, kept together on one sheet.
    fn totals(&mut self) {
        let page = self.page;
        let discount = page.discount.as_ref().map(|amount| format!("-{amount}"));
        let sums = [("Subtotal", &page.subtotal), ("Shipping", &page.shipping), ("Discount", &discount)];
        let sums: Vec<_> = sums.into_iter().filter_map(|(label, sum)| Some((label, sum.as_ref()?))).collect();
        let box_height = TOTAL.leading() + 14.0;
        let row = TEXT.leading() + 4.0;
        let rows = sums.iter().fold(0.0, |height, _| height + row);
        if !self.fits(10.0 + rows + 6.0 + box_height) {
            self.turn();
        }
        self.y += 10.0;
        for (label, sum) in sums {
            let label = self.shape(label, MUTED);
            let baseline = self.y + baseline(TEXT);
            self.text(FACTS + PADDING, baseline, label, MUTED);
            self.amount(RIGHT - PADDING, RIGHT - VALUES - PADDING, baseline, sum, TEXT);
            self.y += row;
        }
        self.y += 6.0;
        self.grand_total(box_height);
    }

    fn grand_total(&mut self, height: f32) {
        let label = format!("Total {}", self.page.currency);
        let label = self.wrap_at_most(1, &label, TOTAL, VALUES - LEFT).pop();
        let label_width = label.as_ref().map_or(0.0, |label| label.width(TOTAL.size));
        let total = self.shape(&one_line(&self.page.total), TOTAL);
        // An amount too long for the box widens it, so that the two never touch.
        let content = label_width + 16.0 + total.width(TOTAL.size) + 2.0 * PADDING;
        let left = FACTS.min(RIGHT - content).max(LEFT);
        self.block(left, self.y, RIGHT - left, height, Colour::Tint);
        self.block(left, self.y, 3.0, height, Colour::Accent);
        let baseline = self.y + 7.0 + baseline(TOTAL);
        if let Some(label) = label {
            self.text(left + PADDING + 3.0, baseline, label, TOTAL);
        }
        let room = RIGHT - left - 2.0 * PADDING - 16.0 - label_width;
        let total = self.page.total.as_str();
        self.amount(RIGHT - PADDING, room, baseline, total, TOTAL);
        self.y += height;
    }

    /// Starts the next sheet, headed by what it belongs to.
    pub(super) fn turn(&mut self) {
        self.sheets.push(std::mem::take(&mut self.sheet));
        self.block(LEFT, TOP, RIGHT - LEFT, 3.0, Colour::Accent);
        self.y = TOP + 3.0 + 10.0;
        let baseline = self.y + baseline(SMALL);
        for run in self.wrap_at_most(1, &self.page.merchant.name, SMALL, 280.0) {
            self.text(LEFT, baseline, run, SMALL);
        }
        let order = format!("Order {}", self.page.order_number);
        self.amount(RIGHT, 190.0, baseline, &order, SMALL);
        self.y += SMALL.leading() + 14.0;
    }

    /// Numbers the sheets, now that there will be no more of them.
    fn finish(mut self) -> Vec<Sheet> {
        self.sheets.push(std::mem::take(&mut self.sheet));
        let count = self.sheets.len();
        for (index, mut sheet) in std::mem::take(&mut self.sheets).into_iter().enumerate() {
            let run = self.shape(&format!("Page {} of {count}", index + 1), SMALL);
            let left = RIGHT - run.width(SMALL.size);
            sheet.marks.push(Mark::Text { left, baseline: FOOT, style: SMALL, run });
            self.sheets.push(sheet);
        }
        self.sheets
    }

    /// Whether so much height is left on this sheet.
    pub(super) fn fits(&self, height: f32) -> bool {
        self.y + height <= BOTTOM
    }

    pub(super) fn shape(&self, text: &str, style: Style) -> Shaped {
        self.faces.get(style.weight).shape(text)
    }

    pub(super) fn wrap(&self, text: &str, style: Style, width: f32) -> Vec<Shaped> {
        self.faces.get(style.weight).wrap(text, style.size, width)
    }

    /// The first `most` lines of a text that must not fill the page, ending in an ellipsis when there is more of it.
    fn wrap_at_most(&self, most: usize, text: &str, style: Style, width: f32) -> Vec<Shaped> {
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

    pub(super) fn block(&mut self, left: f32, top: f32, width: f32, height: f32, colour: Colour) {
        self.sheet.marks.push(Mark::Block { area: Area { left, top, width, height }, colour });
    }

    /// An amount, or anything else that must be whole, ending at `right`. It is made smaller rather than cut when it is wider than `room`.
    pub(super) fn amount(&mut self, right: f32, room: f32, baseline: f32, amount: &str, style: Style) {
        let run = self.shape(&one_line(amount), style);
        let size = style.size * (room / run.width(style.size)).clamp(0.05, 1.0);
        self.text(right - run.width(size), baseline, run, Style { size, ..style });
    }

    /// Writes one line, and goes on below it.
    pub(super) fn line(&mut self, left: f32, run: Shaped, style: Style) {
        self.text(left, self.y + baseline(style), run, style);
        self.y += style.leading();
    }

    fn lines(&mut self, left: f32, runs: Vec<Shaped>, style: Style) {
        for run in runs {
            self.line(left, run, style);
        }
    }
}

/// How far below the top of a line its letters stand.
pub(super) fn baseline(style: Style) -> f32 {
    style.size * 1.05
}
