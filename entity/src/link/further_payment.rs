//! Further payments of a link that is paid already. All are kept, up to [`MOST`]: a person decides which to refund.

use chrono::{DateTime, Utc};
use sea_orm::{QueryOrder, entity::prelude::*};

use super::{timeline::NewEntry, timeline_event::TimelineEvent};
use crate::{Rows, link};
use domain::{Currency, LinkId, MerchantId, Money};

/// The most further payments of a link. Stripe lets a link be paid once, but a holder of the webhook secret can tell of
/// as many as they like, and each is read with all others.
pub(super) const MOST: usize = 50;

/// A payment in addition to the one that paid the link.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "further_payment")]
pub struct Model {
    /// The link.
    #[sea_orm(primary_key, auto_increment = false)]
    pub link_id: LinkId,
    /// `cs_…`
    #[sea_orm(primary_key, auto_increment = false)]
    pub session: String,
    /// The merchant that owns the link.
    pub merchant_id: MerchantId,
    /// `pi_…`
    pub payment_intent: Option<String>,
    /// The amount, in people's smallest unit of `currency`; erased by the purge.
    pub amount: Option<i64>,
    /// The currency, if supported.
    pub currency: Option<Currency>,
    /// When Stripe reported it.
    pub at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as FurtherPayment;

/// A reported payment of a link that is paid already.
#[derive(Debug)]
pub(super) struct NewPayment<'a> {
    pub(super) link: &'a link::Model,
    pub(super) session: &'a str,
    pub(super) payment_intent: Option<&'a str>,
    pub(super) money: Option<Money>,
    pub(super) detail: Option<&'a str>,
}

impl NewPayment<'_> {
    /// Its timeline entry.
    pub(super) fn entry(&self) -> NewEntry {
        let amount = self.money.filter(|_| self.link.purged_at.is_none()).map(Money::to_people);
        let parts = [self.detail, amount.as_deref(), self.payment_intent];
        let detail: Vec<&str> = parts.into_iter().flatten().collect();
        NewEntry::new(self.link.id, TimelineEvent::PaidAgain, Some(detail.join(", ")))
    }
}

/// Inserts payments. Returns those that are new.
pub(super) async fn insert_all<'a, 'b>(
    db: &impl ConnectionTrait,
    payments: &'a [NewPayment<'b>],
    now: DateTime<Utc>,
) -> Result<Vec<&'a NewPayment<'b>>, DbErr> {
    let mut rows = Rows::new([
        ("link", "uuid"),
        ("the_session", "text"),
        ("merchant", "uuid"),
        ("intent", "text?"),
        ("minor", "bigint?"),
        ("code", "text?"),
    ]);
    for payment in payments {
        let keeps = payment.link.purged_at.is_none();
        rows.push([
            payment.link.id.into(),
            payment.session.into(),
            payment.link.merchant_id.into(),
            payment.payment_intent.map(ToOwned::to_owned).into(),
            payment.money.filter(|_| keeps).map(Money::minor).into(),
            payment.money.map(Money::currency).into(),
        ]);
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let insert = "INSERT INTO further_payment (link_id, session, merchant_id, payment_intent, amount, currency, at) \
        SELECT link, the_session, merchant, intent, minor, code, {0} FROM v WHERE true \
        ON CONFLICT (link_id, session) DO NOTHING RETURNING link_id, session";
    let inserted = db.query_all_raw(rows.statement(db.get_database_backend(), insert, vec![now.into()])).await?;
    let mut new = Vec::new();
    for row in inserted {
        let (link, session): (LinkId, String) = (row.try_get("", "link_id")?, row.try_get("", "session")?);
        new.extend(payments.iter().find(|payment| payment.link.id == link && payment.session == session));
    }
    Ok(new)
}

/// The link's further payments, in order.
pub(super) async fn of_link(db: &impl ConnectionTrait, link: LinkId) -> Result<Vec<FurtherPayment>, DbErr> {
    Entity::find().filter(Column::LinkId.eq(link)).order_by_asc(Column::At).order_by_asc(Column::Session).all(db).await
}

/// The link of a further payment.
pub(super) async fn link_of(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    payment_intent: &str,
) -> Result<Option<LinkId>, DbErr> {
    let found = Entity::find()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::PaymentIntent.eq(payment_intent))
        .one(db)
        .await?;
    Ok(found.map(|payment| payment.link_id))
}

/// Erases the amounts.
pub(super) async fn erase_amounts(db: &impl ConnectionTrait, link: LinkId) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Amount, Expr::value(Option::<i64>::None))
        .filter(Column::LinkId.eq(link))
        .exec(db)
        .await
        .map(|_| ())
}
