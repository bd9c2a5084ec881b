//! The statement that changes links' states, for any number of links.

use std::collections::{BTreeMap, HashSet};

use sea_orm::entity::prelude::*;

use super::{Model, advance::LinkChange};
use crate::Rows;
use domain::LinkId;

/// Compares each link with the columns that its event was judged by. Reported facts are set only if they are new. No
/// condition can be answered by an index of its own, so that rows are looked up by id.
const UPDATE: &str = "UPDATE payment_link SET \
    state = is_state, stripe_session_id = is_session, failed_sessions = is_failed, \
    paid_at = CASE WHEN is_state = 'paid' THEN COALESCE(told_paid_at, paid_at) END, \
    stripe_link_id = COALESCE(stripe_link_id, told_link_id), \
    stripe_url = COALESCE(stripe_url, told_url), \
    livemode = COALESCE(livemode, told_livemode), \
    stripe_payment_intent = COALESCE(told_intent, stripe_payment_intent), \
    failure = CASE WHEN is_state IN ('paid', 'voided', 'expired') THEN told_failure \
        ELSE COALESCE(told_failure, failure) END, \
    review = COALESCE(told_review, review) \
    FROM v WHERE id = the_link AND state = was_state \
    AND stripe_link_id IS NOT DISTINCT FROM was_link \
    AND stripe_session_id IS NOT DISTINCT FROM was_session AND failed_sessions IS NOT DISTINCT FROM was_failed \
    RETURNING id";

/// Writes at most one change for each link. Returns the links that no other writer has changed meanwhile; nothing is
/// written for the others.
pub(super) async fn compare_and_set(
    db: &impl ConnectionTrait,
    changes: &[LinkChange<'_>],
) -> Result<HashSet<LinkId>, DbErr> {
    let mut rows = Rows::new([
        ("the_link", "uuid"),
        ("was_state", "text"),
        ("was_link", "text?"),
        ("was_session", "text?"),
        ("was_failed", "text?"),
        ("is_state", "text"),
        ("is_session", "text?"),
        ("is_failed", "text?"),
        ("told_paid_at", "timestamptz?"),
        ("told_link_id", "text?"),
        ("told_url", "text?"),
        ("told_livemode", "bool?"),
        ("told_intent", "text?"),
        ("told_failure", "text?"),
        ("told_review", "text?"),
    ]);
    // In the same order in every group, so that two groups with the same links cannot deadlock.
    let in_order: BTreeMap<LinkId, &LinkChange> = changes.iter().map(|change| (change.before.id, change)).collect();
    for LinkChange { before, after, .. } in in_order.into_values() {
        rows.push([
            before.id.into(),
            before.state.into(),
            before.stripe_link_id.clone().into(),
            before.stripe_session_id.clone().into(),
            before.failed_sessions.clone().into(),
            after.state.into(),
            after.stripe_session_id.clone().into(),
            after.failed_sessions.clone().into(),
            newer(before.paid_at.as_ref(), after.paid_at.as_ref()).into(),
            newer(before.stripe_link_id.as_ref(), after.stripe_link_id.as_ref()).into(),
            newer(before.stripe_url.as_ref(), after.stripe_url.as_ref()).into(),
            newer(before.livemode.as_ref(), after.livemode.as_ref()).into(),
            newer(before.stripe_payment_intent.as_ref(), after.stripe_payment_intent.as_ref()).into(),
            newer(before.failure.as_ref(), after.failure.as_ref()).into(),
            newer(before.review.as_ref(), after.review.as_ref()).into(),
        ]);
    }
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let written = db.query_all_raw(rows.statement(db.get_database_backend(), UPDATE, Vec::new())).await?;
    written.iter().map(|row| row.try_get("", "id")).collect()
}

/// The new value, if it is known and differs.
fn newer<T: Clone + PartialEq>(before: Option<&T>, after: Option<&T>) -> Option<T> {
    after.filter(|_| before != after).cloned()
}

/// The links' current rows.
pub(super) async fn reread(
    db: &impl ConnectionTrait,
    links: impl Iterator<Item = LinkId>,
) -> Result<Vec<Model>, DbErr> {
    let mut rows = Rows::new([("the_link", "uuid")]);
    links.for_each(|link| rows.push([link.into()]));
    let asked = rows.len();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let found = Model::read_all(db, rows, "FROM v JOIN payment_link ON id = the_link").await?;
    if found.len() < asked {
        return Err(DbErr::RecordNotFound("a link vanished".to_owned()));
    }
    Ok(found)
}
