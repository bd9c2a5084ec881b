//! Finders for single links and for those that are due for something.

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Iterable, QueryOrder, QuerySelect, Select, entity::prelude::*, sea_query::Expr};

use super::{Column, Entity, Model, RETENTION, further, open};
use crate::Rows;
use domain::{LinkId, LinkState, LinkToken, MerchantId, OrderId};

/// The merchant's link.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl ConnectionTrait, merchant: MerchantId, id: LinkId) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// The link with this token, whoever's it is: the token is the buyer's right to see it.
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_token(db: &impl ConnectionTrait, token: &LinkToken) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::TokenHash.eq(token.hash())).one(db).await
}

/// The merchants' links that Stripe calls by these names (`plink_…`), as far as there are any.
///
/// # Errors
/// When the database does not answer.
pub async fn find_all_by_stripe_id(
    db: &impl ConnectionTrait,
    names: &[(MerchantId, &str)],
) -> Result<Vec<Model>, DbErr> {
    let mut rows = Rows::new([("the_merchant", "uuid"), ("name", "text")]);
    for (merchant, name) in names {
        rows.push([(*merchant).into(), (*name).into()]);
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let select =
        "SELECT payment_link.* FROM v JOIN payment_link ON stripe_link_id = name AND merchant_id = the_merchant";
    let found = db.query_all_raw(rows.statement(db.get_database_backend(), select, Vec::new())).await?;
    found.iter().map(|row| Model::from_query_result(row, "")).collect()
}

/// The merchant's link that was paid by this `pi_…`, be it for the first time or once more.
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_payment_intent(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    payment_intent: &str,
) -> Result<Option<Model>, DbErr> {
    let paid = open::paid_by(merchant, payment_intent);
    let first =
        Entity::find().filter(Column::Id.in_subquery(paid)).filter(Column::MerchantId.eq(merchant)).one(db).await?;
    if first.is_some() {
        return Ok(first);
    }
    match further::link_of(db, merchant, payment_intent).await? {
        Some(link) => find(db, merchant, link).await,
        None => Ok(None),
    }
}

/// Links without what their merchant's software keeps with them (there is nothing in `metadata`): it may be large, and nobody looks at it
/// who looks at many links for what became of them.
pub(crate) fn plain() -> Select<Entity> {
    let columns = Column::iter().filter(|column| !matches!(column, Column::Metadata));
    Entity::find().select_only().columns(columns).expr_as(Expr::cust("'{}'"), "metadata")
}

/// All links of an order, newest first, without their metadata.
///
/// # Errors
/// When the database does not answer.
pub async fn of_order(db: &impl ConnectionTrait, merchant: MerchantId, order: OrderId) -> Result<Vec<Model>, DbErr> {
    plain()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::OrderId.eq(order))
        .order_by_desc(Column::Id)
        .all(db)
        .await
}

/// How many links an order has.
///
/// # Errors
/// When the database does not answer.
pub async fn count_of_order(db: &impl ConnectionTrait, merchant: MerchantId, order: OrderId) -> Result<u64, DbErr> {
    Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::OrderId.eq(order)).count(db).await
}

/// Unpaid links whose time is over but which are too young for the purge, which closes links itself.
///
/// # Errors
/// When the database does not answer.
pub async fn due_for_expiry(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    after: Option<LinkId>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    page(
        Entity::find()
            .filter(Column::Id.in_subquery(open::expired(now)))
            .filter(Column::State.eq(LinkState::Unpaid))
            .filter(Column::CreatedAt.gt(now - RETENTION)),
        after,
        limit,
        db,
    )
    .await
}

/// Links of 90 days or older that still hold something.
///
/// # Errors
/// When the database does not answer.
pub async fn due_for_purge(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    after: Option<LinkId>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    page(
        Entity::find().filter(Column::PurgedAt.is_null()).filter(Column::CreatedAt.lte(now - RETENTION)),
        after,
        limit,
        db,
    )
    .await
}

pub(super) async fn page(
    query: Select<Entity>,
    after: Option<LinkId>,
    limit: u64,
    db: &impl ConnectionTrait,
) -> Result<Vec<Model>, DbErr> {
    let query = match after {
        Some(after) => query.filter(Column::Id.gt(after)),
        None => query,
    };
    query.order_by_asc(Column::Id).limit(limit).all(db).await
}
