//! `/v1/credits`.

mod ledger;
mod statement;

use chrono::{DateTime, Utc};
use domain::CreditEntryId;
use entity::{
    Merchant,
    credits::{self, CreditEntry},
    merchant,
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Query},
    payload::Json,
};

use self::ledger::Ledger;
use super::Group;
use crate::{Api, Problem, auth::Reader, http::paging::Asked, quotas::Pace};

pub(super) struct Credits;

/// Prepaid credits.
#[derive(Debug, Clone, Object)]
#[oai(rename = "Credits", skip_serializing_if_is_none)]
pub(super) struct BalanceView {
    /// What can be spent.
    available: i64,
    /// What is set aside for messages under way.
    held: i64,
    /// Whether less can be spent than the threshold.
    low: bool,
    /// Below so many there is a warning; 0: never.
    threshold: i64,
    /// Since when it is low.
    low_since: Option<DateTime<Utc>>,
    /// How many texts keys may send in a day, by UTC; absent: as many as wanted.
    texts_per_day: Option<u64>,
    /// How many were accepted today; absent where there is no limit.
    texts_today: Option<u64>,
    /// Whether 80 % of them or more are sent.
    texts_near_limit: bool,
}

impl BalanceView {
    /// A merchant's balance, and how many texts were accepted today.
    pub(super) async fn read(api: &Api, owner: Merchant) -> Result<Self, Problem> {
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
struct EntryView {
    id: String,
    /// Its place in the ledger, from 1.
    number: i64,
    /// `top_up`, `hold`, `capture` or `release`.
    kind: String,
    /// What it adds to the credits available.
    amount: i64,
    /// What it adds to the credits held.
    held: i64,
    /// The credits available after it.
    available_after: i64,
    message_id: Option<String>,
    note: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<CreditEntry> for EntryView {
    fn from(entry: CreditEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            number: entry.number,
            kind: entry.kind.to_string(),
            amount: entry.available_delta,
            held: entry.held_delta,
            available_after: entry.available_after,
            message_id: entry.message_id.map(|message| message.to_string()),
            note: entry.note,
            created_at: entry.created_at,
        }
    }
}

#[OpenApi(tag = "Group::Credits")]
impl Credits {
    /// See the balance
    #[oai(path = "/credits", method = "get")]
    async fn get(&self, api: Data<&Api>, key: Reader) -> Result<Json<BalanceView>, Problem> {
        let owner = merchant::get(api.db.pool(), key.0.merchant).await?;
        Ok(Json(BalanceView::read(&api, owner).await?))
    }

    /// See the ledger
    ///
    /// With `format=csv`, or `Accept: text/csv`, all of it as a statement, oldest first; else a page, newest first.
    #[oai(path = "/credits/entries", method = "get")]
    async fn entries(
        &self,
        api: Data<&Api>,
        key: Reader,
        limit: Query<Option<u64>>,
        cursor: Query<Option<String>>,
        /// `json` or `csv`; absent: as `Accept` says.
        format: Query<Option<String>>,
        accept: Header<Option<String>>,
    ) -> Result<Ledger<EntryView>, Problem> {
        if wants_csv(format.0.as_deref(), accept.0.as_deref())? {
            return Ok(Ledger::Statement(statement::body(api.db.clone(), key.0.merchant)));
        }
        let asked = Asked::<CreditEntryId>::parse(limit.0, cursor.0.as_deref())?;
        let found = credits::entries(api.db.pool(), key.0.merchant, asked.before, asked.fetch()).await?;
        Ok(Ledger::Page(asked.page(found, |row| row.id, |row| Ok::<_, Problem>(row.into()))?))
    }
}

fn wants_csv(format: Option<&str>, accept: Option<&str>) -> Result<bool, Problem> {
    match format {
        Some("csv") => Ok(true),
        Some("json") => Ok(false),
        Some(_) => Err(Problem::field("format", "must be json or csv")),
        // Whoever takes both gets what the API speaks everywhere.
        None => Ok(accept.is_some_and(|accept| accept.contains("text/csv") && !accept.contains("application/json"))),
    }
}
