//! The ledger as a statement, oldest entry first, streamed page by page.

use std::io;

use chrono::SecondsFormat;
use entity::{
    Db, Merchant,
    credits::{self, CreditEntry},
};
use poem::Body;

use super::spent_on::{self, SpentOn};
use crate::http::listing::{csv, local};

/// How many entries are read at once.
const PAGE: u64 = 1_000;

const COLUMNS: &[&str] = &[
    "number",
    "created_at",
    "kind",
    "amount",
    "held",
    "available_after",
    "message_id",
    "note",
    "id",
    "order_number",
    "customer_name",
    "sent_by",
    "created_at_local",
];

/// The whole statement.
pub(super) fn body(db: Db, owner: Merchant) -> Body {
    csv(COLUMNS, move |after: Option<i64>| {
        let (db, owner) = (db.clone(), owner.clone());
        async move {
            let page = credits::statement(db.pool(), owner.id, after.unwrap_or_default(), PAGE).await;
            let page = page.map_err(io::Error::other)?;
            let last = page.last().map(|entry| entry.number);
            let spent_on = spent_on::read(db.pool(), owner.id, &page).await.map_err(io::Error::other)?;
            let of = |entry: &CreditEntry| entry.message_id.and_then(|text| spent_on.get(&text)).cloned();
            Ok((page.iter().map(|entry| row(&owner, entry, of(entry).unwrap_or_default())).collect(), last))
        }
    })
}

fn row(owner: &Merchant, entry: &CreditEntry, on: SpentOn) -> Vec<String> {
    vec![
        entry.number.to_string(),
        entry.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        entry.kind.to_string(),
        entry.available_delta.to_string(),
        entry.held_delta.to_string(),
        entry.available_after.to_string(),
        entry.message_id.map(|message| message.to_string()).unwrap_or_default(),
        entry.note.clone().unwrap_or_default(),
        entry.id.to_string(),
        on.order_number.unwrap_or_default(),
        on.customer_name.unwrap_or_default(),
        on.sent_by.unwrap_or_default(),
        local(owner, entry.created_at),
    ]
}
