//! Credits that a merchant buys from the operator, on a page of the operator's own Stripe account.
//!
//! Only [`reconcile`] moves credits for a purchase. It is given the current state of the purchase at Stripe rather than events, so neither
//! order nor repetition matters.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, Condition, QueryOrder, QuerySelect, entity::prelude::*, sea_query::LockType};

use super::{CreditError, EntryKind, Move, append};
use crate::{Transaction, merchant, money_column::stored_money};
use domain::{CreditPack, CreditPurchaseId, Currency, MerchantId, Money, credits_kept, words};

words! {
    /// Where a purchase is.
    pub enum PurchaseState {
        /// Its page is being made at Stripe.
        Creating = "creating",
        /// It can be paid.
        Open = "open",
        /// It was paid in a way that takes days to settle.
        Processing = "processing",
        /// It is paid, and its credits were added.
        Paid = "paid",
        /// Nobody paid it in time.
        Expired = "expired",
        /// Its page could not be made, or the payment did not settle.
        Failed = "failed",
    }
}

/// A purchase.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_purchase")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CreditPurchaseId,
    /// Who buys.
    pub merchant_id: MerchantId,
    /// How many credits.
    pub credits: i64,
    /// For how much, in minor units.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// Where it is.
    pub state: PurchaseState,
    /// Where it is paid, once that is known.
    pub url: Option<String>,
    /// The checkout session at the operator's Stripe.
    pub stripe_session_id: Option<String>,
    /// The payment at the operator's Stripe.
    pub stripe_payment_id: Option<String>,
    /// How much of the price went back, by refunds or disputes, in minor units.
    pub returned: i64,
    /// How many credits the ledger has of it now.
    pub credited: i64,
    /// How many credits are to be taken back that were not there.
    pub short: i64,
    /// How often it was settled: whoever asks Stripe does not write what is older than what somebody else has written meanwhile.
    pub version: i64,
    /// Why it failed, for the merchant.
    pub failure: Option<String>,
    /// Who asked for it: an API key.
    pub actor: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was found to be paid.
    pub paid_at: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as CreditPurchase;

impl Model {
    /// What it costs.
    ///
    /// # Errors
    /// Returns an error if the stored amount is invalid.
    pub fn price(&self) -> Result<Money, DbErr> {
        stored_money(self.amount, self.currency)
    }

    /// How much of the price went back.
    ///
    /// # Errors
    /// Returns an error if the stored amount is invalid.
    pub fn returned_money(&self) -> Result<Money, DbErr> {
        stored_money(self.returned, self.currency)
    }
}

/// Writes a purchase whose page is to be made.
///
/// # Errors
/// Returns an error if the database query fails.
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

/// A merchant's purchase, if there is one.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn find(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: CreditPurchaseId,
) -> Result<Option<CreditPurchase>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// The purchase of that id, or of that payment, whosever it is: the operator's Stripe tells of all merchants'.
///
/// # Errors
/// Returns an error if the database query fails.
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

/// A page of a merchant's purchases, or of all, newest first.
///
/// # Errors
/// Returns an error if the database query fails.
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

/// For how long what was paid is asked about again.
const JUST_PAID: TimeDelta = TimeDelta::hours(1);

/// How many of a merchant's purchases can be paid, or are about to be.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn count_open(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<u64, DbErr> {
    let open = Column::State.is_in([PurchaseState::Creating, PurchaseState::Open]);
    Entity::find().filter(Column::MerchantId.eq(merchant)).filter(open).count(db).await
}

/// A page of those whose credits are yet to be taken back, by their ids, after `after`.
///
/// # Errors
/// Returns an error if the database query fails.
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

/// A page of those of whom Stripe is to be asked: made in this time, and not known to be over, or paid a short while ago, so that what was
/// told of a payment before it was known here was not told in vain; by their ids, after `after`.
///
/// # Errors
/// Returns an error if the database query fails.
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

/// Notes where it can be paid, if its page was still being made.
///
/// # Errors
/// Returns an error if the database query fails.
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

/// Notes that its page could not be made.
///
/// # Errors
/// Returns an error if the database query fails.
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

/// How a purchase stands at Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtStripe {
    /// As what it stands there.
    pub state: PurchaseState,
    /// The payment, if there is one.
    pub payment: Option<String>,
    /// How much of the price went back, in minor units.
    pub returned: i64,
}

