//! `/v1/credit-packs` and `/v1/credit-purchases`: buying credits from the operator.

use chrono::{DateTime, Utc};
use domain::{CreditPack, CreditPurchaseId, MerchantId};
use entity::{
    AuditAction,
    credits::purchase::{self, CreditPurchase, PurchaseState},
    merchant,
};
use poem::web::Data;
use poem_openapi::{
    Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use queue::{EnqueueOptions, OpenCreditPurchase, enqueue};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

use super::{
    Group,
    command::{Accepted, Answered, fingerprint_of},
};
use crate::{
    Api, Problem,
    auth::{Principal, Reader, Writer},
    http::{
        json_body::JsonBody,
        paging::{Asked, Page, id},
        typed::{Amount, CurrencyCode, Limit, Text, TextOf},
    },
};

pub(super) struct CreditPurchases;

/// The most open purchases of a merchant.
const MOST_OPEN: u64 = 10;

/// An amount of credits with its price.
#[derive(Debug, Object)]
#[oai(rename = "CreditPack")]
struct PackView {
    /// The id to use in a purchase.
    id: String,
    credits: i64,
    amount: Amount,
    currency: CurrencyCode,
}

impl From<&CreditPack> for PackView {
    fn from(pack: &CreditPack) -> Self {
        Self {
            id: pack.id(),
            credits: pack.credits(),
            amount: pack.price().to_decimal_string().into(),
            currency: pack.price().currency().as_str().into(),
        }
    }
}

/// The packs for sale.
#[derive(Debug, Object)]
#[oai(rename = "CreditPacks")]
struct PacksView {
    /// In the operator's order; empty if credits are not sold.
    items: Vec<PackView>,
}

/// The pack to buy.
#[derive(Debug, Deserialize, Object, Serialize)]
#[serde(deny_unknown_fields)]
#[oai(rename = "NewCreditPurchase")]
struct PurchaseInput {
    /// The id of the pack.
    #[oai(validator(min_length = 1, max_length = 100))]
    pack: String,
}

/// A purchase of credits from the operator.
#[derive(Debug, Object)]
#[oai(rename = "CreditPurchase", skip_serializing_if_is_none)]
pub(super) struct PurchaseView {
    id: Text<CreditPurchaseId>,
    /// The merchant who buys.
    merchant_id: Text<MerchantId>,
    status: Text<PurchaseState>,
    credits: i64,
    amount: Amount,
    currency: CurrencyCode,
    /// The URL of the payment page at the operator's Stripe; absent while it cannot be paid.
    url: Option<String>,
    /// Why it failed.
    failure: Option<String>,
    /// The credits in the ledger from this purchase now.
    credited: i64,
    /// How much of the price was refunded.
    refunded_amount: Option<Amount>,
    /// Refunded credits that are not available and are taken once they are.
    short: Option<i64>,
    /// The key that requested it.
    actor: String,
    created_at: DateTime<Utc>,
    paid_at: Option<DateTime<Utc>>,
}

impl PurchaseView {
    pub(super) fn of(row: CreditPurchase) -> Result<Self, DbErr> {
        let (price, returned) = (row.price()?, row.returned_money()?);
        Ok(Self {
            id: Text(row.id),
            merchant_id: Text(row.merchant_id),
            status: Text(row.state),
            credits: row.credits,
            amount: price.to_decimal_string().into(),
            currency: price.currency().as_str().into(),
            url: row.url.filter(|_| row.state == PurchaseState::Open),
            failure: row.failure,
            credited: row.credited,
            refunded_amount: (!returned.is_zero()).then(|| returned.to_decimal_string().into()),
            short: (row.short > 0).then_some(row.short),
            actor: row.actor,
            created_at: row.created_at,
            paid_at: row.paid_at,
        })
    }
}

#[OpenApi(tag = "Group::Credits")]
impl CreditPurchases {
    /// List the packs for sale
    ///
    /// Empty if the operator sells no credits, or sells them elsewhere.
    #[expect(clippy::unused_async, reason = "the framework wants its operations so")]
    #[oai(path = "/credit-packs", method = "get")]
    async fn packs(&self, api: Data<&Api>, _key: Reader) -> Result<Json<PacksView>, Problem> {
        Ok(Json(PacksView { items: api.credit_sales.packs.iter().map(PackView::from).collect() }))
    }

    /// Buy credits
    ///
    /// Returns at once with a purchase in `creating`. A moment later it is `open` and has the `url` of a page of the
    /// operator's Stripe, which can be paid for a day. Once paid, the credits are added to the ledger as `purchase`.
    #[oai(path = "/credit-purchases", method = "post")]
    async fn create(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        input: JsonBody<PurchaseInput>,
    ) -> Result<Answered<PurchaseView>, Problem> {
        let input = input.0;
        let fingerprint = fingerprint_of("POST credit-purchases", &input)?;
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, input) = (*api, &key.0, &input);
            async move { accept(api, key, input, now).await }
        })
        .await
    }

    /// List purchases of credits
    #[oai(path = "/credit-purchases", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Reader,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<CreditPurchaseId>>>,
    ) -> Result<Json<Page<PurchaseView>>, Problem> {
        let asked = Asked::<CreditPurchaseId>::new(limit.0, cursor.0);
        let found = purchase::list(api.db.pool(), Some(key.0.merchant), asked.before, asked.fetch()).await?;
        Ok(Json(asked.page(found, |row| row.id, |row| PurchaseView::of(row).map_err(Problem::from))?))
    }

    /// See a purchase of credits
    #[oai(path = "/credit-purchases/:id", method = "get")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] purchase_id: Path<TextOf<CreditPurchaseId>>,
    ) -> Result<Json<PurchaseView>, Problem> {
        let found = purchase::find(api.db.pool(), key.0.merchant, id(&purchase_id)?).await?;
        Ok(Json(PurchaseView::of(found.ok_or_else(Problem::not_found)?)?))
    }
}

async fn accept(
    api: &Api,
    key: &Principal,
    input: &PurchaseInput,
    now: DateTime<Utc>,
) -> Result<Accepted<PurchaseView>, Problem> {
    let sold = api.credit_sales.packs.iter().find(|pack| pack.id() == input.pack);
    let pack = *sold.ok_or_else(|| Problem::field("pack", "is no pack that is sold"))?;
    let tx = api.db.begin().await?;
    if merchant::get(&tx, key.merchant).await?.is_suspended() {
        return Err(Problem::suspended());
    }
    if purchase::count_open(&tx, key.merchant).await? >= MOST_OPEN {
        let detail = "Several purchases wait to be paid: pay one of them, or wait until they end, after a day.";
        return Err(Problem::conflict("too_many_purchases", detail));
    }
    let bought = purchase::insert(&tx, key.merchant, pack, key.key.to_string(), now).await?;
    tx.done(key.did(AuditAction::CreditsBuy, &bought.id).because(pack.to_string()), now);
    let job = OpenCreditPurchase { merchant: key.merchant, purchase: bought.id };
    let enqueued = enqueue(&tx, &job, EnqueueOptions::for_merchant(key.merchant), now).await?;
    Ok(Accepted {
        tx,
        location: format!("/v1/credit-purchases/{}", bought.id),
        view: PurchaseView::of(bought)?,
        enqueued: enqueued.into_iter().collect(),
    })
}
