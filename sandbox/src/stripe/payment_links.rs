//! `/v1/payment_links`.

use serde_json::{Map, Value, json};

use crate::{
    model::{
        link::PaymentLink,
        scope::StripeScope,
        state::Txn,
        tables::{RowChange, Tables},
    },
    stripe::events::{self, Occurrence},
};

use super::{
    Call,
    errors::StripeError,
    link_params::{LineItem, LinkChanges},
    list::ListPage,
    params,
};

/// `POST /v1/payment_links`, with only the parameters that Paylink uses.
pub(crate) fn create(txn: &mut Txn<'_>, call: Call) -> Result<Value, StripeError> {
    let Call { scope, mut params, cause } = call;
    let item = LineItem::take(&mut params)?;
    let changes = LinkChanges::take(&mut params)?;
    params::finish(&params)?;
    let link = changes.apply(item.into_link(scope.clone(), txn.now)?)?;
    let view = link.view(&txn.config.base);
    txn.put(RowChange::Link(link));
    events::emit(txn, &scope, Occurrence::of("payment_link.created", view.clone()), &cause);
    Ok(view)
}

/// `GET /v1/payment_links/{id}`.
pub(crate) fn retrieve(txn: &Txn<'_>, call: &Call, id: &str) -> Result<Value, StripeError> {
    params::finish(&call.params)?;
    find(txn.tables, &call.scope, id).map(|link| link.view(&txn.config.base))
}

/// `GET /v1/payment_links/{id}/line_items`: the only item.
pub(crate) fn line_items(txn: &Txn<'_>, call: Call, id: &str) -> Result<Value, StripeError> {
    let Call { scope, mut params, .. } = call;
    ListPage::take(&mut params)?;
    params::finish(&params)?;
    let link = find(txn.tables, &scope, id)?;
    Ok(json!({
        "object": "list",
        "data": [{
            "id": format!("li_{id}"),
            "object": "item",
            "amount_discount": 0,
            "amount_subtotal": link.amount(),
            "amount_tax": 0,
            "amount_total": link.amount(),
            "currency": link.currency,
            "description": link.product_name,
            "quantity": link.quantity,
        }],
        "has_more": false,
        "url": format!("/v1/payment_links/{id}/line_items"),
    }))
}

/// `GET /v1/payment_links`, newest first.
pub(crate) fn list(txn: &Txn<'_>, call: Call) -> Result<Value, StripeError> {
    let Call { scope, mut params, .. } = call;
    let page = ListPage::take(&mut params)?;
    let active = params::present(params.take("active")?, "active")?;
    params::finish(&params)?;
    let active = active.map(|active| params::boolean(&active, "active")).transpose()?;
    let rows = txn.tables.links.iter().rev().filter(|link| link.scope == scope);
    let keep = |link: &PaymentLink| !link.of_session && active.is_none_or(|active| link.active == active);
    let base = &txn.config.base;
    page.of(rows, keep, ("/v1/payment_links", "payment_link"), |link| link.view(base))
}

/// `POST /v1/payment_links/{id}`.
pub(crate) fn update(txn: &mut Txn<'_>, call: Call, id: &str) -> Result<Value, StripeError> {
    let Call { scope, mut params, cause } = call;
    let active = params::present(params.take("active")?, "active")?;
    let changes = LinkChanges::take(&mut params)?;
    params::finish(&params)?;
    let before = find(txn.tables, &scope, id)?.clone();
    let mut after = changes.apply(before.clone())?;
    if let Some(active) = active {
        after.active = params::boolean(&active, "active")?;
    }
    let base = &txn.config.base;
    let (old, view) = (before.view(base), after.view(base));
    if after != before {
        txn.put(RowChange::Link(after));
        let previous = Some(Value::Object(differing(&old, &view)));
        let body = Occurrence { kind: "payment_link.updated", object: view.clone(), previous };
        events::emit(txn, &scope, body, &cause);
    }
    Ok(view)
}

/// The fields of `old` that differ in `new`.
fn differing(old: &Value, new: &Value) -> Map<String, Value> {
    let fields = old.as_object().into_iter().flatten();
    fields
        .filter(|(name, value)| new[name.as_str()] != **value)
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect()
}

/// The link with this id in this scope.
pub(crate) fn find<'a>(tables: &'a Tables, scope: &StripeScope, id: &str) -> Result<&'a PaymentLink, StripeError> {
    let link = tables.links.get(id).filter(|link| link.scope == *scope);
    link.ok_or_else(|| StripeError::no_such("payment_link", id))
}
