//! `/v1/webhook-endpoints`: where the merchant receives our webhooks.

mod input;
mod view;

use chrono::{DateTime, Utc};
use domain::{WebhookDeliveryId, WebhookEndpointId};
use entity::{
    AuditAction, Transaction,
    webhook_endpoint::{
        self, EndpointError, WebhookEndpoint,
        delivery::{self, DeliveryState},
    },
};
use poem::{http::StatusCode, web::Data};
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use queue::{deliver_from, enqueue_delivery};
use serde::Deserialize;

use self::{
    input::{EndpointChangesInput, EndpointInput},
    view::{DeliveryView, EndpointList, EndpointView},
};
use super::{
    Group,
    answers::{Created, NoContent},
};
use crate::{
    Api, Problem,
    auth::{Administrator, Principal, Reader, Writer, audit::log_access},
    http::{
        json_body::JsonBody,
        paging::{Asked, Page, id},
        typed::{Limit, Text, TextOf},
    },
};

pub(super) struct WebhookEndpoints;

/// The beginning of a recovery.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct Recover {
    /// Deliver everything that was missed since then, at most 30 days back.
    since: DateTime<Utc>,
}

/// The result of a recovery.
#[derive(Debug, Object)]
struct Recovered {
    /// The number of webhooks to deliver.
    deliveries: u64,
}

#[OpenApi(tag = "Group::Webhooks")]
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the call, by its name")]
impl WebhookEndpoints {
    /// List webhook endpoints
    #[oai(path = "/webhook-endpoints", method = "get")]
    async fn list(&self, api: Data<&Api>, key: Reader) -> Result<Json<EndpointList>, Problem> {
        let found = webhook_endpoint::list(api.db.pool(), key.0.merchant).await?;
        let items = found.into_iter().map(EndpointView::of).collect::<Result<_, _>>()?;
        Ok(Json(EndpointList { items }))
    }

    /// Create a webhook endpoint
    ///
    /// From now on each change that it subscribes to is sent to it by POST, signed as in the Standard Webhooks
    /// specification. Only this answer contains the secret to verify them with.
    #[oai(path = "/webhook-endpoints", method = "post")]
    async fn create(
        &self,
        api: Data<&Api>,
        key: Administrator,
        input: JsonBody<EndpointInput>,
    ) -> Result<Created<EndpointView>, Problem> {
        let (new, now) = (input.0.check(api.private_webhooks)?, api.clock.now());
        let tx = api.db.begin().await?;
        let (endpoint, secret) =
            webhook_endpoint::create(&tx, &api.vault, key.0.merchant, new, now).await.map_err(not_written)?;
        tx.done(key.0.did(AuditAction::WebhookEndpointCreate, &endpoint.id), now);
        tx.commit().await?;
        log_access(&key.0, AuditAction::WebhookEndpointCreate, &endpoint.id);
        Ok(Created::Created(Json(EndpointView::of(endpoint)?.with_secret(&secret))))
    }

