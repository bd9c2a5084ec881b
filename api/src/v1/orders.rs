//! `/v1/orders`.

use chrono::{DateTime, Utc};
use domain::{LinkState, OrderId, link::Review};
use entity::{
    AuditAction, Order, Transaction,
    list::{Found, PaidPeriod},
    logo, notice,
    order::{self, NewOrder, OrderChanges, Tag},
};
use poem::web::Data;
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use sea_orm::DbErr;

use super::{
    Group,
    details_page::render_details,
    order_changes::{self, OrderChangesInput},
    order_input::Input,
    order_list,
    order_view::OrderView,
    whole_order::{whole, whole_and_bytes},
};
use crate::{
    Api, Problem,
    auth::{Principal, Reader, Writer},
    http::{
        json_body::JsonBody,
        listing::{Listing, is_csv_wanted},
        paging::{Asked, id},
        pdf_response::Pdf,
        serialized::Serialized,
        typed::{Limit, Moment, Several, SortOrder, Text, TextOf, period},
    },
    v1::command::{Accepted, Answered, CREATED, fingerprint_of},
};

pub(super) struct Orders;

#[OpenApi(tag = "Group::Orders")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl Orders {
    /// Create an order
    ///
    /// 409 `order_exists` with the `order_id` if an order with this number exists that is not archived.
    #[oai(path = "/orders", method = "post")]
    async fn create(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        input: JsonBody<Input>,
    ) -> Result<Answered<OrderView, CREATED>, Problem> {
        let owner = key.0.owner(&api).await?;
        let fingerprint = fingerprint_of("POST /v1/orders", &input.0)?;
        let warnings = input.0.warnings(&owner);
        let new = input.0.check(&owner)?;
        api.command(owner.id, idempotency_key.0, fingerprint, |now| {
            let (api, key, new, warnings) = (*api, &key.0, new.clone(), warnings.clone());
            async move {
                let tx = api.db.begin().await?;
                let order = insert(api, &tx, key, new, now).await?;
                Ok(Accepted {
                    tx,
                    location: format!("/v1/orders/{}", order.id),
                    view: OrderView::of(order, Some(Vec::new()))?.with_warnings(warnings),
                    enqueued: Vec::new(),
                })
            }
        })
        .await
    }

    /// List orders
    ///
    /// Orders that are not archived, unless `archived` is set. A page of large orders is shorter than requested and has
    /// a `next_cursor`; so is one, and may be empty, after up to 10,000 orders were looked through for it. With
    /// `Accept: text/csv` returns all matches instead of a page.
    #[oai(path = "/orders", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Reader,
        /// Part of the number, of a link's invoice number, of the buyer's name or phone number, of the notes or of a
        /// value of the metadata, or the amount. Ignores case. A whole phone number finds the orders of that buyer.
        q: Query<Option<String>>,
        tag: Query<Option<Text<Tag>>>,
        /// Only unpaid orders whose due date is over.
        overdue: Query<Option<bool>>,
        /// Orders with a payment link in any of these statuses.
        status: Query<Option<Several<LinkState>>>,
        /// Orders with a payment link that has this review.
        review: Query<Option<Text<Review>>>,
        created_from: Query<Option<Moment>>,
        created_to: Query<Option<Moment>>,
        /// Orders with a payment link that was paid in this period.
        paid_from: Query<Option<Moment>>,
        paid_to: Query<Option<Moment>>,
        /// Archived orders instead of the others.
        archived: Query<Option<bool>>,
        /// Also say what all matches come to, if there are at most 1,000.
        totals: Query<Option<bool>>,
        sort: Query<Option<Text<SortOrder>>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<OrderId>>>,
        accept: Header<Option<String>>,
    ) -> Result<Listing<OrderView>, Problem> {
        let owner = key.0.owner(&api).await?;
        let asked = Asked::<OrderId>::new(limit.0, cursor.0);
        let today = owner.day_of(api.clock.now());
        let is_overdue = overdue.0.unwrap_or_default();
        let tag = tag.0.map(Text::value).or(is_overdue.then_some(Tag::Unpaid));
        if is_overdue && tag != Some(Tag::Unpaid) {
            return Err(Problem::field("overdue", "is for orders with the tag unpaid"));
        }
        let search = order::OrderSearch {
            text: q.0.filter(|text| !text.trim().is_empty()),
            tag,
            due_before: is_overdue.then_some(today),
            statuses: status.0.map_or_else(Vec::new, |several| several.0),
            review: review.0.map(Text::value),
            created: period("created", created_from.0, created_to.0, &owner)?,
            paid: PaidPeriod::new(period("paid", paid_from.0, paid_to.0, &owner)?, &owner.zone()),
            archived: archived.0.unwrap_or_default(),
            place: asked.place(sort.0),
        };
        if is_csv_wanted(accept.0.as_deref()) {
            return Ok(Listing::Csv(order_list::csv_of((*api).clone(), owner, search), "orders"));
        }
        let _turn = api.readers.take(owner.id).await?;
        let totals = match totals.0 {
            Some(true) => Some(order_list::totals_of(&api, owner.id, &search).await?),
            Some(false) | None => None,
        };
        let Found { rows: orders, looked_to } = order::search(api.db.pool(), owner.id, search).await?;
        let bytes = orders.iter().map(Order::bytes).sum();
        api.budgets.charge_bytes(owner.id, bytes);
        let notices = notice::of_orders(api.db.pool(), &api.vault, (owner.id, today), &orders).await?;
        let page = move || {
            let view = |order: Order| {
                let notices = notices.get(&order.id).map(Vec::as_slice).unwrap_or_default();
                OrderView::of(order, None).map(|view| view.with_notices(notices))
            };
            let page = asked.page_up_to(orders, looked_to, |order| order.id, view)?;
            Ok::<_, DbErr>(page.with_totals(totals))
        };
        Ok(Listing::Long(Serialized::of(&api.serializers, bytes, page).await?))
    }

    /// Change an order
    ///
    /// What a payment link asks for (`number`, `items`, the amounts and the dates) can only be changed while none is
    /// open: 409 `link_open`.
    #[oai(path = "/orders/:id", method = "patch")]
    async fn change(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] order_id: Path<TextOf<OrderId>>,
        input: JsonBody<OrderChangesInput>,
    ) -> Result<Json<OrderView>, Problem> {
        let owner = key.0.owner(&api).await?;
        let tx = api.db.begin().await?;
        let order = held(&tx, &key, &order_id).await?;
        let warnings = input.0.warnings(&owner);
        let changes = input.0.check(&order, &owner)?;
        let order = write_and_note(&api, &tx, &key.0, order, changes).await?;
        tx.commit().await?;
        Ok(Json(whole(&api, order).await?.with_warnings(warnings)))
    }

    /// See an order and its payment links
    ///
    /// If there are very many links, only the newest; `/v1/payment-links?order_id=` lists all.
    #[oai(path = "/orders/:id", method = "get")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] order_id: Path<TextOf<OrderId>>,
    ) -> Result<Serialized<OrderView>, Problem> {
        show(&api, &key, find(&api, &key, &order_id).await?).await
    }

    /// The order's details page as a PDF
    #[oai(path = "/orders/:id/details.pdf", method = "get")]
    async fn details(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] order_id: Path<TextOf<OrderId>>,
    ) -> Result<Pdf, Problem> {
        let order = find(&api, &key, &order_id).await?;
        let owner = key.0.owner(&api).await?;
        let logo = logo::find(api.db.pool(), owner.id).await?;
        let (page, busy) = render_details(&order, &owner, logo, None).await?;
        api.budgets.charge(owner.id, busy);
        Ok(Pdf::inline(page, &format!("order-{}", order.number)))
    }
}

