//! The list of payment links as CSV.

use std::{collections::HashMap, io};

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{LinkId, LinkState, MerchantId, Money, OrderId, message::MessageStatus};
use entity::{
    Merchant,
    link::{self, LinkSearch},
    list::{Found, Place},
    message,
    order::{self, Details, ExportedOrder},
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
    "order_number",
    "customer_name",
    "customer_phone",
    "paid_by",
    "paid_on",
    "stripe_payment_intent",
    "last_text_status",
    "notes",
    "metadata",
    "shipping",
    "discount",
    "tax",
    "net_amount",
    "order_metadata",
    "invoice_date",
    "due_date",
    "created_at_local",
    "expires_at_local",
    "viewed_at_local",
    "paid_at_local",
];

/// Data that is loaded for a page of links.
struct Beside {
    owner: Merchant,
    orders: HashMap<OrderId, ExportedOrder>,
    texts: HashMap<LinkId, MessageStatus>,
}

/// All links that match a search.
pub(super) fn csv_of(api: Api, owner: Merchant, search: LinkSearch) -> Body {
    csv(COLUMNS, move |after: Option<LinkId>| {
        let (api, owner, mut search) = (api.clone(), owner.clone(), search.clone());
        search.place = Place { after, limit: AT_A_TIME, ..search.place };
        async move {
            let _turn = api.readers.take(owner.id).await.map_err(|problem| io::Error::other(problem.to_string()))?;
            let (db, merchant) = (api.db.pool(), owner.id);
            let Found { rows: page, looked_to } = link::search(db, merchant, search).await.map_err(io::Error::other)?;
            let orders = page.iter().map(|(link, _)| link.order_id).collect();
            let orders = order::exported(db, merchant, orders).await.map_err(io::Error::other)?;
            let links = page.iter().map(|(link, _)| link.id);
            let texts = message::last_of_links(db, merchant, links).await.map_err(io::Error::other)?;
            let beside = Beside { owner, orders, texts };
            let rows = page.iter().map(|(link, _)| row(&api, link, &beside)).collect::<Result<_, _>>();
            Ok((rows.map_err(io::Error::other)?, looked_to))
        }
    })
}

/// What all matches of a search come to.
pub(super) async fn totals_of(api: &Api, merchant: MerchantId, search: &LinkSearch) -> Result<Totals, Problem> {
    let mut all = AddingUp::of(search.place);
    while let Some(place) = all.next_page() {
        let search = LinkSearch { place, ..search.clone() };
        all.add(place, link::counted(api.db.pool(), merchant, search.clone()).await?);
        // Where the pages end before the list does, no sums can be told.
        let pages = AddingUp::<LinkId>::PAGES;
        if all.has_begun() && link::is_beyond(api.db.pool(), merchant, search, pages).await? {
            break;
        }
    }
    all.totals()
}

fn row(api: &Api, link: &link::Model, beside: &Beside) -> Result<Vec<String>, DbErr> {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let amount = |money: Option<Money>| money.map(Money::to_decimal_string).unwrap_or_default();
    let order = beside.orders.get(&link.order_id);
    let paid_by = || link.paid_elsewhere().map_or_else(|| "stripe".to_owned(), |method| method.to_string());
    let paid_on = |at| link.paid_elsewhere_on().unwrap_or_else(|| beside.owner.day_of(at)).to_string();
    let asked = link.money()?;
    let details = match (order, asked) {
        (Some(order), Some(asked)) => order.details_of(asked)?.unwrap_or_default(),
        _ => Details::default(),
    };
    let part = |minor: i64| Money::from_minor(minor, link.currency).map(Money::to_decimal_string).unwrap_or_default();
    let net = asked.zip(details.tax).map(|(asked, tax)| asked.minor() - tax);
    let kept = |metadata: &String| Some(metadata).filter(|metadata| *metadata != "{}").cloned().unwrap_or_default();
    let phone = order.and_then(|order| order.customer_phone.as_ref()).map(|phone| phone.as_e164().to_owned());
    Ok(vec![
        link.id.to_string(),
        link.order_id.to_string(),
        link.state.to_string(),
        link.invoice_number.clone().unwrap_or_default(),
        amount(asked),
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
        order.map(|order| order.number.clone()).unwrap_or_default(),
        order.map(|order| order.customer_name.clone()).unwrap_or_default(),
        phone.unwrap_or_default(),
        (link.state == LinkState::Paid).then(paid_by).unwrap_or_default(),
        link.paid_at.map(paid_on).unwrap_or_default(),
        link.stripe_payment_intent.clone().unwrap_or_default(),
        beside.texts.get(&link.id).map(ToString::to_string).unwrap_or_default(),
        order.and_then(|order| order.notes.clone()).unwrap_or_default(),
        kept(&link.metadata),
        details.shipping.map(part).unwrap_or_default(),
        details.discount.map(part).unwrap_or_default(),
        details.tax.map(part).unwrap_or_default(),
        net.map(part).unwrap_or_default(),
        order.map(|order| kept(&order.metadata)).unwrap_or_default(),
        order.and_then(|order| order.invoice_date.clone()).unwrap_or_default(),
        order.and_then(|order| order.due_date.clone()).unwrap_or_default(),
        local(&beside.owner, link.created_at),
        local(&beside.owner, link.expires_at),
        link.viewed_at.map(|at| local(&beside.owner, at)).unwrap_or_default(),
        link.paid_at.map(|at| local(&beside.owner, at)).unwrap_or_default(),
    ])
}
