//! Writing new deliveries.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*, sea_query::LockType};

use super::{A_STATEMENT, ActiveModel, DeliveryState, TEST, WebhookDelivery};
use crate::{
    Rows, Transaction,
    change::NumberedChange,
    webhook_endpoint::{self as endpoint, WebhookEndpoint},
};
use domain::{MerchantId, WebhookDeliveryId, WebhookEndpointId};

/// Writes the deliveries of newly numbered changes, in the same transaction. Returns the endpoints that have new
/// deliveries, locked. Changes that a disabled endpoint misses are counted too, so that its next webhook shows a gap.
pub async fn write_of(tx: &Transaction, changes: &[NumberedChange]) -> Result<Vec<WebhookEndpoint>, DbErr> {
    let merchants: BTreeSet<MerchantId> = changes.iter().map(|change| change.merchant_id).collect();
    if merchants.is_empty() {
        return Ok(Vec::new());
    }
    let endpoints = endpoint::Entity::find()
        .filter(endpoint::Column::MerchantId.is_in(merchants))
        .order_by_asc(endpoint::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(tx)
        .await?;
    let (mut drafts, mut moved, mut fresh) = (Vec::new(), Vec::new(), Vec::new());
    for endpoint in endpoints {
        let events = endpoint.subscription()?;
        let mut last = endpoint.last_seq;
        let told =
            changes.iter().filter(|change| change.merchant_id == endpoint.merchant_id && events.include(change.kind));
        for change in told {
            if endpoint.disabled_at.is_none() {
                drafts.push(Draft { endpoint: endpoint.id, previous: last, change });
            }
            last = Some(change.seq);
        }
        if let Some(last) = last.filter(|_| last != endpoint.last_seq) {
            moved.push((endpoint.id, last));
            if endpoint.disabled_at.is_none() {
                fresh.push(endpoint);
            }
        }
    }
    insert_all(tx, &drafts).await?;
    move_all(tx, &moved).await?;
    Ok(fresh)
}

/// Records the latest change for each of these endpoints.
async fn move_all(tx: &Transaction, moved: &[(WebhookEndpointId, i64)]) -> Result<(), DbErr> {
    for moved in moved.chunks(A_STATEMENT) {
        let mut rows = Rows::new([("endpoint", "uuid"), ("reached", "bigint")]);
        for (id, last) in moved {
            rows.push([(*id).into(), (*last).into()]);
        }
        let update = "UPDATE webhook_endpoint SET last_seq = v.reached FROM v WHERE id = v.endpoint";
        tx.execute_raw(rows.statement(tx.get_database_backend(), update, Vec::new())).await?;
    }
    Ok(())
}

pub(super) struct Draft<'a> {
    pub(super) endpoint: WebhookEndpointId,
    pub(super) previous: Option<i64>,
    pub(super) change: &'a NumberedChange,
}

/// Inserts deliveries that are due at once. Skips ones that exist.
pub(super) async fn insert_all(tx: &Transaction, drafts: &[Draft<'_>]) -> Result<u64, DbErr> {
    let mut written = 0;
    for drafts in drafts.chunks(A_STATEMENT) {
        let mut rows = Rows::new([
            ("delivery", "uuid"),
            ("endpoint", "uuid"),
            ("merchant", "uuid"),
            ("number", "bigint?"),
            ("previous", "bigint?"),
            ("word", "text"),
            ("subject", "uuid"),
            ("happened", "timestamptz"),
            ("is_state", "text"),
        ]);
        for Draft { endpoint, previous, change } in drafts {
            rows.push([
                WebhookDeliveryId::new(change.at).into(),
                (*endpoint).into(),
                change.merchant_id.into(),
                change.seq.into(),
                (*previous).into(),
                change.kind.as_str().into(),
                change.subject_id.into(),
                change.at.into(),
                DeliveryState::Pending.into(),
            ]);
        }
        let insert = "INSERT INTO webhook_delivery \
            (id, endpoint_id, merchant_id, seq, previous_seq, kind, subject_id, at, state, due_at) \
            SELECT delivery, endpoint, merchant, number, previous, word, subject, happened, is_state, happened FROM v \
            WHERE true ON CONFLICT DO NOTHING";
        written += tx.execute_raw(rows.statement(tx.get_database_backend(), insert, Vec::new())).await?.rows_affected();
    }
    Ok(written)
}

/// Inserts a test delivery.
pub async fn write_test(
    tx: &Transaction,
    endpoint: &WebhookEndpoint,
    now: DateTime<Utc>,
) -> Result<WebhookDelivery, DbErr> {
    let row = ActiveModel {
        id: Set(WebhookDeliveryId::new(now)),
        endpoint_id: Set(endpoint.id),
        merchant_id: Set(endpoint.merchant_id),
        kind: Set(TEST.to_owned()),
        subject_id: Set(endpoint.id.uuid()),
        at: Set(now),
        state: Set(DeliveryState::Pending),
        tries: Set(0),
        due_at: Set(now),
        ..Default::default()
    };
    row.insert(tx).await
}
