//! `/v1/credits`.

use chrono::{DateTime, Utc};
use entity::{
    CreditEntryId,
    credits::{self, CreditEntry},
    merchant,
};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, param::Query, payload::Json};

use super::Group;
use crate::{
    Api, Problem,
    auth::Reader,
    page::{Asked, Page},
};

pub(super) struct Credits;

/// Prepaid credits.
#[derive(Debug, Object)]
#[oai(rename = "Credits")]
struct BalanceView {
    /// What can be spent.
    available: i64,
    /// What is set aside for messages under way.
    held: i64,
}

/// An entry of the credit ledger.
#[derive(Debug, Object)]
#[oai(rename = "CreditEntry", skip_serializing_if_is_none)]
struct EntryView {
    id: String,
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
        Ok(Json(BalanceView { available: owner.available, held: owner.held }))
    }

    /// See the ledger
    #[oai(path = "/credits/entries", method = "get")]
    async fn entries(
        &self,
        api: Data<&Api>,
        key: Reader,
        limit: Query<Option<u64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<EntryView>>, Problem> {
        let asked = Asked::<CreditEntryId>::parse(limit.0, cursor.0.as_deref())?;
        let found = credits::entries(api.db.pool(), key.0.merchant, asked.before, asked.fetch()).await?;
        Ok(Json(asked.page(found, |row| row.id, |row| Ok::<_, Problem>(row.into()))?))
    }
}
