//! What stands on the page, from top to bottom: the head, the buyer, the items, the totals.

use super::layout::{LABEL, LEFT, Layout, MUTED, PADDING, RIGHT, TEXT, TOP, baseline};
use super::page::DetailsPage;
use super::sheet::{Sheet, Style, Tone};
use super::table;
use super::typeface::{Typefaces, Weight, one_line};

const TITLE: Style = Style::new(Weight::Bold, 20.0, Tone::Ink);
/// For a name that would fill the page at the size of a title.
const LONG_TITLE: Style = Style::new(Weight::Bold, 13.0, Tone::Ink);
const KIND: Style = Style::new(Weight::Bold, 11.0, Tone::Accent);
const NAME: Style = Style::new(Weight::Bold, 11.0, Tone::Ink);
const TOTAL: Style = Style::new(Weight::Bold, 13.0, Tone::Accent);
/// The left edge of the facts beside the merchant, and of the totals.
const FACTS: f32 = 350.0;
/// The left edge of a fact's value.
const VALUES: f32 = FACTS + 62.0;

/// Lays the page out on as many sheets as it takes, at least one.
pub(super) fn sheets(page: &DetailsPage, faces: &Typefaces) -> Vec<Sheet> {
    let mut layout = Layout::new(page, faces);
    layout.head();
    layout.buyer();
    table::items(&mut layout);
    layout.totals();
    layout.finish()
}

impl Layout<'_> {
    fn head(&mut self) {
        self.block(LEFT, TOP, RIGHT - LEFT, 3.0, Tone::Accent);
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
        self.block(left, self.y, RIGHT - left, height, Tone::Tint);
        self.block(left, self.y, 3.0, height, Tone::Accent);
        let baseline = self.y + 7.0 + baseline(TOTAL);
        if let Some(label) = label {
            self.text(left + PADDING + 3.0, baseline, label, TOTAL);
        }
        let room = RIGHT - left - 2.0 * PADDING - 16.0 - label_width;
        let total = self.page.total.as_str();
        self.amount(RIGHT - PADDING, room, baseline, total, TOTAL);
        self.y += height;
    }
}
