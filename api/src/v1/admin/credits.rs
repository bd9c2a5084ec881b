//! `/v1/admin/merchants/{id}`: what texts cost a merchant, and corrections of their credits; `/v1/admin/credit-purchases`.

use std::collections::BTreeMap;

use domain::{
    CreditPurchaseId, MerchantId, Region,
    sms::{Rates, check_rate},
};
use entity::{
    credits::{self, CreditError, LONGEST_NOTE, purchase},
    merchant::{self, MerchantChanges},
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use serde::Deserialize;

use super::{
    super::{answers::Created, credit_purchases::PurchaseView},
    Group,
    merchants::{MerchantView, find_merchant},
};
use crate::{
    Api, Problem,
    auth::{Operator, audit::act_of_operator},
    http::{
        fields::Fields,
        json_body::JsonBody,
        paging::{Asked, Page},
        typed::{CountryCode, Limit, Text, TextOf, ZoneName},
    },
};

pub(crate) struct AdminCredits;

/// What is to change of a merchant; what is absent stays.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "MerchantChangesByOperator")]
struct ChangesInput {
    /// Credits for a segment of a text, where `rates` says nothing else.
    sms_rate: Option<i64>,
    /// Credits for a segment by the prefix of the number, such as `{"+44": 2}`; the longest that it begins with counts. All of them: those
    /// that are not named are not any more.
    rates: Option<BTreeMap<String, i64>>,
    /// ISO 3166: the region of phone numbers without a country code.
    region: Option<CountryCode>,
    /// IANA, such as `Europe/Berlin`.
    time_zone: Option<ZoneName>,
}

/// Credits that are put right.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "CreditCorrection")]
struct CorrectionInput {
    /// How many more, or, below 0, fewer.
    credits: i64,
    /// Why, for the merchant to read in the ledger.
    reason: String,
}

#[OpenApi(tag = "Group::Admin")]
impl AdminCredits {
    /// Change a merchant
    ///
    /// A new price counts for texts that are sent from then on; what is held for others stays as it was.
    #[oai(path = "/admin/merchants/:id", method = "patch")]
    async fn change_merchant(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] merchant_id: Path<TextOf<MerchantId>>,
        input: JsonBody<ChangesInput>,
    ) -> Result<Json<MerchantView>, Problem> {
        let (detail, changes) = (said(&input.0), check(input.0)?);
        let owner = find_merchant(&api, &merchant_id).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let row = merchant::change(&tx, owner.id, changes).await?;
        act_of_operator(&tx, &key.0, Some(owner.id), "merchant.change", owner.id, detail, now).await?;
        tx.commit().await?;
        Ok(Json(row.into()))
    }

    /// Correct credits
    #[oai(path = "/admin/merchants/:id/credit-corrections", method = "post")]
    async fn correct(
        &self,
        api: Data<&Api>,
        key: Operator,
        #[oai(name = "id")] merchant_id: Path<TextOf<MerchantId>>,
        input: JsonBody<CorrectionInput>,
    ) -> Result<Created<MerchantView>, Problem> {
        let mut fields = Fields::default();
        let reason = fields.text("reason", input.0.reason.trim(), LONGEST_NOTE);
        let Some(reason) = reason else { return Err(fields.into_problem()) };
        let owner = find_merchant(&api, &merchant_id).await?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        credits::correct(&tx, owner.id, input.0.credits, reason.clone(), now).await.map_err(|error| match error {
            CreditError::Db(error) => error.into(),
            CreditError::BadNote => Problem::field("reason", error.to_string()),
            CreditError::Nothing
            | CreditError::NotPositive
            | CreditError::TooMany
            | CreditError::Insufficient { .. }
            | CreditError::NoHold(_) => Problem::field("credits", error.to_string()),
        })?;
        act_of_operator(&tx, &key.0, Some(owner.id), "credits.correct", owner.id, Some(reason), now).await?;
        let row = merchant::get(&tx, owner.id).await?;
        tx.commit().await?;
        Ok(Created::Created(Json(row.into())))
    }

    /// List purchases of credits
    ///
    /// `short` says how many credits whose price went back were spent already: they are to be settled with the merchant.
    #[oai(path = "/admin/credit-purchases", method = "get")]
    async fn purchases(
        &self,
        api: Data<&Api>,
        _key: Operator,
        /// Of this merchant; absent: of all.
        merchant_id: Query<Option<Text<MerchantId>>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<CreditPurchaseId>>>,
    ) -> Result<Json<Page<PurchaseView>>, Problem> {
        let asked = Asked::<CreditPurchaseId>::new(limit.0, cursor.0);
        let of = merchant_id.0.map(Text::value);
        let found = purchase::list(api.db.pool(), of, asked.before, asked.fetch()).await?;
        Ok(Json(asked.page(found, |row| row.id, |row| PurchaseView::of(row).map_err(Problem::from))?))
    }
}

fn check(input: ChangesInput) -> Result<MerchantChanges, Problem> {
    let mut fields = Fields::default();
    let mut changes = MerchantChanges::default();
    if let Some(rate) = input.sms_rate {
        changes.sms_rate = fields.take("sms_rate", check_rate(rate).map_err(|error| error.to_string()));
    }
    if let Some(rates) = input.rates {
        let rates = fields.take("rates", Rates::new(rates).map_err(|error| error.to_string()));
        changes.sms_rates = rates.map(|rates| Some(rates).filter(|rates| !rates.by_prefix().is_empty()));
    }
    if let Some(region) = &input.region {
        changes.region = fields.take("region", Region::parse(region));
    }
    if let Some(zone) = &input.time_zone {
        changes.time_zone = fields.take("time_zone", merchant::parse_zone(zone));
    }
    if fields.any() { Err(fields.into_problem()) } else { Ok(changes) }
}

/// What the audit log says of it.
fn said(input: &ChangesInput) -> Option<String> {
    let rates = input.rates.as_ref().map(|rates| format!("rates for {} prefixes", rates.len()));
    let said: Vec<String> = [
        input.sms_rate.map(|rate| format!("rate {rate}")),
        rates,
        input.region.as_ref().map(|region| format!("region {}", &**region)),
        input.time_zone.as_ref().map(|zone| format!("time zone {}", &**zone)),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!said.is_empty()).then(|| said.join(", "))
}
