//! Finds links, by key or because something is due.

use chrono::{DateTime, Utc};
use sea_orm::{Iterable, QueryOrder, QuerySelect, Select, entity::prelude::*, sea_query::Expr};

use super::{Column, Entity, Model, RETENTION, further_payment, open};
use crate::Rows;
use domain::{LinkId, LinkState, LinkToken, MerchantId, OrderId};

/// The merchant's link.
pub async fn find(db: &impl ConnectionTrait, merchant: MerchantId, id: LinkId) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).filter(Column::MerchantId.eq(merchant)).one(db).await
}

/// The link with this token, of any merchant: the token is the buyer's permission to see it.
pub async fn find_by_token(db: &impl ConnectionTrait, token: &LinkToken) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::TokenHash.eq(token.hash())).one(db).await
}

/// The merchants' links with these Stripe ids (`plink_…`), as far as they exist.
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
    let found = "FROM v JOIN payment_link ON stripe_link_id = name AND merchant_id = the_merchant";
    Model::read_all(db, rows, found).await
}

/// The merchant's link that was paid by this `pi_…`, the first time or again.
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
    match further_payment::link_of(db, merchant, payment_intent).await? {
        Some(link) => find(db, merchant, link).await,
        None => Ok(None),
    }
}

/// Selects links without their `metadata`, which may be large and is not needed when reading many links.
pub(crate) fn plain() -> Select<Entity> {
    let columns = Column::iter().filter(|column| !matches!(column, Column::Metadata));
    Entity::find().select_only().columns(columns).expr_as(Expr::cust("'{}'"), "metadata")
}

/// All links of an order, newest first, without their metadata.
pub async fn of_order(db: &impl ConnectionTrait, merchant: MerchantId, order: OrderId) -> Result<Vec<Model>, DbErr> {
    plain()
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::OrderId.eq(order))
        .order_by_desc(Column::Id)
        .all(db)
        .await
}

/// The newest links of an order, newest first, without their metadata.
pub async fn newest_of_order(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    order: OrderId,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let of_order = plain().filter(Column::MerchantId.eq(merchant)).filter(Column::OrderId.eq(order));
    of_order.order_by_desc(Column::Id).limit(limit).all(db).await
}

/// How many links an order has.
pub async fn count_of_order(db: &impl ConnectionTrait, merchant: MerchantId, order: OrderId) -> Result<u64, DbErr> {
    Entity::find().filter(Column::MerchantId.eq(merchant)).filter(Column::OrderId.eq(order)).count(db).await
}

/// Unpaid links that are past their expiry but too young for the purge, which closes links itself.
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

/// Links of 90 days or older with contents to erase.
pub async fn due_for_purge(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    after: Option<LinkId>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    // By the order of the index of links to purge; by id, all links of years would be scanned. Links that this order
    // misses are found by the next query.
    let due = Entity::find().filter(Column::PurgedAt.is_null()).filter(Column::CreatedAt.lte(now - RETENTION));
    let due = match after {
        Some(after) => due.filter(Column::Id.gt(after)),
        None => due,
    };
    due.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id).limit(limit).all(db).await
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
