//! What the calls on one link have in common: how it is found, and what they answer.

use domain::{LinkId, link::Refusal};
use entity::{Transaction, link};
use sea_orm::ConnectionTrait;

use super::link_view::LinkView;
use crate::{Problem, auth::Principal, http::paging::id, v1::command::Accepted};

/// The merchant's link, or 404.
pub(super) async fn find_link(
    db: &impl ConnectionTrait,
    key: &Principal,
    link_id: &str,
) -> Result<link::Model, Problem> {
    link::find(db, key.merchant, id(link_id)?).await?.ok_or_else(Problem::not_found)
}

/// The problem for a refused transition.
pub(super) fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Paid => Problem::conflict("link_paid", "The link is paid. Refunds are made in Stripe's dashboard."),
        Refusal::PaymentUnderWay => {
            Problem::conflict("link_processing", "A payment is under way; its end decides what becomes of the link.")
        }
        Refusal::StillCreating => {
            Problem::conflict("link_not_open", "The link is still being made. Try again in a moment.")
        }
        Refusal::NotOpen => Problem::conflict("link_not_open", "The link is closed already."),
        Refusal::NotPaidElsewhere => Problem::conflict(
            "not_paid_elsewhere",
            "The link was not marked as paid elsewhere, or Stripe says it is paid.",
        ),
    }
}

/// The answer to a command on a link.
pub(super) fn accepted(
    tx: Transaction,
    link: LinkId,
    view: LinkView,
    enqueued_job: Option<queue::EnqueuedJob>,
) -> Accepted<LinkView> {
    Accepted { tx, location: format!("/v1/payment-links/{link}"), view, enqueued: enqueued_job.into_iter().collect() }
}
