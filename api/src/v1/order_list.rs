//! All matches of a search of orders: as CSV, and what they come to.

use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{MerchantId, OrderId};
use entity::{
    Merchant, Order,
    list::{Found, Place},
    order::{self, OrderSearch},
};
use poem::Body;
use sea_orm::DbErr;

use crate::{
    Api, Problem,
    http::{
        listing::{AT_A_TIME, csv, local},
        paging::{AddingUp, Totals},
    },
};

/// The columns of the CSV.
const COLUMNS: &[&str] = &[
    "id",
    "number",
    "customer_name",
    "customer_phone",
    "amount",
    "currency",
    "tag",
    "created_at",
    "archived_at",
    "notes",
    "invoice_date",
    "due_date",
    "created_at_local",
    "archived_at_local",
];

/// All orders that match a search, as CSV.
pub(super) fn csv_of(api: Api, owner: Merchant, search: OrderSearch) -> Body {
    csv(COLUMNS, move |after: Option<OrderId>| {
        let (api, owner, mut search) = (api.clone(), owner.clone(), search.clone());
        search.place = Place { after, limit: AT_A_TIME, ..search.place };
        async move {
            let _turn = api.readers.take(owner.id).await.map_err(|problem| io::Error::other(problem.to_string()))?;
            let Found { rows, looked_to } =
                order::search(api.db.pool(), owner.id, search).await.map_err(io::Error::other)?;
            let rows = rows.iter().map(|order| row(&owner, order)).collect::<Result<_, _>>();
            Ok((rows.map_err(io::Error::other)?, looked_to))
        }
    })
}

fn row(owner: &Merchant, order: &Order) -> Result<Vec<String>, DbErr> {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    Ok(vec![
        order.id.to_string(),
        order.number.clone(),
        order.customer_name.clone(),
        order.customer_phone.as_ref().map(|phone| phone.as_e164().to_owned()).unwrap_or_default(),
        order.money()?.to_decimal_string(),
        order.currency.as_str().to_owned(),
        order.tag.to_string(),
        time(order.created_at),
        order.archived_at.map(time).unwrap_or_default(),
        order.notes.clone().unwrap_or_default(),
        order.invoice_date.clone().unwrap_or_default(),
        order.due_date.clone().unwrap_or_default(),
        local(owner, order.created_at),
        order.archived_at.map(|at| local(owner, at)).unwrap_or_default(),
    ])
}

/// What all matches of a search come to.
pub(super) async fn totals_of(api: &Api, merchant: MerchantId, search: &OrderSearch) -> Result<Totals, Problem> {
    let mut all = AddingUp::of(search.place);
    while let Some(place) = all.next_page() {
        let search = OrderSearch { place, ..search.clone() };
        all.add(place, order::counted(api.db.pool(), merchant, search.clone()).await?);
        // Where the pages end before the list does, no sums can be told.
        let pages = AddingUp::<OrderId>::PAGES;
        if all.has_begun() && order::is_beyond(api.db.pool(), merchant, search, pages).await? {
            break;
        }
    }
    all.totals()
}
