//! An index made by looking through the file, for when the one that is written in it is wrong.

use lopdf::{Dictionary, Object};

use super::budget::Budget;
use super::file::{self, Indirect};
use super::syntax::{Cursor, Fault, find};
use super::xref::{Entry, Index};

/// Finds every object by its head. The last one of a number wins, as in a file that was appended to.
pub(super) fn rebuild(bytes: &[u8], budget: &Budget) -> Result<Index, Fault> {
    let mut found = Found::default();
    for at in heads(bytes) {
        match file::indirect(bytes, at, budget) {
            Ok(object) => found.note(bytes, at, object, budget)?,
            Err(Fault::OverBudget) => return Err(Fault::OverBudget),
            Err(Fault::Syntax { .. } | Fault::Stream(_)) => {}
        }
    }
    let mut index =
        Index { trailer: trailer(bytes, budget)?.or(found.trailer).unwrap_or_default(), ..Index::default() };
    if index.trailer.is_empty()
        && let Some(catalog) = found.catalog
    {
        index.trailer.set("Root", Object::Reference((catalog, 0)));
    }
    for (number, entry) in found.entries.into_iter().rev() {
        index.add(number, entry, budget)?;
    }
    Ok(index)
}

/// What a walk through the file has come upon, in the order in which it stands there.
#[derive(Default)]
struct Found {
    entries: Vec<(u32, Entry)>,
    trailer: Option<Dictionary>,
    catalog: Option<u32>,
}

impl Found {
    fn note(&mut self, bytes: &[u8], at: usize, found: Indirect, budget: &Budget) -> Result<(), Fault> {
        let number = found.id.0;
        self.entries.push((number, Entry::At(at)));
        let Object::Dictionary(dictionary) = found.object else {
            return Ok(());
        };
        if dictionary.has_type(b"Catalog") {
            self.catalog = Some(number);
        }
        let Some(data) = found.data else {
            return Ok(());
        };
        if dictionary.has_type(b"ObjStm") {
            let length = dictionary.get(b"Length").and_then(Object::as_i64).ok();
            let stream = file::stream(bytes, data, dictionary, length, budget)?;
            let inside = file::members(&stream, budget)?;
            self.entries.extend(inside.into_iter().map(|member| (member, Entry::Inside(number))));
        } else if dictionary.has_type(b"XRef") && dictionary.has(b"Root") {
            self.trailer = Some(dictionary);
        }
        Ok(())
    }
}

/// Where the heads of objects start: the numbers before each `obj`.
fn heads(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let keywords = bytes.windows(3).enumerate().filter(|(_, window)| window == b"obj").map(|(at, _)| at);
    keywords.filter_map(|at| {
        let generation = before(bytes, at)?;
        before(bytes, generation)
    })
}

/// Where the number before `at` starts, if there is one.
fn before(bytes: &[u8], at: usize) -> Option<usize> {
    // Numbers have at most ten digits, so that a page of zeros is not walked over and over.
    let nearby = &bytes[at.saturating_sub(16)..at];
    let trimmed = nearby.trim_ascii_end();
    let digits = trimmed.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then(|| at - (nearby.len() - trimmed.len()) - digits)
}

/// The last trailer that names a catalog.
fn trailer(bytes: &[u8], budget: &Budget) -> Result<Option<Dictionary>, Fault> {
    let mut last = None;
    let mut from = 0;
    while let Some(at) = find(&bytes[from..], b"trailer") {
        from += at + b"trailer".len();
        match Cursor::new(bytes, from, budget).object() {
            Ok(Object::Dictionary(trailer)) if trailer.has(b"Root") => last = Some(trailer),
            Ok(_) | Err(Fault::Syntax { .. } | Fault::Stream(_)) => {}
            Err(Fault::OverBudget) => return Err(Fault::OverBudget),
        }
    }
    Ok(last)
}
