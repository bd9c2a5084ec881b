//! `/v1/checkout/sessions`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{
    link::PaymentLink,
    scope::StripeScope,
    session::{Session, SessionStatus},
    state::Txn,
    tables::{RowChange, Tables},
};

use super::{
    Call, checkout,
    errors::StripeError,
    link_params::{INTENT_METADATA, LineItem},
    list::ListPage,
    params, payment_links,
};

/// `GET /v1/checkout/sessions`, newest first.
pub(crate) fn list(txn: &Txn<'_>, call: Call) -> Result<Value, StripeError> {
    let Call { scope, mut params, .. } = call;
    let page = ListPage::take(&mut params)?;
    let link = params::present(params.take("payment_link")?, "payment_link")?;
    let status = params::present(params.take("status")?, "status")?;
    params::finish(&params)?;
    if let Some(link) = &link {
        payment_links::find(txn.tables, &scope, link)
            .map_err(|_| StripeError::no_such_in_param("payment_link", link, "payment_link"))?;
    }
    if let Some(status) = &status {
        params::one_of(status, "status", &["open", "complete", "expired"])?;
    }
    let keep = |session: &Session| {
        link.as_ref().is_none_or(|link| session.link == *link)
            && status.as_ref().is_none_or(|status| session.status.name() == status)
    };
    let rows = txn.tables.sessions.iter().rev().filter(|session| session.scope == scope);
    let view = |session: &Session| checkout::view(txn.tables, txn.config, session);
    page.of(rows, keep, ("/v1/checkout/sessions", "checkout.session"), view)
}

/// `POST /v1/checkout/sessions`: creates a session without a link for a single payment, with only the parameters that
/// Paylink uses.
pub(crate) fn create(txn: &mut Txn<'_>, call: Call) -> Result<Value, StripeError> {
    let Call { scope, mut params, .. } = call;
    let item = LineItem::take(&mut params)?;
    let mode = params::required(params.take("mode")?, "mode")?;
    let reference = params::present(params.take("client_reference_id")?, "client_reference_id")?;
    let success_url = params::required(params.take("success_url")?, "success_url")?;
    let cancel_url = params::present(params.take("cancel_url")?, "cancel_url")?;
    let metadata = params::metadata(&mut params, "metadata")?;
    let intent_metadata = params::metadata(&mut params, INTENT_METADATA)?;
    params::finish(&params)?;
    params::one_of(&mode, "mode", &["payment"])?;
    params::text(reference.unwrap_or_default(), "client_reference_id", 200)?;
    if let Some(url) = cancel_url {
        params::url(url, "cancel_url")?;
    }
    let held = PaymentLink {
        of_session: true,
        limit: Some(1),
        metadata: params::merged(&BTreeMap::new(), metadata, "metadata")?,
        intent_metadata: params::merged(&BTreeMap::new(), intent_metadata, INTENT_METADATA)?,
        redirect_url: Some(params::url(success_url, "success_url")?),
        ..item.into_link(scope, txn.now)?
    };
    let slug = held.slug.clone();
    txn.put(RowChange::Link(held));
    let session = checkout::open(txn, &slug).map_err(|error| StripeError::invalid(error.to_string()))?;
    Ok(checkout::view(txn.tables, txn.config, &session))
}

/// `GET /v1/checkout/sessions/{id}`.
pub(crate) fn retrieve(txn: &Txn<'_>, call: &Call, id: &str) -> Result<Value, StripeError> {
    params::finish(&call.params)?;
    find(txn.tables, &call.scope, id).map(|session| checkout::view(txn.tables, txn.config, session))
}

/// `POST /v1/checkout/sessions/{id}/expire`, only for open sessions.
pub(crate) fn expire(txn: &mut Txn<'_>, call: &Call, id: &str) -> Result<Value, StripeError> {
    params::finish(&call.params)?;
    let session = find(txn.tables, &call.scope, id)?.clone();
    match session.status {
        SessionStatus::Open => Ok(checkout::expire(txn, session, &call.cause)),
        SessionStatus::Complete | SessionStatus::Expired => Err(StripeError::invalid(format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of \
             `{}`.",
            session.status.name()
        ))),
    }
}

fn find<'a>(tables: &'a Tables, scope: &StripeScope, id: &str) -> Result<&'a Session, StripeError> {
    let session = tables.sessions.get(id).filter(|session| session.scope == *scope);
    session.ok_or_else(|| StripeError::no_such("checkout.session", id))
}
