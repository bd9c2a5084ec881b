//! `/v1/credits`.

mod spent_on;
mod statement;

use chrono::{DateTime, Utc};
use domain::{CreditEntryId, CreditPurchaseId, MessageId, OrderId, words};
use entity::{
    Merchant,
    credits::{self, CreditEntry, EntryKind},
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Query},
    payload::Json,
};

use sea_orm::DbErr;

use self::spent_on::SpentOn;
use super::Group;
use crate::http::typed::{Limit, Text, described_words};
use crate::{
    Api, Problem,
    auth::Reader,
    http::{
        listing::{Listing, is_csv_wanted},
        paging::Asked,
    },
    quotas::Pace,
};

pub(super) struct Credits;

words! {
    /// The format of the ledger.
    pub enum Format {
        /// A page.
        Json = "json",
        /// All entries, as a statement.
        Csv = "csv",
    }
}

described_words!(Format);

/// Prepaid credits.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Credits", skip_serializing_if_is_none)]
pub(super) struct BalanceView {
    /// The credits that can be spent.
    available: i64,
    /// The credits held for messages in progress.
    held: i64,
    /// Whether fewer credits are available than the threshold.
    low: bool,
    /// The threshold for a warning; 0 for none.
    threshold: i64,
    /// Since when they are low.
    low_since: Option<DateTime<Utc>>,
    /// The limit of texts per UTC day; absent: no limit.
    texts_per_day: Option<u64>,
    /// How many were accepted today; absent without a limit.
    texts_today: Option<u64>,
    /// Whether 80 % of them or more are used.
    texts_near_limit: bool,
}

impl BalanceView {
    /// A merchant's balance, with the number of today's texts.
    pub(super) async fn read(api: &Api, owner: Merchant) -> Result<Self, DbErr> {
        let pace = api.quotas.pace(api.db.pool(), owner.id, api.clock.now()).await?;
        Ok(Self {
            available: owner.available,
            held: owner.held,
            low: owner.is_low_on_credit(),
            threshold: owner.low_credit_threshold,
            low_since: owner.low_credit_since,
            texts_per_day: pace.map(|pace| pace.most),
            texts_today: pace.map(|pace| pace.today),
            texts_near_limit: pace.is_some_and(Pace::is_near),
        })
    }
}

/// An entry of the credit ledger.
#[derive(Debug, Object)]
#[oai(rename = "CreditEntry", skip_serializing_if_is_none)]
struct CreditEntryView {
    id: Text<CreditEntryId>,
    /// Its number in the ledger, from 1.
    number: i64,
    kind: Text<EntryKind>,
    /// The change of the available credits.
    amount: i64,
    /// The change of the held credits.
    held: i64,
    /// The credits available after it.
    available_after: i64,
    message_id: Option<Text<MessageId>>,
    /// The order of the text, until it is erased.
    order_id: Option<Text<OrderId>>,
    /// The number of the order.
    order_number: Option<String>,
    /// The recipient of the text, until erased.
    customer_name: Option<String>,
    /// The key that sent the text, if one did.
    sent_by: Option<String>,
    purchase_id: Option<Text<CreditPurchaseId>>,
    note: Option<String>,
    created_at: DateTime<Utc>,
}

impl CreditEntryView {
    fn of(entry: CreditEntry, on: SpentOn) -> Self {
        Self {
            id: Text(entry.id),
            number: entry.number,
            kind: Text(entry.kind),
            amount: entry.available_delta,
            held: entry.held_delta,
            available_after: entry.available_after,
            message_id: entry.message_id.map(Text),
            order_id: on.order_id.map(Text),
            order_number: on.order_number,
            customer_name: on.customer_name,
            sent_by: on.sent_by,
            purchase_id: entry.purchase_id.map(Text),
            note: entry.note,
            created_at: entry.created_at,
        }
    }
}

#[OpenApi(tag = "Group::Credits")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl Credits {
    /// See the balance
    #[oai(path = "/credits", method = "get")]
    async fn get(&self, api: Data<&Api>, key: Reader) -> Result<Json<BalanceView>, Problem> {
        let owner = key.0.owner(&api).await?;
        Ok(Json(BalanceView::read(&api, owner).await?))
    }

    /// See the ledger
    ///
    /// A page, newest first. With `format=csv` or `Accept: text/csv`, all entries as a statement, oldest first.
    #[oai(path = "/credits/entries", method = "get")]
    async fn entries(
        &self,
        api: Data<&Api>,
        key: Reader,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<CreditEntryId>>>,
        /// Only entries that change the available credits, in a page: those that hold credits for a text, but not those
        /// that capture them.
        changing: Query<Option<bool>>,
        /// Absent: as `Accept` says.
        format: Query<Option<Text<Format>>>,
        accept: Header<Option<String>>,
    ) -> Result<Listing<CreditEntryView>, Problem> {
        if wants_csv(format.0.map(Text::value), accept.0.as_deref()) {
            let owner = key.0.owner(&api).await?;
            return Ok(Listing::Csv(statement::body(api.db.clone(), owner), "credits"));
        }
        let asked = Asked::<CreditEntryId>::new(limit.0, cursor.0);
        let (db, merchant, changing) = (api.db.pool(), key.0.merchant, changing.0.unwrap_or_default());
        let found = credits::entries(db, merchant, asked.before, changing, asked.fetch()).await?;
        let spent_on = spent_on::read(db, merchant, &found).await?;
        let view = |entry: CreditEntry| {
            let on = entry.message_id.and_then(|text| spent_on.get(&text)).cloned().unwrap_or_default();
            Ok::<_, Problem>(CreditEntryView::of(entry, on))
        };
        Ok(Listing::Page(asked.page(found, |row| row.id, view)?))
    }
}

fn wants_csv(format: Option<Format>, accept: Option<&str>) -> bool {
    match format {
        Some(Format::Csv) => true,
        Some(Format::Json) => false,
        None => is_csv_wanted(accept),
    }
}
