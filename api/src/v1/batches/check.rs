//! Validates the rows of a batch by the rules for a single order, without carrying anything out.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::{
    OrderId, PhoneNumber,
    link::lifetime,
    template::{Purpose, Variables},
    written_day,
};
use entity::{
    Merchant, Transaction,
    batch::{self, NewRow, RowContent},
    conversation,
    message_template::Templates,
    order::{self, NewOrder},
};
use serde::Deserialize;

use super::{
    input::SentRow,
    sheet::{DUE_DATE, INVOICE_DATE},
};
use crate::{Api, Problem, http::typed::CalendarDay, v1::order_input::Input};

/// What is said of a cell that is no date.
const NO_DATE: &str = "is not a date such as 2026-12-31";

/// The longest key that is stored for a row without one of its own.
const LONGEST_KEY: usize = 100;

/// The data that rows are checked against.
struct CheckedAgainst {
    templates: Templates,
    /// The orders of rows that were carried out, by key.
    happened: HashMap<String, OrderId>,
    /// The order numbers in use.
    numbers: HashSet<String>,
    /// The hashes of buyers who opted out.
    opted_out: HashSet<Vec<u8>>,
    /// An example of a buyer's URL, which all have the same length.
    url: String,
    now: DateTime<Utc>,
}

/// The rows before a row that have the same values, from 1.
struct Before {
    key: Option<usize>,
    number: Option<usize>,
    phone: Option<usize>,
}

/// The context of a check.
pub(super) struct Checker<'a> {
    pub(super) api: &'a Api,
    pub(super) owner: &'a Merchant,
    /// Whether the links will be texted.
    pub(super) send: bool,
    pub(super) now: DateTime<Utc>,
}

impl Checker<'_> {
    /// Checks rows.
    pub(super) async fn check(&self, tx: &Transaction, rows: &[SentRow]) -> Result<Vec<NewRow>, Problem> {
        let read: Vec<Result<NewOrder, Problem>> = rows.iter().map(|row| read(row, self.owner)).collect();
        let known = self.known(tx, rows, &read).await?;
        let (mut keys, mut numbers, mut phones) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut checked = Vec::with_capacity(rows.len());
        for (at, (row, read)) in (1..).zip(rows.iter().zip(read)) {
            let mut new = match read {
                Err(problem) => refused(row, problem.code(), problem.sentence("rows[0].")),
                Ok(order) => {
                    let before = Before {
                        key: first(&mut keys, row.key.clone(), at),
                        number: first(&mut numbers, order.number.clone(), at),
                        phone: first(&mut phones, order.customer_phone.as_e164().to_owned(), at),
                    };
                    self.check_one(&known, (row, &order), &before)
                }
            };
            if let Some(read) = &mut new.read
                && let Ok(phone) = PhoneNumber::parse(&read.customer_phone, self.owner.region)
            {
                phone.as_e164().clone_into(&mut read.customer_phone);
            }
            checked.push(new);
        }
        Ok(checked)
    }

    async fn known(
        &self,
        tx: &Transaction,
        rows: &[SentRow],
        read: &[Result<NewOrder, Problem>],
    ) -> Result<CheckedAgainst, Problem> {
        let (api, owner) = (self.api, self.owner);
        let orders: Vec<&NewOrder> = read.iter().filter_map(|read| read.as_ref().ok()).collect();
        let numbers: Vec<String> = orders.iter().map(|order| order.number.clone()).collect();
        let hashes: Vec<Vec<u8>> = orders.iter().flat_map(|order| hashes(api, owner, order)).collect();
        let keys: Vec<String> = rows.iter().map(|row| row.key.clone()).collect();
        Ok(CheckedAgainst {
            templates: Templates::read(tx, owner, Purpose::Request).await?,
            happened: batch::happened(tx, owner.id, keys).await?,
            numbers: order::numbers_there(tx, owner.id, numbers).await?,
            opted_out: conversation::opted_out_of(tx, owner.id, hashes).await?,
            url: format!("{}/p/{}", api.public_url, "A".repeat(22)),
            now: self.now,
        })
    }

    fn check_one(&self, known: &CheckedAgainst, (row, order): (&SentRow, &NewOrder), before: &Before) -> NewRow {
        if let Some(order) = known.happened.get(&row.key) {
            let detail = "A row with this key has become an order already.".to_owned();
            return NewRow { order_id: Some(*order), read: None, ..refused(row, "done_before", detail) };
        }
        if let Some(first) = before.key.filter(|_| row.has_own_key) {
            return refused(row, "duplicate_key", format!("Row {first} has the same key."));
        }
        if let Some(first) = before.number {
            return refused(row, "duplicate_number", format!("Row {first} has the same order number."));
        }
        if let Some(first) = before.key {
            return refused(row, "duplicate_key", format!("Row {first} has this row's number as its key."));
        }
        if known.numbers.contains(&order.number) {
            return refused(row, "order_exists", "There is an order with this number already.".to_owned());
        }
        let ready = NewRow {
            key: row.key.clone(),
            order_number: row.number.clone(),
            content: Some(RowContent::of(order)),
            read: None,
            credits: 0,
            problem: None,
            detail: None,
            order_id: None,
        };
        if !self.send {
            return ready;
        }
        if hashes(self.api, self.owner, order).any(|hash| known.opted_out.contains(&hash)) {
            let detail = "The buyer has asked to get no more texts: there will be a link, and no text.".to_owned();
            return NewRow { problem: Some("opted_out".to_owned()), detail: Some(detail), ..ready };
        }
        match cost(self.owner, known, order) {
            Ok(credits) if order.customer_phone.is_landline() => {
                let detail = "The number is a landline, which may not get texts.".to_owned();
                NewRow { credits, problem: Some("landline".to_owned()), detail: Some(detail), ..ready }
            }
            Ok(credits) if before.phone.is_none() => NewRow { credits, ..ready },
            Ok(credits) => {
                let detail =
                    "A row before this one has the same phone number: the buyer gets a text for each.".to_owned();
                NewRow { credits, problem: Some("same_phone".to_owned()), detail: Some(detail), ..ready }
            }
            Err(detail) => refused(row, "bad_template", detail),
        }
    }
}