/// What the merchant is told whose payment did not settle.
const NOT_SETTLED: &str = "The payment did not settle. Buy the credits again.";

/// Makes a purchase what it is at Stripe: adds its credits once when it is paid, and takes them back for what went back of the money, as
/// far as they are there. What was paid once stays paid. Answers the purchase as it is then; nothing if somebody has settled it since it
/// was of this version, so that Stripe has to be asked again.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn reconcile(
    tx: &Transaction,
    (id, version): (CreditPurchaseId, i64),
    at_stripe: &AtStripe,
    now: DateTime<Utc>,
) -> Result<Option<CreditPurchase>, CreditError> {
    let mut purchase = held(tx, id).await?;
    if purchase.version != version {
        return Ok(None);
    }
    if purchase.state != PurchaseState::Paid {
        if at_stripe.state == PurchaseState::Paid {
            let credits = purchase.credits;
            move_credits(tx, &purchase, EntryKind::Purchase, credits, now).await?;
            purchase.credited = credits;
            purchase.paid_at = Some(now);
        }
        purchase.state = at_stripe.state;
    }
    purchase.failure = (purchase.state == PurchaseState::Failed).then(|| NOT_SETTLED.to_owned());
    if at_stripe.payment.is_some() {
        purchase.stripe_payment_id.clone_from(&at_stripe.payment);
    }
    if purchase.state == PurchaseState::Paid {
        purchase.returned = at_stripe.returned.clamp(0, purchase.amount);
        take_back(tx, &mut purchase, now).await?;
    }
    write(tx, purchase).await.map(Some)
}

/// Takes back what was not there before, as far as it is there now: credits may have been held by texts, or bought.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn collect(tx: &Transaction, id: CreditPurchaseId, now: DateTime<Utc>) -> Result<bool, CreditError> {
    let mut purchase = held(tx, id).await?;
    let before = purchase.credited;
    take_back(tx, &mut purchase, now).await?;
    Ok(write(tx, purchase).await?.credited != before)
}

async fn held(tx: &Transaction, id: CreditPurchaseId) -> Result<CreditPurchase, DbErr> {
    let found = Entity::find_by_id(id).lock(LockType::Update).one(tx).await?;
    found.ok_or_else(|| DbErr::RecordNotFound(id.to_string()))
}

/// Moves the credits that the ledger has of a purchase to as many as what is left of the price pays for.
async fn take_back(tx: &Transaction, purchase: &mut CreditPurchase, now: DateTime<Utc>) -> Result<(), CreditError> {
    let wanted = credits_kept(purchase.credits, purchase.amount, purchase.returned) - purchase.credited;
    let there = if wanted < 0 { merchant::hold(tx, purchase.merchant_id).await?.available } else { 0 };
    let moved = wanted.max(-there);
    if moved != 0 {
        move_credits(tx, purchase, EntryKind::Refund, moved, now).await?;
        purchase.credited += moved;
    }
    purchase.short = moved - wanted;
    if purchase.short > 0 {
        let (merchant, short) = (purchase.merchant_id, purchase.short);
        tracing::warn!(merchant.id = %merchant, purchase.id = %purchase.id, short, "credits whose price went back are not there");
    }
    Ok(())
}

async fn write(tx: &Transaction, purchase: CreditPurchase) -> Result<CreditPurchase, CreditError> {
    let changed = ActiveModel {
        id: Set(purchase.id),
        state: Set(purchase.state),
        stripe_payment_id: Set(purchase.stripe_payment_id),
        returned: Set(purchase.returned),
        credited: Set(purchase.credited),
        short: Set(purchase.short),
        version: Set(purchase.version + 1),
        failure: Set(purchase.failure),
        paid_at: Set(purchase.paid_at),
        ..Default::default()
    };
    Ok(changed.update(tx).await?)
}

async fn move_credits(
    tx: &Transaction,
    purchase: &CreditPurchase,
    kind: EntryKind,
    credits: i64,
    now: DateTime<Utc>,
) -> Result<(), CreditError> {
    let moved = Move { kind, available: credits, held: 0, message: None, purchase: Some(purchase.id), note: None };
    append(tx, purchase.merchant_id, moved, now).await.map(|_| ())
}
