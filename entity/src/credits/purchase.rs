//! Credits that a merchant buys from the operator through the operator's Stripe account.
//!
//! Only [`reconcile()`] moves credits for a purchase. It takes the current state of the purchase at Stripe rather than
//! events, so neither order nor repetition matters.

mod reconcile;

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, Condition, QueryOrder, QuerySelect, entity::prelude::*};

pub use reconcile::{AtStripe, collect, reconcile};

use crate::{Transaction, money_column::stored_money};
use domain::{CreditPack, CreditPurchaseId, Currency, MerchantId, Money, words};

words! {
    /// The state of a purchase.
    pub enum PurchaseState {
        /// Its payment page is being created at Stripe.
        Creating = "creating",
        /// It can be paid.
        Open = "open",
        /// It was paid in a way that takes days to settle.
        Processing = "processing",
        /// It was paid, and its credits were added.
        Paid = "paid",
        /// It was not paid in time.
        Expired = "expired",
        /// Its page could not be created, or the payment did not settle.
        Failed = "failed",
    }
}

/// A purchase of credits.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_purchase")]
pub struct Model {
    /// The id of the purchase.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CreditPurchaseId,
    /// The merchant who buys.
    pub merchant_id: MerchantId,
    /// The number of credits.
    pub credits: i64,
    /// The price in minor units.
    pub amount: i64,
    /// The currency of the price.
    pub currency: Currency,
    /// The state of the purchase.
    pub state: PurchaseState,
    /// The URL of the payment page, once known.
    pub url: Option<String>,
    /// The checkout session at the operator's Stripe.
    pub stripe_session_id: Option<String>,
    /// The payment at the operator's Stripe.
    pub stripe_payment_id: Option<String>,
    /// How much of the price was returned by refunds or disputes, in minor units.
    pub returned: i64,
    /// The credits in the ledger from this purchase now.
    pub credited: i64,
    /// The credits still to be taken back because they were not available.
    pub short: i64,
    /// Counts reconciliations, so that a slow caller does not overwrite a newer state with an older answer of Stripe.
    pub version: i64,
    /// Why it failed, for the merchant.
    pub failure: Option<String>,
    /// The API key that requested it.
    pub actor: String,
    /// When it was requested.
    pub created_at: DateTime<Utc>,
    /// When the payment was first seen.
    pub paid_at: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as CreditPurchase;

impl Model {
    /// The price.
    ///
    /// # Errors
    /// Returns an error if the stored amount is invalid.
    pub fn price(&self) -> Result<Money, DbErr> {
        stored_money(self.amount, self.currency)
    }

    /// How much of the price was returned.
    ///
    /// # Errors
    /// Returns an error if the stored amount is invalid.
    pub fn returned_money(&self) -> Result<Money, DbErr> {
        stored_money(self.returned, self.currency)
    }
}

/// Inserts a purchase whose page is to be created.
pub async fn insert(
    tx: &Transaction,
    merchant: MerchantId,
    pack: CreditPack,
    actor: String,
    now: DateTime<Utc>,
) -> Result<CreditPurchase, DbErr> {
    let purchase = ActiveModel {
        id: Set(CreditPurchaseId::new(now)),
        merchant_id: Set(merchant),
        credits: Set(pack.credits()),
        amount: Set(pack.price().minor()),
        currency: Set(pack.price().currency()),
        state: Set(PurchaseState::Creating),
        url: Set(None),
        stripe_session_id: Set(None),
        stripe_payment_id: Set(None),
        returned: Set(0),
        credited: Set(0),
        short: Set(0),
        version: Set(0),
        failure: Set(None),
        actor: Set(actor),
        created_at: Set(now),
        paid_at: Set(None),
    };
    purchase.insert(tx).await
}

/// The merchant's purchase with this id.
pub async fn find(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: CreditPurchaseId,
) -> Result<Option<CreditPurchase>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// The purchase with that id or payment, of any merchant: the operator's Stripe account reports those of all merchants.
pub async fn told_of(
    db: &impl ConnectionTrait,
    id: Option<CreditPurchaseId>,
    payment: Option<&str>,
) -> Result<Option<CreditPurchase>, DbErr> {
    if let Some(id) = id {
        return Entity::find_by_id(id).one(db).await;
    }
    let Some(payment) = payment else { return Ok(None) };
    Entity::find().filter(Column::StripePaymentId.eq(payment)).one(db).await
}

/// A page of purchases, newest first, of one merchant or of all.
pub async fn list(
    db: &impl ConnectionTrait,
    merchant: Option<MerchantId>,
    before: Option<CreditPurchaseId>,
    limit: u64,
) -> Result<Vec<CreditPurchase>, DbErr> {
    let mut query = Entity::find();
    if let Some(merchant) = merchant {
        query = query.filter(Column::MerchantId.eq(merchant));
    }
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(limit).all(db).await
}

/// For how long Stripe is asked again about a paid purchase.
const JUST_PAID: TimeDelta = TimeDelta::hours(1);

/// How many of a merchant's purchases can be paid, or soon can be.
pub async fn count_open(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<u64, DbErr> {
    let open = Column::State.is_in([PurchaseState::Creating, PurchaseState::Open]);
    Entity::find().filter(Column::MerchantId.eq(merchant)).filter(open).count(db).await
}

/// A page of purchases with credits still to be taken back, by id, after `after`.
pub async fn short(
    db: &impl ConnectionTrait,
    after: Option<CreditPurchaseId>,
    limit: u64,
) -> Result<Vec<CreditPurchase>, DbErr> {
    let mut query = Entity::find().filter(Column::Short.gt(0));
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    query.order_by_asc(Column::Id).limit(limit).all(db).await
}

/// A page, by id after `after`, of the purchases to ask Stripe about: created in this period, and either not finished,
/// or paid so recently that Stripe may have reported on the payment before it was known here.
pub async fn under_way(
    db: &impl ConnectionTrait,
    made: Range<DateTime<Utc>>,
    after: Option<CreditPurchaseId>,
    limit: u64,
) -> Result<Vec<CreditPurchase>, DbErr> {
    let mut query = Entity::find()
        .filter(
            Condition::any()
                .add(Column::State.is_in([PurchaseState::Open, PurchaseState::Processing]))
                .add(Column::PaidAt.gt(made.end - JUST_PAID)),
        )
        .filter(Column::CreatedAt.gte(made.start))
        .filter(Column::CreatedAt.lt(made.end));
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    query.order_by_asc(Column::Id).limit(limit).all(db).await
}

/// Records the payment page, if it was still being created.
pub async fn opened(tx: &Transaction, id: CreditPurchaseId, session: &str, url: &str) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(PurchaseState::Open))
        .col_expr(Column::StripeSessionId, Expr::value(session))
        .col_expr(Column::Url, Expr::value(url))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(PurchaseState::Creating))
        .exec(tx)
        .await
        .map(|_| ())
}

/// Records that the payment page could not be created.
pub async fn not_opened(tx: &Transaction, id: CreditPurchaseId, why: &str) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(PurchaseState::Failed))
        .col_expr(Column::Failure, Expr::value(why))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(PurchaseState::Creating))
        .exec(tx)
        .await
        .map(|_| ())
}
