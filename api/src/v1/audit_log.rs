//! `/v1/audit-log`: the merchant's audit log. It never contains a phone number or a text.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{ApiKeyId, AuditEntryId, BatchId, LinkId, MerchantId, MessageId, OrderId};
use entity::{
    AuditAction, api_key,
    audit::{self, AuditFilter},
    link::{self, AskedFor},
    list::Place,
    message,
    order::{self, OrderName, OrderSearch},
};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Query, payload::Json};
use sea_orm::{ConnectionTrait, DbErr};

use super::Group;
use crate::http::typed::{Amount, CurrencyCode, Limit, Text};
use crate::{
    Api, Problem,
    auth::Administrator,
    http::paging::{Asked, Page},
};

pub(super) struct AuditLog;

/// An entry of the audit log.
#[derive(Debug, Object)]
#[oai(rename = "AuditEntry", skip_serializing_if_is_none)]
pub(super) struct AuditEntryView {
    id: Text<AuditEntryId>,
    at: DateTime<Utc>,
    /// The merchant it concerns.
    merchant_id: Option<Text<MerchantId>>,
    /// The actor: the id of an API key; `operator`, or `operator:` and a name.
    actor: String,
    /// The name of the key, if the actor is one.
    actor_name: Option<String>,
    /// What was done, such as `link.void`.
    action: String,
    /// The id of what it was done to.
    subject: String,
    /// The order that the subject is or belongs to, until it is erased. Only shown to the merchant.
    order_id: Option<Text<OrderId>>,
    /// The number of the order.
    order_number: Option<String>,
    /// The invoice number, if the subject is a link.
    invoice_number: Option<String>,
    /// The amount of the link.
    amount: Option<Amount>,
    currency: Option<CurrencyCode>,
    /// `true` if the link had been sent before, so that the text was a reminder.
    again: Option<bool>,
    /// The reason that was given, or the result.
    detail: Option<String>,
    /// The batch, if it was done for one of its rows.
    batch_id: Option<Text<BatchId>>,
}

/// How many of the newest orders a search text can match, and how many of those that are archived.
const MOST_MEANT: u64 = 100;

/// The orders and links that entries are about.
#[derive(Default)]
struct EntrySubjects {
    links: HashMap<LinkId, AskedFor>,
    orders: HashMap<OrderId, OrderName>,
    /// The first text of each link.
    first: HashMap<LinkId, MessageId>,
}

impl EntrySubjects {
    async fn read(db: &impl ConnectionTrait, merchant: MerchantId, found: &[audit::Model]) -> Result<Self, DbErr> {
        let links = found.iter().filter_map(|entry| entry.subject.parse().ok()).collect();
        let links = link::asked_for(db, merchant, links).await?;
        let first = message::first_of_links(db, merchant, links.keys().copied()).await?;
        let orders = found.iter().filter_map(|entry| entry.subject.parse().ok());
        let orders = orders.chain(links.values().map(|link| link.order_id)).collect();
        Ok(Self { orders: order::names(db, merchant, orders).await?, links, first })
    }

    /// Whether the entry's text is not the first one of its link.
    fn is_again(&self, entry: &audit::Model) -> bool {
        let text: Option<MessageId> = entry.detail.as_deref().and_then(|detail| detail.parse().ok());
        let first = entry.subject.parse().ok().and_then(|link: LinkId| self.first.get(&link));
        entry.action == AuditAction::LinkSend.as_str() && text.zip(first).is_some_and(|(text, first)| text != *first)
    }

    /// The link with this id and its order, or the order with this id.
    fn of(&self, subject: &str) -> (Option<&AskedFor>, Option<&OrderName>) {
        let link = subject.parse().ok().and_then(|link: LinkId| self.links.get(&link));
        let order = link.map(|link| link.order_id).or_else(|| subject.parse().ok());
        (link, order.and_then(|order| self.orders.get(&order)))
    }
}

