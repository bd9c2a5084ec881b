//! `/v1/admin/merchants`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{MerchantId, sha256};
use entity::{
    AuditAction, Merchant, Transaction,
    credits::{self, CreditError, LONGEST_NOTE},
    merchant::{self, NewMerchant},
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use serde::{Deserialize, Serialize};

use super::{super::answers::Created, Group, merchant_changes::MerchantChangesInput};
use crate::http::typed::{CountryCode, Limit, Line, Text, TextOf, ZoneName};
use crate::{
    Api, Problem,
    auth::Operator,
    http::{
        fields::Fields,
        hex::hex,
        json_body::JsonBody,
        paging::{Asked, Page, id},
    },
    v1::command::{Accepted, Answered, CREATED, fingerprint_of},
};

pub(crate) struct AdminMerchants;

/// A new merchant.
#[derive(Debug, Deserialize, Object)]
#[oai(rename = "NewMerchant")]
struct MerchantInput {
    /// The name that buyers see.
    name: Line<120>,
    /// How buyers reach the merchant.
    contact: Option<Line<200>>,
    /// ISO 3166: the region of phone numbers without a country code.
    #[oai(default = "default_region")]
    #[serde(default = "default_region")]
    region: CountryCode,
    /// IANA, such as `Europe/Berlin`.
    #[oai(default = "default_time_zone")]
    #[serde(default = "default_time_zone")]
    time_zone: ZoneName,
}

fn default_region() -> CountryCode {
    "US".into()
}

fn default_time_zone() -> ZoneName {
    "UTC".into()
}

/// A merchant.
#[derive(Debug, Object)]
#[oai(rename = "Merchant", skip_serializing_if_is_none)]
pub(super) struct MerchantView {
    id: Text<MerchantId>,
    name: String,
    contact: Option<String>,
    region: CountryCode,
    time_zone: ZoneName,
    available: i64,
    held: i64,
    /// Credits for each segment of a text, unless `rates` applies.
    sms_rate: i64,
    /// Credits for each segment by number prefix.
    rates: BTreeMap<String, i64>,
    /// When it was suspended.
    suspended_at: Option<DateTime<Utc>>,
    /// The reason of the suspension.
    suspended_reason: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<Merchant> for MerchantView {
    fn from(row: Merchant) -> Self {
        Self {
            id: Text(row.id),
            name: row.name,
            contact: row.contact,
            region: row.region.as_str().into(),
            time_zone: row.time_zone.into(),
            available: row.available,
            held: row.held,
            sms_rate: row.sms_rate,
            rates: row.sms_rates.map(|rates| rates.by_prefix().clone()).unwrap_or_default(),
            suspended_at: row.suspended_at,
            suspended_reason: row.suspended_reason,
            created_at: row.created_at,
        }
    }
}

/// Credits that were bought.
#[derive(Debug, Deserialize, Object, Serialize)]
#[oai(rename = "TopUp")]
struct TopUpInput {
    /// The number of credits.
    credits: i64,
    /// A note in one line, such as an invoice number.
    note: Option<String>,
}

#[OpenApi(tag = "Group::Admin")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl AdminMerchants {
    /// List merchants
    #[oai(path = "/admin/merchants", method = "get")]
    async fn merchants(
        &self,
        api: Data<&Api>,
        _key: Operator,
        /// Part of the name, or an id.
        q: Query<Option<String>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<MerchantId>>>,
    ) -> Result<Json<Page<MerchantView>>, Problem> {
        let asked = Asked::<MerchantId>::new(limit.0, cursor.0);
        let wanted = q.0.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let pool = api.db.pool();
        let found = match wanted.map(str::parse::<MerchantId>) {
            Some(Ok(id)) => merchant::find(pool, id).await?.into_iter().collect(),
            Some(Err(_)) | None => merchant::search(pool, wanted, asked.before, asked.fetch()).await?,
        };
        Ok(Json(asked.page(found, |row| row.id, |row| Ok::<_, Problem>(row.into()))?))
    }

    /// See a merchant
    #[oai(path = "/admin/merchants/:id", method = "get")]
    async fn merchant(
        &self,
        api: Data<&Api>,
        _key: Operator,
        #[oai(name = "id")] merchant_id: Path<TextOf<MerchantId>>,
    ) -> Result<Json<MerchantView>, Problem> {
        Ok(Json(find_merchant(&api, &merchant_id).await?.into()))
    }

    /// Create a merchant
    #[oai(path = "/admin/merchants", method = "post")]
    async fn create_merchant(
        &self,
        api: Data<&Api>,
        key: Operator,
        input: JsonBody<MerchantInput>,
    ) -> Result<Created<MerchantView>, Problem> {
        let new = check_merchant(&input.0)?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let row = merchant::insert(&tx, new, now).await?;
        tx.done(key.0.did(AuditAction::MerchantCreate, &row.id).of_merchant(row.id), now);
        tx.commit().await?;
        Ok(Created::Created(Json(row.into())))
    }

    /// Change a merchant
    ///
    /// A new price applies to texts sent from then on; credits already held stay as they are.
    #[oai(path = "/admin/merchants/:id", method = "patch")]
    async fn change_merchant(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] merchant_id: Path<TextOf<MerchantId>>,
        input: JsonBody<MerchantChangesInput>,
    ) -> Result<Json<MerchantView>, Problem> {
        let (detail, changes) = (input.0.said(), input.0.check()?);
        let owner = find_merchant(&api, &merchant_id).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let row = merchant::change(&tx, owner.id, changes).await?;
        tx.done(key.0.did(AuditAction::MerchantChange, &owner.id).of_merchant(owner.id).because(detail), now);
        tx.commit().await?;
        Ok(Json(row.into()))
    }

    /// Top up credits
    #[oai(path = "/admin/merchants/:id/credits", method = "post")]
    async fn top_up(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] merchant_id: Path<TextOf<MerchantId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        input: JsonBody<TopUpInput>,
    ) -> Result<Answered<MerchantView, CREATED>, Problem> {
        let mut fields = Fields::default();
        let given = input.0.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
        let note = given.map(|note| fields.text("note", note, LONGEST_NOTE));
        let Some(note) = note.map_or(Some(None), |note| note.map(Some)) else { return Err(fields.into_problem()) };
        let owner = find_merchant(&api, &merchant_id).await?;
        let fingerprint = fingerprint_of("POST credits", &input.0)?;
        api.command(owner.id, operators(idempotency_key.0.as_deref()), fingerprint, |now| {
            let (api, key, owner, credits, note) = (*api, &key.0, owner.id, input.0.credits, note.clone());
            async move {
                let tx = api.db.begin().await?;
                credits::top_up(&tx, owner, credits, note.clone(), now).await.map_err(not_topped_up)?;
                tx.done(key.did(AuditAction::CreditsTopUp, &owner).of_merchant(owner).because(note), now);
                with_its_credits(tx, owner).await
            }
        })
        .await
    }
}

