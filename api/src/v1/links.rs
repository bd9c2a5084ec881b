//! `/v1/orders/{id}/payment-links` and `/v1/payment-links`.

use std::collections::{HashMap, HashSet};

use domain::{
    LinkId, LinkState, MerchantId, OrderId,
    link::{Dispute, Review},
};
use entity::{
    Documents, Order, conversation,
    link::{self, TimelineEntry},
    list::{Found, PaidPeriod},
    order::{self, OrderName, Tag},
};
use poem::{error::ResponseError, web::Data};
use poem_openapi::{
    OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use sea_orm::DbErr;

use super::{
    Group,
    invoice::read_invoice,
    link_answers::find_link,
    link_creation::{AskedLink, accept_link},
    link_form::{LinkForm, Staged},
    link_list,
    link_reminders::{self, LinkChangesInput},
    link_view::{self, Around, LinkView},
    link_void::{Void, accept_void},
};
use crate::http::typed::{CurrencyCode, Limit, Moment, Several, SortOrder, Text, TextOf, period};
use crate::{
    Api, Problem,
    auth::{Principal, Reader, Writer},
    http::{
        first_page::FirstPage,
        json_body::{JsonBody, OptionalJson},
        listing::{Listing, is_csv_wanted},
        paging::{Asked, id},
        pdf_response::Pdf,
        serialized::Serialized,
    },
    v1::command::{Answered, fingerprint, fingerprint_of},
};

pub(super) struct Links;

#[OpenApi(tag = "Group::PaymentLinks")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl Links {
    /// Create a payment link
    ///
    /// Takes a form, `multipart/form-data`, or no body: then all is as the order says, and the invoice is made from it.
    /// Returns at once with a link in `creating`. It becomes `unpaid` when Stripe has created it, or `failed`.
    #[oai(path = "/orders/:id/payment-links", method = "post")]
    async fn create(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] order_id: Path<TextOf<OrderId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        form: LinkForm,
    ) -> Result<Answered<LinkView>, Problem> {
        let order = find_order(&api, &key.0, id(&order_id)?).await?;
        let owner = key.0.owner(&api).await?;
        api.backlogs.check(&api.db, owner.id, &api.quotas).await?;
        api.quotas.check_room(api.db.pool(), owner.id, 0).await?;
        let link = LinkId::new(api.clock.now());
        let mut staged = Staged::begin(&api.documents, link);
        let filled = form.read(&api.documents, link).await?;
        staged.keep();
        let fingerprint = fingerprint(&format!("POST payment-links {}", order.id), &filled.canonical());
        let answered = api
            .command(owner.id, idempotency_key.0, fingerprint, |now| {
                let api = *api;
                let (order, owner, filled, key) = (&order, &owner, &filled, &key.0);
                let asked = AskedLink { order, owner, filled };
                async move { accept_link(api, key, link, asked, now).await }
            })
            .await;
        // If the answer to the commit was lost, a job may still need the upload, so it is left to the clean-up of the
        // staging area.
        let is_unused = match &answered {
            Ok(answered) => !answered.is_first(),
            Err(problem) => ResponseError::status(problem).is_client_error(),
        };
        if is_unused {
            // An upload that cannot be deleted now is deleted with the staging area.
            let _ = api.documents.delete(&Documents::staging_name(link)).await;
        }
        answered
    }

    /// List payment links
    ///
    /// A page of large links is shorter than requested and has a `next_cursor`; so is one, and may be empty, after up
    /// to 10,000 links were looked through for it. With `Accept: text/csv` returns all matches instead of a page.
    #[oai(path = "/payment-links", method = "get")]
    async fn list(
        &self,
        api: Data<&Api>,
        key: Reader,
        /// Links in any of these statuses.
        status: Query<Option<Several<LinkState>>>,
        /// Part of the invoice number, of the order's number, of the buyer's name or phone number, of the order's notes
        /// or of a value of the metadata, or the amount. Ignores case. A whole phone number finds the links of that buyer.
        q: Query<Option<String>>,
        order_id: Query<Option<Text<OrderId>>>,
        /// The order's tag.
        tag: Query<Option<Text<Tag>>>,
        /// Links with this review.
        review: Query<Option<Text<Review>>>,
        /// Links with a dispute in any of these states.
        disputed: Query<Option<Several<Dispute>>>,
        /// In this currency.
        currency: Query<Option<CurrencyCode>>,
        created_from: Query<Option<Moment>>,
        created_to: Query<Option<Moment>>,
        paid_from: Query<Option<Moment>>,
        paid_to: Query<Option<Moment>>,
        /// Only links of archived orders, or only those of others; absent: both.
        archived: Query<Option<bool>>,
        /// Also say what all matches come to, if there are at most 1,000.
        totals: Query<Option<bool>>,
        sort: Query<Option<Text<SortOrder>>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<LinkId>>>,
        accept: Header<Option<String>>,
    ) -> Result<Listing<LinkView>, Problem> {
        let owner = key.0.owner(&api).await?;
        let asked = Asked::<LinkId>::new(limit.0, cursor.0);
        let search = link::LinkSearch {
            states: status.0.map_or_else(Vec::new, |several| several.0),
            text: q.0.filter(|text| !text.trim().is_empty()),
            order: order_id.0.map(Text::value),
            tag: tag.0.map(Text::value),
            review: review.0.map(Text::value),
            disputes: disputed.0.map_or_else(Vec::new, |several| several.0),
            currency: currency
                .0
                .map(|code| code.value())
                .transpose()
                .map_err(|wrong| Problem::field("currency", wrong))?,
            created: period("created", created_from.0, created_to.0, &owner)?,
            paid: PaidPeriod::new(period("paid", paid_from.0, paid_to.0, &owner)?, &owner.zone()),
            archived: archived.0,
            place: asked.place(sort.0),
        };
        if is_csv_wanted(accept.0.as_deref()) {
            return Ok(Listing::Csv(link_list::csv_of((*api).clone(), owner, search), "payment-links"));
        }
        let _turn = api.readers.take(owner.id).await?;
        let totals = match totals.0 {
            Some(true) => Some(link_list::totals_of(&api, owner.id, &search).await?),
            Some(false) | None => None,
        };
        let Found { rows, looked_to } = link::search(api.db.pool(), owner.id, search).await?;
        let bytes = rows.iter().map(|(link, timeline)| link_view::bytes(link, timeline)).sum();
        api.budgets.charge_bytes(owner.id, bytes);
        let all = Around::of(api.db.pool(), rows.iter().map(|(link, _)| link).collect()).await?;
        let orders = rows.iter().map(|(link, _)| link.order_id).collect();
        let orders = order::names(api.db.pool(), owner.id, orders).await?;
        let opted_out = opted_out_of(&api, owner.id, &rows, &orders).await?;
        let shared = (*api).clone();
        let page = move || {
            let view = |(link, timeline): (link::Model, _)| {
                let (around, order) = (all.of_link(&link), orders.get(&link.order_id));
                let opted_out = (link.state == LinkState::Unpaid).then(|| opted_out.contains(&link.order_id));
                LinkView::of(&shared, link, timeline, around).map(|view| view.for_whom(order).opted_out(opted_out))
            };
            let page = asked.page_up_to(rows, looked_to, |(link, _)| link.id, view)?;
            Ok::<_, DbErr>(page.with_totals(totals))
        };
        Ok(Listing::Long(Serialized::of(&api.serializers, bytes, page).await?))
    }

    /// See a payment link
    #[oai(path = "/payment-links/:id", method = "get")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
    ) -> Result<Json<LinkView>, Problem> {
        let link = find_link(api.db.pool(), &key.0, &link_id).await?;
        Ok(Json(LinkView::read(&api, api.db.pool(), link).await?))
    }

    /// Change a payment link
    ///
    /// The reminder settings, while the link can be paid or may soon be: 409 `link_not_open` once it is closed.
    /// Settings that the link does not have are the merchant's (`PATCH /v1/merchant`).
    #[oai(path = "/payment-links/:id", method = "patch")]
    async fn change(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
        input: JsonBody<LinkChangesInput>,
    ) -> Result<Json<LinkView>, Problem> {
        Ok(Json(link_reminders::change(&api, &key.0, id(&link_id)?, input.0).await?))
    }

    /// The invoice
    #[oai(path = "/payment-links/:id/invoice", method = "get")]
    async fn invoice(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
    ) -> Result<Pdf, Problem> {
        let link = find_link(api.db.pool(), &key.0, &link_id).await?;
        read_invoice(&api, &link).await
    }

    /// The first page of the invoice as a picture
    ///
    /// There is none for an invoice that is too expensive to render.
    #[oai(path = "/payment-links/:id/invoice.png", method = "get")]
    async fn first_page(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
    ) -> Result<FirstPage, Problem> {
        let link = find_link(api.db.pool(), &key.0, &link_id).await?;
        FirstPage::of(&api, &link).await
    }

    /// Void an unpaid payment link
    ///
    /// Returns at once with a link in `voiding`. It becomes `voided` when Stripe has confirmed that it can no longer be
    /// paid, or `paid` if the payment was faster.
    #[oai(path = "/payment-links/:id/void", method = "post")]
    async fn void(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] link_id: Path<TextOf<LinkId>>,
        #[oai(name = "Idempotency-Key")] idempotency_key: Header<Option<String>>,
        input: OptionalJson<Void>,
    ) -> Result<Answered<LinkView>, Problem> {
        let input = input.0;
        let call = format!("POST void {}", link_id.0);
        let fingerprint = fingerprint_of(&call, &input)?;
        api.command(key.0.merchant, idempotency_key.0, fingerprint, |now| {
            let (api, key, link_id, input) = (*api, &key.0, &link_id.0, &input);
            async move { accept_void(api, key, link_id, input, now).await }
        })
        .await
    }
}

