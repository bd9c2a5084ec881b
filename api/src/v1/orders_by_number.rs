//! `/v1/orders/by-number/{number}`: an order by the merchant's own number for it.

use domain::limits::LONGEST_NUMBER;
use entity::order;
use poem::web::Data;
use poem_openapi::{ApiResponse, OpenApi, param::Path, payload::Json, types::ToJSON};

use super::{
    Group,
    order_changes::{WholeInput, to_become},
    order_view::OrderView,
    orders::{insert_unless_there, show, write_and_note},
    whole_order::whole,
};
use crate::{
    Api, Problem,
    auth::{Reader, Writer},
    http::{json_body::JsonBody, serialized::Serialized, typed::Line},
};

pub(super) struct OrdersByNumber;

/// How often to look for an order that another caller creates at the same moment.
const TRIES: usize = 3;

/// The order was replaced or created.
#[derive(ApiResponse)]
enum Put<T: ToJSON> {
    /// The order was replaced.
    #[oai(status = 200)]
    Changed(Json<T>),
    /// The order was created.
    #[oai(status = 201)]
    Created(
        Json<T>,
        /// Where the resource is.
        #[oai(header = "Location")]
        String,
    ),
}

#[OpenApi(tag = "Group::Orders")]
impl OrdersByNumber {
    /// Create or replace the order with a number
    ///
    /// 201 if the order was created, 200 if it was replaced. If several have the number, the newest that is not
    /// archived is meant. What a payment link asks for (`items`, the amounts and the dates) can only be changed while
    /// none is open: 409 `link_open`.
    /// In the path, percent-encode all of the number: `A/7` is `A%2F7`.
    #[oai(path = "/orders/by-number/:number", method = "put")]
    async fn put(
        &self,
        api: Data<&Api>,
        key: Writer,
        number: Path<Line<LONGEST_NUMBER>>,
        input: JsonBody<WholeInput>,
    ) -> Result<Put<OrderView>, Problem> {
        let owner = key.0.owner(&api).await?;
        let input = input.0.numbered(&number);
        let warnings = input.warnings(&owner);
        let new = input.check(&owner)?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        for _ in 0..TRIES {
            if let Some(order) = order::held_by_number(&tx, owner.id, &new.number).await? {
                let order = write_and_note(&api, &tx, &key.0, order, to_become(new)?).await?;
                tx.commit().await?;
                return Ok(Put::Changed(Json(whole(&api, order).await?.with_warnings(warnings))));
            }
            if let Some(order) = insert_unless_there(&api, &tx, &key.0, new.clone(), now).await? {
                tx.commit().await?;
                let location = format!("/v1/orders/{}", order.id);
                return Ok(Put::Created(Json(whole(&api, order).await?.with_warnings(warnings)), location));
            }
        }
        Err(Problem::second_order(None))
    }

    /// See the order with a number, and its payment links
    ///
    /// As `GET /v1/orders/{id}`. If several have the number, the newest that is not archived is meant; one that is
    /// archived is 404. In the path, percent-encode all of the number: `A/7` is `A%2F7`.
    #[oai(path = "/orders/by-number/:number", method = "get")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        number: Path<Line<LONGEST_NUMBER>>,
    ) -> Result<Serialized<OrderView>, Problem> {
        let found = order::by_number(api.db.pool(), key.0.merchant, &number.trimmed()).await?;
        show(&api, &key, found.ok_or_else(Problem::not_found)?).await
    }
}
