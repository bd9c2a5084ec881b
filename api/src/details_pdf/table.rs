//! The table of items: four columns, and a head that every sheet repeats.

use super::characters::one_line;
use super::layout::{LABEL, LEFT, Layout, PADDING, TEXT, TextColumn, baseline};
use super::page::ItemLine;
use super::sheet::{Area, Tone};
use super::typeface::Shaped;

/// The space between columns.
const GAP: f32 = 18.0;
/// The space above and below the text of a row.
const SPACE: f32 = 5.0;
/// A row at least this high, some twenty lines, is split between sheets instead of moved to the next.
const MUST_FIT: f32 = 280.0;
/// The widest column of numbers; longer numbers are shrunk.
const WIDEST: f32 = 120.0;

/// The columns of numbers: quantity, unit price, amount.
struct Columns {
    numbers: [TextColumn; 3],
    /// The width left for the description.
    description: f32,
}

/// The column headings.
fn heads(layout: &Layout<'_>) -> [&'static str; 4] {
    let words = layout.page.words;
    [words.says("description"), words.says("quantity"), words.says("unit_price"), words.says("amount")]
}

/// Writes the items, over as many sheets as needed. Without items there is no table.
pub(super) fn items(layout: &mut Layout<'_>) {
    let page = layout.page;
    if page.items.is_empty() {
        return;
    }
    let columns = columns(layout, &page.items);
    head(layout, &columns);
    for line in &page.items {
        row(layout, &columns, line);
    }
}

/// Makes each column of numbers as wide as its widest number, and leaves the rest to the description.
fn columns(layout: &Layout<'_>, items: &[ItemLine]) -> Columns {
    let width = |label: &str, text: &dyn Fn(&ItemLine) -> String| {
        let label = layout.shape(label, LABEL).width(LABEL.size);
        let widths = items.iter().map(|line| layout.shape(&one_line(&text(line)), TEXT).width(TEXT.size));
        widths.fold(label, f32::max).min(WIDEST)
    };
    let [_, quantity, unit, amount] = heads(layout);
    let amount = TextColumn { right: layout.right - PADDING, width: width(amount, &|line| line.total.clone()) };
    let unit =
        TextColumn { right: amount.right - amount.width - GAP, width: width(unit, &|line| line.unit_amount.clone()) };
    let quantity =
        TextColumn { right: unit.right - unit.width - GAP, width: width(quantity, &|line| line.quantity.to_string()) };
    Columns { numbers: [quantity, unit, amount], description: quantity.right - quantity.width - GAP - LEFT - PADDING }
}

fn head(layout: &mut Layout<'_>, columns: &Columns) {
    let height = LABEL.leading() + 2.0 * SPACE;
    layout.block(Area { left: LEFT, top: layout.y, width: layout.right - LEFT, height }, Tone::Tint);
    let baseline = layout.y + SPACE + baseline(LABEL);
    let [description, numbers @ ..] = heads(layout);
    let label = layout.shape(description, LABEL);
    layout.text(LEFT + PADDING, baseline, label, LABEL);
    for (label, column) in numbers.into_iter().zip(columns.numbers) {
        layout.amount(column, baseline, label, LABEL);
    }
    layout.y += height;
}

/// Writes a row on one sheet; the description of a very long row continues on the next.
fn row(layout: &mut Layout<'_>, columns: &Columns, line: &ItemLine) {
    let mut lines: Vec<Option<Shaped>> =
        layout.wrap(&line.description, TEXT, columns.description).into_iter().map(Some).collect();
    if lines.is_empty() {
        lines.push(None);
    }
    let height = lines.iter().fold(2.0 * SPACE, |height, _| height + TEXT.leading());
    if !layout.fits(height.min(MUST_FIT)) {
        turn(layout, columns);
    }
    layout.y += SPACE;
    numbers(layout, columns, line);
    for run in lines {
        if !layout.fits(TEXT.leading() + SPACE) {
            turn(layout, columns);
            layout.y += SPACE;
        }
        match run {
            Some(run) => layout.line(LEFT + PADDING, run, TEXT),
            None => layout.y += TEXT.leading(),
        }
    }
    layout.y += SPACE;
    let area = Area { left: LEFT, top: layout.y - 0.3, width: layout.right - LEFT, height: 0.6 };
    layout.block(area, Tone::Hairline);
}

fn numbers(layout: &mut Layout<'_>, columns: &Columns, line: &ItemLine) {
    let baseline = layout.y + baseline(TEXT);
    let quantity = line.quantity.to_string();
    for (text, column) in [&quantity, &line.unit_amount, &line.total].into_iter().zip(columns.numbers) {
        layout.amount(column, baseline, text, TEXT);
    }
}

fn turn(layout: &mut Layout<'_>, columns: &Columns) {
    layout.turn();
    head(layout, columns);
}