async fn find_order(api: &Api, key: &Principal, order: OrderId) -> Result<Order, Problem> {
    order::find(api.db.pool(), key.merchant, order).await?.ok_or_else(Problem::not_found)
}

/// The orders of unpaid links whose buyers want no texts.
async fn opted_out_of(
    api: &Api,
    merchant: MerchantId,
    rows: &[(link::Model, Vec<TimelineEntry>)],
    orders: &HashMap<OrderId, OrderName>,
) -> Result<HashSet<OrderId>, DbErr> {
    let unpaid = rows.iter().filter(|(link, _)| link.state == LinkState::Unpaid);
    let named: Vec<(OrderId, Vec<u8>)> = unpaid
        .filter_map(|(link, _)| Some((link.order_id, orders.get(&link.order_id)?.customer_phone.as_ref()?)))
        .flat_map(|(order, phone)| phone.forms().into_iter().map(move |form| (order, form)))
        .map(|(order, form)| (order, api.vault.phone_hash(merchant, &form)))
        .collect();
    let hashes = named.iter().map(|(_, hash)| hash.clone()).collect();
    let found = conversation::opted_out_of(api.db.pool(), merchant, hashes).await?;
    Ok(named.into_iter().filter(|(_, hash)| found.contains(hash)).map(|(order, _)| order).collect())
}
