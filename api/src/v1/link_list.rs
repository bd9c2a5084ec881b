//! The list of payment links as CSV.

use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{LinkId, MerchantId, Money};
use entity::{
    link::{self, LinkSearch},
    list::Place,
};
use poem::Body;
use sea_orm::DbErr;

use crate::{
    Api,
    http::listing::{AT_A_TIME, csv},
};

const COLUMNS: &[&str] = &[
    "id",
    "order_id",
    "status",
    "invoice_number",
    "amount",
    "currency",
    "review",
    "refunded_amount",
    "disputed",
    "created_at",
    "expires_at",
    "viewed_at",
    "paid_at",
    "url",
    "dispute_status",
];

/// All links that are searched for.
pub(super) fn csv_of(api: Api, merchant: MerchantId, search: LinkSearch) -> Body {
    csv(COLUMNS, move |after: Option<LinkId>| {
        let (api, mut search) = (api.clone(), search.clone());
        search.place = Place { after, limit: AT_A_TIME, ..search.place };
        async move {
            let _turn = api.readers.take(merchant).await.map_err(|problem| io::Error::other(problem.to_string()))?;
            let page = link::search(api.db.pool(), merchant, search).await.map_err(io::Error::other)?.rows;
            let last = page.last().map(|(link, _)| link.id);
            let rows = page.iter().map(|(link, _)| row(&api, link)).collect::<Result<_, _>>();
            Ok((rows.map_err(io::Error::other)?, last))
        }
    })
}

fn row(api: &Api, link: &link::Model) -> Result<Vec<String>, DbErr> {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let amount = |money: Option<Money>| money.map(Money::to_decimal_string).unwrap_or_default();
    Ok(vec![
        link.id.to_string(),
        link.order_id.to_string(),
        link.state.to_string(),
        link.invoice_number.clone().unwrap_or_default(),
        amount(link.money()?),
        link.currency.as_str().to_owned(),
        link.review.map(|review| review.to_string()).unwrap_or_default(),
        amount(link.refunded_money()?),
        link.dispute.map(|dispute| dispute.to_string()).unwrap_or_default(),
        time(link.created_at),
        time(link.expires_at),
        link.viewed_at.map(time).unwrap_or_default(),
        link.paid_at.map(time).unwrap_or_default(),
        if link.has_buyers_page() { api.buyer_url(link.id) } else { String::new() },
        link.dispute_word().unwrap_or_default().to_owned(),
    ])
}