/// The ids of the newest orders that match a text, by a number, a buyer, an amount, and of their links.
async fn meant_by(db: &impl ConnectionTrait, merchant: MerchantId, text: &str) -> Result<Vec<String>, DbErr> {
    let place = Place { limit: MOST_MEANT, ..Place::default() };
    let mut orders: Vec<OrderId> = Vec::new();
    for archived in [false, true] {
        let search = OrderSearch { text: Some(text.to_owned()), archived, place, ..OrderSearch::default() };
        orders.extend(order::counted(db, merchant, search).await?.rows.into_iter().map(|order| order.id));
    }
    let links = link::ids_of_orders(db, merchant, &orders).await?;
    let orders = orders.iter().map(ToString::to_string);
    Ok(orders.chain(links.iter().map(ToString::to_string)).collect())
}

/// A page of the log with the names of keys; for merchants, also with the subjects.
pub(super) async fn page(
    api: &Api,
    asked: Asked<AuditEntryId>,
    filter: AuditFilter,
    reader: Option<MerchantId>,
) -> Result<Json<Page<AuditEntryView>>, Problem> {
    let filter = AuditFilter { before: asked.before, limit: asked.fetch(), ..filter };
    let found = audit::search(api.db.pool(), filter).await?;
    let keys: Vec<ApiKeyId> = found.iter().filter_map(|entry| entry.actor.parse().ok()).collect();
    let names: HashMap<String, String> = api_key::names(api.db.pool(), keys).await?.into_iter().collect();
    let subjects = match reader {
        Some(merchant) => EntrySubjects::read(api.db.pool(), merchant, &found).await?,
        None => EntrySubjects::default(),
    };
    let view = |entry: audit::Model| {
        let (link, order) = subjects.of(&entry.subject);
        let money = link.map(AskedFor::money).transpose()?.flatten();
        Ok::<_, Problem>(AuditEntryView {
            again: subjects.is_again(&entry).then_some(true),
            order_id: order.map(|order| Text(order.id)),
            order_number: order.map(|order| order.number.clone()),
            invoice_number: link.and_then(|link| link.invoice_number.clone()),
            amount: money.map(|money| money.to_decimal_string().into()),
            currency: money.map(|money| money.currency().as_str().into()),
            id: Text(entry.id),
            at: entry.at,
            merchant_id: entry.merchant_id.map(Text),
            actor_name: names.get(&entry.actor).cloned(),
            actor: entry.actor,
            action: entry.action,
            subject: entry.subject,
            detail: entry.detail,
            batch_id: entry.batch_id.map(Text),
        })
    };
    Ok(Json(asked.page(found, |entry| entry.id, view)?))
}

#[OpenApi(tag = "Group::Keys")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl AuditLog {
    /// See who did what
    #[oai(path = "/audit-log", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Administrator,
        /// The actor: the id of an API key; `operator`, or `operator:` and a name.
        actor: Query<Option<String>>,
        /// The id of the subject: a link, a message, a key, …
        subject: Query<Option<String>>,
        /// Only entries about the newest hundred orders that match this text, the newest hundred archived ones, or their
        /// links: part of a number, of the buyer's name or phone number, or the amount.
        q: Query<Option<String>>,
        /// Only what was done for the rows of this batch.
        batch_id: Query<Option<Text<BatchId>>>,
        /// Leave out what was done for rows of batches: the start of a batch stands for its rows.
        folded: Query<Option<bool>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<AuditEntryId>>>,
    ) -> Result<Json<Page<AuditEntryView>>, Problem> {
        let asked = Asked::<AuditEntryId>::new(limit.0, cursor.0);
        let merchant = key.0.merchant;
        let text = q.0.filter(|text| !text.trim().is_empty());
        let subjects = match &text {
            Some(text) => {
                let _turn = api.readers.take(merchant).await?;
                Some(meant_by(api.db.pool(), merchant, text).await?)
            }
            None => None,
        };
        let filter = AuditFilter {
            merchant: Some(merchant),
            actor: actor.0,
            subject: subject.0,
            subjects,
            batch: batch_id.0.map(Text::value),
            is_folded: folded.0.unwrap_or_default(),
            ..AuditFilter::default()
        };
        page(&api, asked, filter, Some(merchant)).await
    }
}