/// The order with everything that is shown when it is read alone.
pub(super) async fn show(api: &Api, key: &Reader, order: Order) -> Result<Serialized<OrderView>, Problem> {
    let (view, bytes) = whole_and_bytes(api, order).await?;
    api.budgets.charge_bytes(key.0.merchant, bytes);
    Serialized::of(&api.serializers, bytes, move || Ok::<_, Problem>(view)).await
}

/// Inserts a new order and the audit entry; 409 if one with its number exists.
async fn insert(
    api: &Api,
    tx: &Transaction,
    key: &Principal,
    new: NewOrder,
    now: DateTime<Utc>,
) -> Result<Order, Problem> {
    let (merchant, number) = (new.merchant_id, new.number.clone());
    let Some(order) = insert_unless_there(api, tx, key, new, now).await? else {
        let other = order::by_number(tx, merchant, &number).await?;
        return Err(Problem::second_order(other.map(|other| other.id)));
    };
    Ok(order)
}

/// Inserts a new order and the audit entry, unless one with its number exists.
pub(super) async fn insert_unless_there(
    api: &Api,
    tx: &Transaction,
    key: &Principal,
    new: NewOrder,
    now: DateTime<Utc>,
) -> Result<Option<Order>, Problem> {
    let inserted = order::insert_unless_there(tx, new, now).await?;
    if let Some(order) = &inserted {
        tx.done(key.did(AuditAction::OrderCreate, &order.id), now);
        api.quotas.count_order(tx, order, now).await?;
    }
    Ok(inserted)
}

/// Writes changes and the audit entry.
pub(super) async fn write_and_note(
    api: &Api,
    tx: &Transaction,
    key: &Principal,
    order: Order,
    changes: OrderChanges,
) -> Result<Order, Problem> {
    let now = api.clock.now();
    let (order, fields) = order_changes::write(tx, order, changes, now).await?;
    if !fields.is_empty() {
        tx.done(key.did(AuditAction::OrderChange, &order.id).because(fields.join(", ")), now);
        api.quotas.count_order(tx, &order, now).await?;
    }
    Ok(order)
}

/// The order, locked.
pub(super) async fn held(tx: &Transaction, key: &Writer, order_id: &str) -> Result<Order, Problem> {
    order::held(tx, key.0.merchant, id(order_id)?).await?.ok_or_else(Problem::not_found)
}

async fn find(api: &Api, key: &Reader, order_id: &str) -> Result<Order, Problem> {
    order::find(api.db.pool(), key.0.merchant, id(order_id)?).await?.ok_or_else(Problem::not_found)
}