fn not_topped_up(error: CreditError) -> Problem {
    match error {
        CreditError::Db(error) => error.into(),
        CreditError::BadNote => Problem::field("note", error.to_string()),
        CreditError::NotPositive
        | CreditError::TooMany
        | CreditError::Nothing
        | CreditError::Insufficient { .. }
        | CreditError::NoHold(_) => Problem::field("credits", error.to_string()),
    }
}

/// The merchant after a change of credits in this transaction.
pub(super) async fn with_its_credits(tx: Transaction, id: MerchantId) -> Result<Accepted<MerchantView>, Problem> {
    let view = merchant::get(&tx, id).await?.into();
    Ok(Accepted { tx, location: format!("/v1/admin/merchants/{id}"), view, enqueued: Vec::new() })
}

/// The idempotency key of an operator, kept apart from the merchant's.
pub(super) fn operators(key: Option<&str>) -> Option<String> {
    key.map(|key| format!("operator:{}", hex(&sha256(key.as_bytes()))))
}

fn check_merchant(input: &MerchantInput) -> Result<NewMerchant, Problem> {
    let mut fields = Fields::default();
    let region = fields.take("region", input.region.value());
    let time_zone = fields.take("time_zone", merchant::parse_zone(&input.time_zone));
    let (Some(region), Some(time_zone)) = (region, time_zone) else { return Err(fields.into_problem()) };
    let contact = input.contact.as_ref().map(Line::trimmed);
    Ok(NewMerchant { name: input.name.trimmed(), contact, region, time_zone })
}

/// The merchant, or 404.
pub(super) async fn find_merchant(api: &Api, merchant_id: &str) -> Result<Merchant, Problem> {
    merchant::find(api.db.pool(), id(merchant_id)?).await?.ok_or_else(Problem::not_found)
}