    /// See a webhook endpoint
    #[oai(path = "/webhook-endpoints/:id", method = "get")]
    async fn get(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] endpoint: Path<TextOf<WebhookEndpointId>>,
    ) -> Result<Json<EndpointView>, Problem> {
        let found = find(&api, &key.0, &endpoint).await?;
        Ok(Json(EndpointView::of(found)?))
    }

    /// Change a webhook endpoint
    ///
    /// Setting `enabled` to true clears the failures of a disabled endpoint; `…/recover` delivers what it missed.
    #[oai(path = "/webhook-endpoints/:id", method = "patch")]
    async fn change(
        &self,
        api: Data<&Api>,
        key: Administrator,
        #[oai(name = "id")] endpoint: Path<TextOf<WebhookEndpointId>>,
        input: JsonBody<EndpointChangesInput>,
    ) -> Result<Json<EndpointView>, Problem> {
        let (changes, now) = (input.0.check(api.private_webhooks)?, api.clock.now());
        let tx = api.db.begin().await?;
        let known = hold(&tx, &key.0, &endpoint).await?;
        let changed = webhook_endpoint::change(&tx, known, changes, now).await?;
        tx.done(key.0.did(AuditAction::WebhookEndpointChange, &changed.id), now);
        let waits = delivery::first_pending(&tx, changed.id).await?.is_some();
        let job = if waits { deliver_from(&tx, &changed, now, now).await? } else { None };
        tx.commit().await?;
        api.queue.notify(job);
        log_access(&key.0, AuditAction::WebhookEndpointChange, &changed.id);
        Ok(Json(EndpointView::of(changed)?))
    }

    /// Delete a webhook endpoint
    ///
    /// With all its deliveries, including pending ones.
    #[oai(path = "/webhook-endpoints/:id", method = "delete")]
    async fn delete(
        &self,
        api: Data<&Api>,
        key: Administrator,
        #[oai(name = "id")] endpoint: Path<TextOf<WebhookEndpointId>>,
    ) -> Result<NoContent, Problem> {
        let (endpoint, now) = (id::<WebhookEndpointId>(&endpoint)?, api.clock.now());
        let tx = api.db.begin().await?;
        if !webhook_endpoint::delete(&tx, key.0.merchant, endpoint).await? {
            return Err(Problem::not_found());
        }
        tx.done(key.0.did(AuditAction::WebhookEndpointDelete, &endpoint), now);
        tx.commit().await?;
        log_access(&key.0, AuditAction::WebhookEndpointDelete, &endpoint);
        Ok(NoContent::NoContent)
    }

    /// Rotate the secret of a webhook endpoint
    ///
    /// Only this answer contains the new secret. For 24 hours webhooks are also signed with the previous one.
    #[oai(path = "/webhook-endpoints/:id/rotate-secret", method = "post")]
    async fn rotate_secret(
        &self,
        api: Data<&Api>,
        key: Administrator,
        #[oai(name = "id")] endpoint: Path<TextOf<WebhookEndpointId>>,
    ) -> Result<Json<EndpointView>, Problem> {
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let known = hold(&tx, &key.0, &endpoint).await?;
        let secret = webhook_endpoint::rotate_secret(&tx, &api.vault, &known, now).await.map_err(not_written)?;
        tx.done(key.0.did(AuditAction::WebhookEndpointRotateSecret, &known.id), now);
        tx.commit().await?;
        log_access(&key.0, AuditAction::WebhookEndpointRotateSecret, &known.id);
        Ok(Json(EndpointView::of(known)?.with_secret(&secret)))
    }

    /// Send a test webhook
    ///
    /// Of type `endpoint.test`, without a number. The delivery shows the result.
    #[oai(path = "/webhook-endpoints/:id/test", method = "post")]
    async fn test(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] endpoint: Path<TextOf<WebhookEndpointId>>,
    ) -> Result<Json<DeliveryView>, Problem> {
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let known = hold_enabled(&tx, &key.0, &endpoint).await?;
        let delivery = delivery::write_test(&tx, &known, now).await?;
        let job = enqueue_delivery(&tx, &known, now, now).await?;
        tx.commit().await?;
        api.queue.notify(job);
        Ok(Json(delivery.into()))
    }

    /// List deliveries
    ///
    /// Kept for 30 days.
    #[oai(path = "/webhook-endpoints/:id/deliveries", method = "get")]
    async fn deliveries(
        &self,
        api: Data<&Api>,
        key: Reader,
        #[oai(name = "id")] endpoint: Path<TextOf<WebhookEndpointId>>,
        /// Only deliveries in this state.
        state: Query<Option<Text<DeliveryState>>>,
        limit: Query<Option<Limit>>,
        cursor: Query<Option<Text<WebhookDeliveryId>>>,
    ) -> Result<Json<Page<DeliveryView>>, Problem> {
        let asked = Asked::new(limit.0, cursor.0);
        let state = state.0.map(Text::value);
        let endpoint = find(&api, &key.0, &endpoint).await?;
        let found = delivery::list(api.db.pool(), endpoint.id, state, asked.before, asked.fetch()).await?;
        Ok(Json(asked.page(found, |row| row.id, |row| Ok::<_, Problem>(row.into()))?))
    }

    /// Redeliver a webhook
    ///
    /// At once, whatever its state, with the same id.
    #[oai(path = "/webhook-endpoints/:id/deliveries/:delivery/redeliver", method = "post")]
    async fn redeliver(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] endpoint: Path<TextOf<WebhookEndpointId>>,
        #[oai(name = "delivery")] delivery_id: Path<TextOf<WebhookDeliveryId>>,
    ) -> Result<Json<DeliveryView>, Problem> {
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let known = hold_enabled(&tx, &key.0, &endpoint).await?;
        let found = delivery::find(&tx, known.id, id(&delivery_id)?).await?.ok_or_else(Problem::not_found)?;
        let again = delivery::redeliver(&tx, found, now).await?;
        tx.done(key.0.did(AuditAction::WebhookDeliveryRedeliver, &again.id), now);
        // At once, even if the endpoint is paused.
        let job = enqueue_delivery(&tx, &known, now, now).await?;
        tx.commit().await?;
        api.queue.notify(job);
        Ok(Json(again.into()))
    }

    /// Deliver missed webhooks
    ///
    /// Everything since a time that this endpoint subscribes to and did not receive: failed deliveries, and changes
    /// from while it was disabled.
    #[oai(path = "/webhook-endpoints/:id/recover", method = "post")]
    async fn recover(
        &self,
        api: Data<&Api>,
        key: Writer,
        #[oai(name = "id")] endpoint: Path<TextOf<WebhookEndpointId>>,
        input: JsonBody<Recover>,
    ) -> Result<Json<Recovered>, Problem> {
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let known = hold_enabled(&tx, &key.0, &endpoint).await?;
        let deliveries = delivery::recover(&tx, &known, input.0.since, now).await?;
        tx.done(key.0.did(AuditAction::WebhookEndpointRecover, &known.id), now);
        let job = if deliveries > 0 { enqueue_delivery(&tx, &known, now, now).await? } else { None };
        tx.commit().await?;
        api.queue.notify(job);
        Ok(Json(Recovered { deliveries }))
    }
}

async fn find(api: &Api, key: &Principal, endpoint: &str) -> Result<WebhookEndpoint, Problem> {
    webhook_endpoint::find(api.db.pool(), key.merchant, id(endpoint)?).await?.ok_or_else(Problem::not_found)
}

async fn hold(tx: &Transaction, key: &Principal, endpoint: &str) -> Result<WebhookEndpoint, Problem> {
    webhook_endpoint::hold(tx, key.merchant, id(endpoint)?).await?.ok_or_else(Problem::not_found)
}

async fn hold_enabled(tx: &Transaction, key: &Principal, endpoint: &str) -> Result<WebhookEndpoint, Problem> {
    let endpoint = hold(tx, key, endpoint).await?;
    if endpoint.disabled_at.is_some() {
        let detail = "The endpoint is disabled. Enable it first, by PATCH.";
        return Err(Problem::conflict("endpoint_disabled", detail));
    }
    Ok(endpoint)
}

fn not_written(error: EndpointError) -> Problem {
    match error {
        EndpointError::TooMany => {
            let detail = format!("There are {} webhook endpoints, and no more are allowed.", webhook_endpoint::MOST);
            Problem::new(StatusCode::CONFLICT, "too_many_endpoints", detail)
        }
        EndpointError::Vault(error) => error.into(),
        EndpointError::Db(error) => error.into(),
    }
}
