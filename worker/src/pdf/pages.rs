//! The tree of pages (ISO 32000-1, 7.7.3).

use std::collections::HashSet;

use lopdf::Object;

use super::file::File;
use super::syntax::Fault;

/// Counts the pages that can be reached, rather than believe the count that is written in the tree.
pub(super) fn count(file: &File<'_>) -> Result<u32, Fault> {
    let mut waiting = vec![file.catalog()?.get(b"Pages").cloned().unwrap_or(Object::Null)];
    let mut seen = HashSet::new();
    let mut pages = 0_u32;
    while let Some(node) = waiting.pop() {
        // A tree that refers to itself ends here.
        if node.as_reference().is_ok_and(|id| !seen.insert(id)) {
            continue;
        }
        let Object::Dictionary(node) = file.resolve(&node)? else {
            continue;
        };
        match node.get(b"Kids") {
            Ok(kids) => {
                if let Object::Array(kids) = file.resolve(kids)? {
                    waiting.extend(kids);
                }
            }
            // A root without children is an empty tree.
            Err(_) if node.has_type(b"Pages") || node.has_type(b"Catalog") => {}
            Err(_) => pages = pages.saturating_add(1),
        }
    }
    Ok(pages)
}
