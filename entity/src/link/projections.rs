//! Parts of links, for callers that do not need the rest.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, QuerySelect, entity::prelude::*};

use super::{Column, Entity};
use crate::{looking::is_among, money_column::stored_money};
use domain::{Currency, LinkId, MerchantId, Money, OrderId, link::disputes::due};

/// What a link asks for.
#[derive(Debug, Clone, FromQueryResult)]
pub struct AskedFor {
    /// Its id.
    pub id: LinkId,
    /// The order it is for.
    pub order_id: OrderId,
    /// The number on the invoice; absent once erased.
    pub invoice_number: Option<String>,
    /// The amount, in people's smallest unit of the currency; absent once erased.
    pub amount: Option<i64>,
    /// The currency.
    pub currency: Currency,
    /// Stripe's status of its dispute.
    pub dispute_status: Option<String>,
    /// Until when Stripe lets that be answered.
    pub respond_by: Option<DateTime<Utc>>,
}

impl AskedFor {
    /// Until when its dispute has to be answered; `None` once it is answered or over.
    #[must_use]
    pub fn dispute_due(&self) -> Option<DateTime<Utc>> {
        due(self.dispute_status.as_deref(), self.respond_by)
    }

    /// The amount; `None` once erased.
    ///
    /// # Errors
    /// Returns an error if the stored amount is invalid.
    pub fn money(&self) -> Result<Option<Money>, DbErr> {
        self.amount.map(|minor| stored_money(minor, self.currency)).transpose()
    }
}

/// What the merchant's links with these ids ask for, without reading whole links.
pub async fn asked_for(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    ids: BTreeSet<LinkId>,
) -> Result<HashMap<LinkId, AskedFor>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<AskedFor> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::OrderId, Column::InvoiceNumber, Column::Amount, Column::Currency])
        .columns([Column::DisputeStatus, Column::RespondBy])
        .filter(Column::Id.is_in(ids))
        .filter(Column::MerchantId.eq(merchant))
        .into_model()
        .all(db)
        .await?;
    Ok(found.into_iter().map(|link| (link.id, link)).collect())
}

/// The size in bytes of the merchant's own data on these links.
pub async fn sizes(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    ids: BTreeSet<LinkId>,
) -> Result<HashMap<LinkId, u64>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    // The query builder does not know the function, whose type differs between the databases.
    let bytes = Expr::cust("CAST(octet_length(payment_link.metadata) AS bigint)");
    let links = Entity::find().filter(Column::Id.is_in(ids)).filter(Column::MerchantId.eq(merchant));
    let sizes = links.select_only().column(Column::Id).expr_as(bytes, "bytes");
    let sizes: Vec<(LinkId, i64)> = sizes.into_tuple().all(db).await?;
    Ok(sizes.into_iter().map(|(id, bytes)| (id, u64::try_from(bytes).unwrap_or_default())).collect())
}

/// The ids of the links of these orders of the merchant.
pub async fn ids_of_orders(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    orders: &[OrderId],
) -> Result<Vec<LinkId>, DbErr> {
    let orders =
        is_among(Column::OrderId, orders.iter().map(|order| order.uuid()).collect(), db.get_database_backend());
    let links = Entity::find().filter(Column::MerchantId.eq(merchant)).filter(orders);
    links.select_only().column(Column::Id).into_tuple().all(db).await
}
