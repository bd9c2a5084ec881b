//! Raw SQL comes with a reason; everything else uses the query builder.

use crate::{Source, assert_none, code, is_test, sources};

/// The functions that take raw SQL.
const WRITTEN_OUT: [&str; 5] = [
    "Statement::from_string(",
    "Statement::from_sql_and_values(",
    "raw_sql(",
    ".execute_unprepared(",
    ".from_raw_sql(",
];

/// The functions that take a piece of it, such as a condition. Many rows in one statement are `Rows`, which says once why.
const PIECES: [&str; 3] = ["Expr::cust(", "Expr::cust_with_exprs(", "Expr::cust_with_values("];

/// The beginning of a comment with the reason.
const WHY: &str = "Raw SQL: ";

/// The checked crates. Migrations are SQL by nature.
const CRATES: [&str; 6] = ["api/src/", "entity/src/", "queue/src/", "scheduler/src/", "worker/src/", "src/"];

/// The checked files. Our transaction passes on what it is given.
fn checked() -> Vec<Source> {
    let mut all = sources(&[".rs"]);
    all.retain(|source| {
        let is_product = CRATES.iter().any(|folder| source.path.starts_with(folder));
        is_product && !is_test(&source.path) && source.path != "entity/src/db/transaction.rs"
    });
    all
}

#[test]
fn each_file_with_raw_sql_says_what_it_buys() {
    let (mut silent, mut written) = (Vec::new(), 0);
    for source in checked() {
        let code = code(&source.text);
        if WRITTEN_OUT.iter().any(|way| code.contains(way)) {
            written += 1;
            let says = code.lines().any(|line| line.trim_start().starts_with("//") && line.contains(WHY));
            if !says {
                silent.push(source.path);
            }
        }
    }
    assert!(written > 10, "only {written} files are found");
    assert_none(&silent, "these do not say what their raw SQL buys");
}

/// Whether this line is explained in its function, or by the function's own documentation. That of a public function
/// says what a caller gets, and not how.
fn is_explained(lines: &[&str], at: usize) -> bool {
    let above: Vec<&str> =
        lines[..=at].iter().rev().copied().take_while(|line| !line.is_empty() && *line != "}").collect();
    let is_public = above.iter().any(|line| line.starts_with("pub fn") || line.starts_with("pub async fn"));
    above.iter().any(|line| line.contains("// ") && (!is_public || !line.contains("///")))
}

/// The places where a piece of SQL has no reason. A constant has its reason where it is declared.
fn unexplained(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = code(&source.text).lines().collect();
    let of_constant = |rest: &str| rest.starts_with(|first: char| first.is_ascii_uppercase());
    let is_bare = |line: &str| {
        let pieces = PIECES.iter().filter_map(|way| Some(&line[line.find(way)? + way.len()..]));
        pieces.into_iter().any(|rest| !of_constant(rest))
    };
    let bare = lines.iter().enumerate().filter(|(at, line)| is_bare(line) && !is_explained(&lines, *at));
    bare.map(|(at, _)| format!("{}:{}", source.path, at + 1)).collect()
}

#[test]
fn each_piece_of_raw_sql_has_its_reason_beside_it() {
    let wrong = checked().iter().flat_map(unexplained).collect::<Vec<_>>();
    assert_none(&wrong, "these do not say why the query builder does not do");
}

#[test]
fn a_piece_without_a_reason_is_found() {
    let of = |text: &str| unexplained(&Source { path: "a.rs".to_owned(), text: text.to_owned() }).len();
    assert_eq!(of("/// About another.\nfn a() {}\n\nfn b() {\n    x.filter(Expr::cust(\"a = 1\"))\n}\n"), 1);
    assert_eq!(of("/// Its bytes.\npub fn b() {\n    x.filter(Expr::cust(\"a = 1\"))\n}\n"), 1);
    assert_eq!(
        of("fn b() {\n    // A literal, so that the index is used.\n    x.filter(Expr::cust(\"a = 1\"))\n}\n"),
        0
    );
    assert_eq!(of("fn b() {\n    x.filter(Expr::cust(IS_UNPAID))\n}\n"), 0);
}
