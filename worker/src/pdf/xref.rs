//! The cross-reference index: where each object of the file stands (ISO 32000-1, 7.5.4 to 7.5.8).

use std::collections::{HashMap, HashSet};

use lopdf::{Dictionary, Object};

use super::budget::Budget;
use super::file;
use super::syntax::{Cursor, Fault, find_last};

/// What an entry is charged for: a place in a hash table, with its slack.
const ENTRY_COST: usize = 32;

/// Where an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// Nowhere: it was deleted.
    Free,
    /// At this offset in the file.
    At(usize),
    /// Inside the object stream of this number.
    Inside(u32),
}

/// Where every object stands, and the trailer that says which of them is the catalog.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) entries: HashMap<u32, Entry>,
    pub(super) trailer: Dictionary,
}

impl Index {
    /// Adds an entry, unless a newer revision of the file has already said something about the object.
    pub(super) fn add(&mut self, number: u32, entry: Entry, budget: &Budget) -> Result<(), Fault> {
        budget.spend(ENTRY_COST)?;
        self.entries.entry(number).or_insert(entry);
        Ok(())
    }
}

/// One revision's section of the index.
struct Section {
    entries: Vec<(u32, Entry)>,
    trailer: Dictionary,
}

/// Reads the index as it is written in the file, from the newest revision to the oldest.
pub(super) fn read(bytes: &[u8], budget: &Budget) -> Result<Index, Fault> {
    let end = find_last(bytes, b"startxref").ok_or(Fault::Syntax { expected: "startxref", at: bytes.len() })?;
    let mut start = Cursor::new(bytes, end + b"startxref".len(), budget);
    let mut next = offset(start.unsigned()?);
    let mut index = Index::default();
    let mut seen = HashSet::new();
    while let Some(at) = next
        && seen.insert(at)
    {
        let section = section(bytes, at, budget)?;
        next = link(&section.trailer, b"Prev");
        let (free, used): (Vec<_>, Vec<_>) = section.entries.into_iter().partition(|(_, entry)| *entry == Entry::Free);
        add_all(&mut index, used, budget)?;
        // What a hybrid file hides from old readers comes before what its table calls free (7.5.8.4).
        if let Some(hidden) = link(&section.trailer, b"XRefStm") {
            add_all(&mut index, self::section(bytes, hidden, budget)?.entries, budget)?;
        }
        add_all(&mut index, free, budget)?;
        if !index.trailer.has(b"Root") {
            index.trailer = section.trailer;
        }
    }
    Ok(index)
}

fn add_all(index: &mut Index, entries: Vec<(u32, Entry)>, budget: &Budget) -> Result<(), Fault> {
    entries.into_iter().try_for_each(|(number, entry)| index.add(number, entry, budget))
}

fn link(trailer: &Dictionary, key: &[u8]) -> Option<usize> {
    trailer.get(key).and_then(Object::as_i64).ok().and_then(|at| offset(u64::try_from(at).ok()?))
}

fn offset(at: u64) -> Option<usize> {
    usize::try_from(at).ok()
}

fn section(bytes: &[u8], at: usize, budget: &Budget) -> Result<Section, Fault> {
    let mut cursor = Cursor::new(bytes, at, budget);
    if cursor.keyword(b"xref")? { table(&mut cursor, budget) } else { stream(bytes, at, budget) }
}

/// A table of lines such as `0000000017 00000 n`, and its trailer.
fn table(cursor: &mut Cursor<'_>, budget: &Budget) -> Result<Section, Fault> {
    let mut entries = Vec::new();
    while !cursor.keyword(b"trailer")? {
        let first = cursor.unsigned()?;
        let count = cursor.unsigned()?;
        for number in (first..).take(usize::try_from(count).unwrap_or(usize::MAX)) {
            let at = cursor.unsigned()?;
            cursor.unsigned()?;
            let used = cursor.keyword(b"n")?;
            if !used && !cursor.keyword(b"f")? {
                return Err(cursor.fault("n or f"));
            }
            budget.spend(ENTRY_COST)?;
            if let (Ok(number), Some(at)) = (u32::try_from(number), offset(at)) {
                entries.push((number, if used { Entry::At(at) } else { Entry::Free }));
            }
        }
    }
    match cursor.object()? {
        Object::Dictionary(trailer) => Ok(Section { entries, trailer }),
        _ => Err(cursor.fault("the trailer's dictionary")),
    }
}

/// A stream of fixed-width binary entries, whose dictionary is the trailer.
fn stream(bytes: &[u8], at: usize, budget: &Budget) -> Result<Section, Fault> {
    let found = file::indirect(bytes, at, budget)?;
    let fault = Fault::Syntax { expected: "a cross-reference table or stream", at };
    let (Object::Dictionary(trailer), Some(data)) = (found.object, found.data) else {
        return Err(fault);
    };
    if !trailer.has_type(b"XRef") {
        return Err(fault);
    }
    // The length of a cross-reference stream is written out: there is no index yet to look it up in.
    let length = trailer.get(b"Length").and_then(Object::as_i64).ok();
    let raw = file::stream(bytes, data, trailer.clone(), length, budget)?;
    let content = file::decode(&raw, budget)?;
    let entries = unpack(&content, &trailer, budget)?;
    Ok(Section { entries, trailer })
}

fn unpack(content: &[u8], trailer: &Dictionary, budget: &Budget) -> Result<Vec<(u32, Entry)>, Fault> {
    let fault = || Fault::Syntax { expected: "the widths of the cross-reference stream", at: 0 };
    let widths: Vec<usize> =
        numbers(trailer, b"W").into_iter().filter_map(|width| usize::try_from(width).ok()).collect();
    let &[kind, second, third] = widths.as_slice() else {
        return Err(fault());
    };
    if [kind, second, third].iter().any(|&width| width > 8) || kind + second + third == 0 {
        return Err(fault());
    }
    let mut ranges = numbers(trailer, b"Index");
    if ranges.is_empty() {
        ranges = vec![0, trailer.get(b"Size").and_then(Object::as_i64).unwrap_or(0)];
    }
    let numbers = ranges.chunks_exact(2).flat_map(|range| range[0]..range[0].saturating_add(range[1]));
    let mut entries = Vec::new();
    for (number, row) in numbers.zip(content.chunks_exact(kind + second + third)) {
        budget.spend(ENTRY_COST)?;
        let (kind, row) = row.split_at(kind);
        let value = big_endian(&row[..second]);
        let entry = match if kind.is_empty() { 1 } else { big_endian(kind) } {
            0 => Some(Entry::Free),
            1 => offset(value).map(Entry::At),
            2 => u32::try_from(value).ok().map(Entry::Inside),
            // Kinds to come stand for objects that are not there (7.5.8.3).
            _ => None,
        };
        entries.extend(u32::try_from(number).ok().zip(entry));
    }
    Ok(entries)
}

fn numbers(dictionary: &Dictionary, key: &[u8]) -> Vec<i64> {
    let array = dictionary.get(key).and_then(Object::as_array).map(Vec::as_slice).unwrap_or_default();
    array.iter().filter_map(|number| number.as_i64().ok()).collect()
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}