fn read(row: &SentRow, owner: &Merchant) -> Result<NewOrder, Problem> {
    let order = row.order.as_ref().map_err(Problem::of_same_fields)?;
    let mut input = Input::deserialize(order).map_err(|error| Problem::unreadable_field("", error.to_string()))?;
    for (field, written) in &row.dates {
        let day = written_day(written, owner.region).ok_or_else(|| Problem::field(field, NO_DATE))?;
        let day = Some(CalendarDay::from(day.to_string()));
        match *field {
            INVOICE_DATE => input.invoice_date = day,
            DUE_DATE => input.due_date = day,
            _ => {}
        }
    }
    let order = input.check(owner)?;
    let currency = order.money.currency();
    if let Some(sign) = row.signs.iter().find(|sign| !currency.has_sign(sign)) {
        return Err(Problem::field("amount", format!("is in {sign}, and the currency is {}", currency.code())));
    }
    order.money.check_chargeable().map_err(|error| Problem::field("amount", error.to_string()))?;
    Ok(order)
}

/// The hashes under which the buyer's conversation may be found.
fn hashes<'a>(api: &'a Api, owner: &'a Merchant, order: &NewOrder) -> impl Iterator<Item = Vec<u8>> + use<'a> {
    order.customer_phone.forms().into_iter().map(move |form| api.vault.phone_hash(owner.id, &form))
}

/// The first row with this value, if this row is not the first.
fn first(rows: &mut HashMap<String, usize>, value: String, at: usize) -> Option<usize> {
    let first = *rows.entry(value).or_insert(at);
    Some(first).filter(|first| *first != at)
}

/// The cost of the row's text.
fn cost(owner: &Merchant, known: &CheckedAgainst, order: &NewOrder) -> Result<i64, String> {
    let variables = Variables {
        merchant_name: &owner.name,
        customer_name: &order.customer_name,
        order_number: &order.number,
        invoice_number: &order.number,
        amount: order.money,
        link: &known.url,
        expires_on: owner.day_of(lifetime::usual_expiry(&owner.zone(), known.now)),
        metadata: Some(&order.kept.metadata),
    };
    let template = known.templates.find(owner, order.kept.language.as_deref()).template(owner);
    let body = template.and_then(|template| template.render(&variables)).map_err(|error| error.to_string())?;
    Ok(owner.cost(body.segments().count(), Some(&order.customer_phone)))
}

fn refused(row: &SentRow, problem: &str, detail: String) -> NewRow {
    NewRow {
        key: row.key.chars().take(LONGEST_KEY).collect(),
        order_number: row.number.clone(),
        content: None,
        read: Some(row.read.clone()),
        credits: 0,
        problem: Some(problem.to_owned()),
        detail: Some(detail),
        order_id: None,
    }
}
