//! Erasing what carriers have told of a buyer.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ExprTrait, entity::prelude::*, sea_query::UnionType};

use super::{Column, EventState, Source, erase, outcome};
use crate::{contains, list::Period};
use domain::{
    MerchantId,
    sms_event::{INCOMING, REPORT},
};

/// Erases the payloads of applied carrier events that contain these digits. Among them are the texts of a buyer since the
/// first contact, if there was any, and reports in a carrier's own words; what failed may have led to no contact.
pub(crate) async fn erase_payloads_with(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    digits: &str,
    first_contact: Option<DateTime<Utc>>,
) -> Result<(), DbErr> {
    let is_theirs = Column::MerchantId.eq(merchant).and(Column::Source.eq(Source::Sms));
    let is_theirs = is_theirs.and(contains(Column::Payload, digits));
    let (mut failed, before) = outcome::by_either(merchant, EventState::Failed);
    failed.union(UnionType::All, before);
    erase(db, is_theirs.clone().and(Column::Id.in_subquery(failed))).await?;
    if first_contact.is_none() {
        return Ok(());
    }
    let since = Period { from: first_contact, to: None }.of_ids(Column::Id, TimeDelta::zero());
    let is_told = Column::Kind.is_in([INCOMING, REPORT]).and(outcome::is_there());
    erase(db, since.into_iter().fold(is_theirs.and(is_told), ExprTrait::and)).await.map(|_| ())
}
