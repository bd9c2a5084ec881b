//! `/v1/orders`.

use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::{ConversationId, OrderId};
use entity::{
    Merchant, Order, conversation,
    logo::{self, Logo},
    merchant, notice, order,
};
use poem::{http::StatusCode, web::Data};
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};

use super::{
    Group,
    link_view::LinkView,
    order_input::Input,
    order_view::{OrderView, Request, details_page},
};
use crate::{
    Api, Problem,
    auth::{Reader, Writer},
    details_pdf::{self, DetailsPdfError},
    http::{
        json_body::JsonBody,
        paging::{Asked, Page, id},
        pdf_response::Pdf,
    },
    v1::command::{Accepted, Answered, fingerprint},
};

pub(super) struct Orders;

#[OpenApi(tag = "Group::Orders")]
impl Orders {
    /// Create an order
    #[oai(path = "/orders", method = "post")]
    async fn create(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        input: JsonBody<Input>,
    ) -> Result<Answered<OrderView>, Problem> {
        let owner = merchant::get(api.db.pool(), key.0.merchant).await?;
        let fingerprint = fingerprint("POST /v1/orders", &serde_json::to_vec(&input.0).unwrap_or_default());
        let warnings = input.0.warnings(&owner);
        let new = input.0.check(&owner)?;
        api.command(owner.id, idempotency_key.0, fingerprint, |now| {
            let (api, new, warnings) = (*api, new.clone(), warnings.clone());
            async move {
                let tx = api.db.begin().await?;
                let order = order::insert(&tx, new, now).await?;
                Ok(Accepted {
                    tx,
                    status: StatusCode::CREATED,
                    location: format!("/v1/orders/{}", order.id),
                    view: OrderView::of(order, Some(Vec::new()))?.with_warnings(warnings),
                    enqueued: Vec::new(),
                })
            }
        })
        .await
    }

    /// List orders
    #[oai(path = "/orders", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Reader,
        /// Part of the number or of the buyer's name.
        q: Query<Option<String>>,
        /// `none`, `unpaid` or `paid`.
        tag: Query<Option<String>>,
        limit: Query<Option<u64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<OrderView>>, Problem> {
        let asked = Asked::<OrderId>::parse(limit.0, cursor.0.as_deref())?;
        let tag = tag.0.map(|tag| tag.parse()).transpose();
        let search = order::OrderSearch {
            text: q.0.filter(|text| !text.trim().is_empty()),
            tag: tag.map_err(|reason: String| Problem::field("tag", reason))?,
            before: asked.before,
            limit: asked.fetch(),
        };
        let orders = order::search(api.db.pool(), key.0.merchant, search).await?;
        let notices = notice::of_orders(api.db.pool(), &api.vault, key.0.merchant, &orders).await?;
        let view = |order: Order| {
            let notices = notices.get(&order.id).map(Vec::as_slice).unwrap_or_default();
            OrderView::of(order, None).map(|view| view.with_notices(notices))
        };
        Ok(Json(asked.page(orders, |order| order.id, view)?))
    }

    /// See an order and its payment links
    #[oai(path = "/orders/:id", method = "get")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] order_id: Path<String>,
    ) -> Result<Json<OrderView>, Problem> {
        let order = find(&api, &key, &order_id).await?;
        let links = LinkView::of_order(&api, &order).await?;
        let conversation = find_conversation(&api, &order).await?;
        let orders = std::slice::from_ref(&order);
        let notices = notice::of_orders(api.db.pool(), &api.vault, order.merchant_id, orders).await?;
        let notices = notices.into_values().next().unwrap_or_default();
        Ok(Json(OrderView::of(order, Some(links))?.within(conversation).with_notices(&notices)))
    }

    /// The order's details page as a PDF
    #[oai(path = "/orders/:id/details.pdf", method = "get")]
    async fn details(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] order_id: Path<String>,
    ) -> Result<Pdf, Problem> {
        let order = find(&api, &key, &order_id).await?;
        let owner = merchant::get(api.db.pool(), order.merchant_id).await?;
        let logo = logo::find(api.db.pool(), owner.id).await?;
        let (page, busy) = render_details(&order, &owner, logo, None).await?;
        api.budgets.charge(owner.id, busy);
        Ok(Pdf::inline(page, &format!("order-{}", order.number)))
    }
}

async fn find(api: &Api, key: &Reader, order_id: &str) -> Result<Order, Problem> {
    order::find(api.db.pool(), key.0.merchant, id(order_id)?).await?.ok_or_else(Problem::not_found)
}

async fn find_conversation(api: &Api, order: &Order) -> Result<Option<ConversationId>, Problem> {
    let Some(phone) = &order.customer_phone else { return Ok(None) };
    let found = conversation::with(api.db.pool(), &api.vault, order.merchant_id, phone).await?;
    Ok(found.map(|conversation| conversation.id))
}

/// The order's details page, which is sent as the invoice when the merchant has none, and how long it took to be made.
pub(super) async fn render_details(
    order: &Order,
    owner: &Merchant,
    logo: Option<Logo>,
    request: Option<&Request<'_>>,
) -> Result<(Bytes, Duration), Problem> {
    let page = details_page(order, owner, logo, request)?;
    let rendering = tokio::task::spawn_blocking(move || {
        let since = Instant::now();
        (details_pdf::render(&page), since.elapsed())
    });
    let (rendered, busy) = rendering.await.map_err(Problem::internal)?;
    let page = rendered.map_err(|error| match error {
        DetailsPdfError::Undrawable(_) => {
            let detail = format!("The invoice cannot be drawn: {error}. Upload it as a PDF, or write it otherwise.");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "cannot_be_drawn", detail)
        }
        DetailsPdfError::Font(_) | DetailsPdfError::Write(_) => Problem::internal(error),
    })?;
    Ok((Bytes::from(page), busy))
}
