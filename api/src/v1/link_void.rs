//! Voiding a payment link.

use chrono::{DateTime, Utc};
use domain::link::LinkEvent;
use entity::{
    AuditAction,
    link::{self, Advanced, StripeFacts},
};
use poem_openapi::Object;
use queue::{CloseReason, CloseStripeLink, EnqueueOptions, enqueue};
use serde::{Deserialize, Serialize};

use super::{
    link_answers::{accepted, find_link, refused},
    link_view::LinkView,
};
use crate::{Api, Problem, auth::Principal, http::typed::Prose, v1::command::Accepted};

/// The input of a void.
#[derive(Debug, Default, Deserialize, Object, Serialize)]
pub(super) struct Void {
    /// The reason, for your records.
    reason: Option<Prose<500>>,
    /// Whether the buyer is told by text, with the template `voided`, which costs credits like any other.
    #[oai(default)]
    #[serde(default)]
    tell_buyer: bool,
}

pub(super) async fn accept_void(
    api: &Api,
    key: &Principal,
    link_id: &str,
    input: &Void,
    now: DateTime<Utc>,
) -> Result<Accepted<LinkView>, Problem> {
    let reason = input.reason.as_ref().map(|reason| reason.to_string());
    let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    let tx = api.db.begin().await?;
    let link = find_link(&tx, key, link_id).await?;
    let facts = StripeFacts { detail: reason.clone(), actor: Some(key.key.to_string()), ..StripeFacts::default() };
    let (link, enqueued_job) = match link::advance(&tx, &link, LinkEvent::VoidRequested, &facts, now).await? {
        Advanced::To(link) => {
            let link = if input.tell_buyer { Box::new(link::set_tell_buyer(&tx, &link).await?) } else { link };
            link::set_close_reason(&tx, &link, reason.clone()).await?;
            tx.done(key.did(AuditAction::LinkVoid, &link.id).because(reason), now);
            let job = CloseStripeLink { merchant: key.merchant, link: link.id, reason: CloseReason::Void };
            (*link, enqueue(&tx, &job, EnqueueOptions::for_merchant(key.merchant), now).await?)
        }
        Advanced::Unchanged => {
            // Read again, because another caller may have voided it at the same moment.
            let link = find_link(&tx, key, link_id).await?;
            if reason.is_some() && reason != link.close_reason {
                let detail = "The link was voided before, with other words than these; those count.";
                return Err(Problem::conflict("already_voided", detail));
            }
            (link, None)
        }
        Advanced::Refused(refusal) => return Err(refused(refusal)),
    };
    let (id, view) = (link.id, LinkView::read(api, &tx, link).await?);
    Ok(accepted(tx, id, view, enqueued_job))
}
