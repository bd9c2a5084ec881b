//! `/v1/orders/{id}/archive` and `…/unarchive`.

use domain::OrderId;
use entity::{AuditAction, order};
use poem::web::Data;
use poem_openapi::{OpenApi, param::Path, payload::Json};

use super::{
    Group,
    order_changes::{link_open, not_written, refuse_second},
    order_view::OrderView,
    orders::held,
    whole_order::whole,
};
use crate::{Api, Problem, auth::Writer, http::typed::TextOf};

pub(super) struct OrderArchive;

#[OpenApi(tag = "Group::Orders")]
impl OrderArchive {
    /// Archive an order
    ///
    /// The order leaves the lists, and its number can be used again. 409 `link_open` while a payment link is open.
    #[oai(path = "/orders/:id/archive", method = "post")]
    async fn archive(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] order_id: Path<TextOf<OrderId>>,
    ) -> Result<Json<OrderView>, Problem> {
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let mut order = held(&tx, &key, &order_id).await?;
        if order::has_open_link(&tx, &order).await? {
            return Err(link_open());
        }
        if order.archived_at.is_none() {
            order = order::archive(&tx, &order, Some(now), now).await?;
            tx.done(key.0.did(AuditAction::OrderArchive, &order.id), now);
        }
        tx.commit().await?;
        Ok(Json(whole(&api, order).await?))
    }

    /// Unarchive an order
    ///
    /// 409 `order_exists` if another order has its number now.
    #[oai(path = "/orders/:id/unarchive", method = "post")]
    async fn unarchive(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] order_id: Path<TextOf<OrderId>>,
    ) -> Result<Json<OrderView>, Problem> {
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let mut order = held(&tx, &key, &order_id).await?;
        if order.archived_at.is_some() {
            refuse_second(&tx, &order, &order.number).await?;
            order = order::archive(&tx, &order, None, now).await.map_err(not_written)?;
            tx.done(key.0.did(AuditAction::OrderUnarchive, &order.id), now);
        }
        tx.commit().await?;
        Ok(Json(whole(&api, order).await?))
    }
}
