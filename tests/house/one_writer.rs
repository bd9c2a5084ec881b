//! What decides about money is written in one place each: a fast path that writes it too is a defect.

use std::collections::BTreeSet;

use crate::{Source, assert_none, code, is_test, sources};

/// A column that only some files write.
struct Written {
    what: &'static str,
    /// The folder of the table, where its columns need no path.
    home: &'static str,
    /// How code in the folder would write it, without blanks.
    at_home: &'static [&'static str],
    /// How code anywhere would.
    anywhere: &'static [&'static str],
    by: &'static [&'static str],
}

const WRITTEN: [Written; 4] = [
    Written {
        what: "a link's state",
        home: "entity/src/link/",
        at_home: &["col_expr(Column::State,", "(Column::State,Expr", "state:Set("],
        anywhere: &["UPDATEpayment_linkSET", "link::Column::State,Expr", "col_expr(link::Column::State"],
        by: &["entity/src/link/compare_and_set.rs", "entity/src/link/insert.rs"],
    },
    Written {
        what: "an order's tag",
        home: "entity/src/order/",
        at_home: &["col_expr(Column::Tag,", "(Column::Tag,Expr", "tag:Set("],
        anywhere: &["UPDATEordersSETtag", "order::Column::Tag,Expr", "col_expr(order::Column::Tag"],
        by: &["entity/src/order/insert.rs", "entity/src/order/tag.rs"],
    },
    Written {
        what: "a message's status",
        home: "entity/src/message/",
        at_home: &["col_expr(Column::Status,", "(Column::Status,Expr", "status:Set("],
        anywhere: &["UPDATEmessageSETstatus", "message::Column::Status,Expr", "col_expr(message::Column::Status"],
        by: &["entity/src/message/insert.rs", "entity/src/message/status.rs"],
    },
    Written {
        what: "a balance",
        home: "entity/src/merchant",
        at_home: &["col_expr(Column::Available,", "col_expr(Column::Held,"],
        anywhere: &["UPDATEmerchantSET", "merchant::Column::Available,Expr", "col_expr(merchant::Column::Held"],
        by: &["entity/src/credits/mod.rs"],
    },
];

const PRODUCT: [&str; 6] = ["api/src/", "entity/src/", "queue/src/", "scheduler/src/", "src/", "worker/src/"];

impl Written {
    fn is_in(&self, path: &str, code: &str) -> bool {
        let at_home = path.starts_with(self.home) && self.at_home.iter().any(|way| code.contains(way));
        at_home || self.anywhere.iter().any(|way| code.contains(way))
    }

    /// The files that write it, of these.
    fn writers<'a>(&self, sources: &'a [Source]) -> BTreeSet<&'a str> {
        let writes = |source: &&Source| {
            let code: String = code(&source.text).replace('\\', "").split_whitespace().collect();
            self.is_in(&source.path, &code)
        };
        sources.iter().filter(writes).map(|source| source.path.as_str()).collect()
    }
}

#[test]
fn states_tags_statuses_and_balances_have_one_writer() {
    let mut all = sources(&[".rs"]);
    all.retain(|source| PRODUCT.iter().any(|folder| source.path.starts_with(folder)) && !is_test(&source.path));
    let wrong = WRITTEN.iter().filter_map(|written| {
        let (writers, known) = (written.writers(&all), written.by.iter().copied().collect());
        (writers != known).then(|| format!("{} is written by {writers:?}, and not by {known:?} only", written.what))
    });
    assert_none(&wrong.collect::<Vec<_>>(), "two writers");
}

#[test]
fn a_second_writer_is_found_however_it_is_broken_into_lines() {
    let [links, tags, statuses, balances] = &WRITTEN;
    for (written, path, text) in [
        (links, "entity/src/link/fast.rs", "query\n    .col_expr(\n        Column::State,\n        Expr::value(to))"),
        (links, "queue/src/fast.rs", "const FAST: &str = \"UPDATE payment_link \\\n    SET state = v.to FROM v\";"),
        (tags, "entity/src/link/fast.rs", "orders.col_expr(order::Column::Tag, Expr::value(Tag::Paid))"),
        (statuses, "entity/src/message/fast.rs", "ActiveModel { status: Set(Sent), ..row }"),
        (balances, "api/src/fast.rs", "execute(\"UPDATE merchant SET available = 7\")"),
    ] {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        assert_eq!(written.writers(&[source]).len(), 1, "{text}");
    }
}
