//! `paylink webhooks`: merchants' webhook endpoints and their deliveries.

use chrono::{DateTime, Utc};
use clap::{Args as ClapArgs, Subcommand};
use domain::{MerchantId, WebhookDeliveryId, WebhookEndpointId};
use entity::{
    AuditAction, Transaction,
    audit::{self, Act},
    webhook_endpoint::{
        self, EndpointChanges, WebhookEndpoint,
        delivery::{self, DeliveryState, WebhookDelivery},
    },
};

use crate::{error::Error, output::counted, parts::Parts, role::Role, settings::Settings};

/// The default reason for the audit log.
const REASON: &str = "from the command line";

/// The action.
#[derive(ClapArgs)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Lists a merchant's endpoints, and whether they accept deliveries.
    List {
        /// The merchant.
        #[arg(long)]
        merchant: MerchantId,
    },
    /// Lists an endpoint's deliveries, newest first.
    Deliveries {
        /// The endpoint's id.
        endpoint: WebhookEndpointId,
        /// pending, delivered or failed.
        #[arg(long)]
        state: Option<DeliveryState>,
        /// The most deliveries to list.
        #[arg(long, default_value_t = 100)]
        limit: u64,
    },
    /// Delivers a webhook again, whatever its state.
    Redeliver {
        /// The endpoint's id.
        endpoint: WebhookEndpointId,
        /// The delivery's id.
        delivery: WebhookDeliveryId,
    },
    /// Delivers everything that an endpoint has missed since a time.
    Recover {
        /// The endpoint's id.
        endpoint: WebhookEndpointId,
        /// The time (RFC 3339).
        #[arg(long)]
        since: DateTime<Utc>,
    },
    /// Enables a disabled endpoint.
    Enable {
        /// The endpoint's id.
        endpoint: WebhookEndpointId,
    },
    /// Disables an endpoint.
    Disable {
        /// The endpoint's id.
        endpoint: WebhookEndpointId,
    },
}

/// Runs the sub-command.
pub(crate) async fn run(settings: &Settings, args: Args) -> Result<(), Error> {
    let parts = Parts::open(settings, Role::Command, None).await?;
    match args.action {
        Action::List { merchant } => {
            for endpoint in webhook_endpoint::list(parts.db.pool(), merchant).await? {
                show(&endpoint);
            }
            Ok(())
        }
        Action::Deliveries { endpoint, state, limit } => {
            let endpoint = known(&parts, endpoint).await?;
            for found in delivery::list(parts.db.pool(), endpoint.id, state, None, limit).await? {
                show_delivery(&found);
            }
            Ok(())
        }
        Action::Redeliver { endpoint, delivery } => redeliver(&parts, endpoint, delivery).await,
        Action::Recover { endpoint, since } => recover(&parts, endpoint, since).await,
        Action::Enable { endpoint } => enable(&parts, endpoint, true).await,
        Action::Disable { endpoint } => enable(&parts, endpoint, false).await,
    }
}

fn show(endpoint: &WebhookEndpoint) {
    let stands = match (endpoint.disabled_because, endpoint.failing_since) {
        (Some(because), _) => format!("disabled: {because}"),
        (None, Some(since)) => format!("failing since {}", since.to_rfc3339()),
        (None, None) => "enabled".to_owned(),
    };
    // Only the host is shown, because the path may contain a secret.
    let host = endpoint.url.split('/').take(3).collect::<Vec<_>>().join("/");
    println!("{}  {host}  {}  {stands}", endpoint.id, endpoint.events);
}

fn show_delivery(delivery: &WebhookDelivery) {
    let status = delivery.answered_status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    println!(
        "{}  {}  {:<18}  {:<9}  {}  {status}  {}",
        delivery.id,
        delivery.at.to_rfc3339(),
        delivery.kind,
        delivery.state,
        counted(delivery.tries, "try", "tries"),
        delivery.error.as_deref().unwrap_or_default(),
    );
}

async fn known(parts: &Parts, id: WebhookEndpointId) -> Result<WebhookEndpoint, Error> {
    let found = webhook_endpoint::find_of_any(parts.db.pool(), id).await?;
    found.ok_or_else(|| Error::Refused(format!("there is no webhook endpoint {id}")))
}

/// Locks the endpoint's row.
async fn hold(parts: &Parts, tx: &Transaction, id: WebhookEndpointId) -> Result<WebhookEndpoint, Error> {
    let merchant = known(parts, id).await?.merchant_id;
    let held = webhook_endpoint::hold(tx, merchant, id).await?;
    held.ok_or_else(|| Error::Refused(format!("there is no webhook endpoint {id}")))
}

async fn hold_enabled(parts: &Parts, tx: &Transaction, id: WebhookEndpointId) -> Result<WebhookEndpoint, Error> {
    let held = hold(parts, tx, id).await?;
    if held.disabled_at.is_some() {
        return Err(Error::Refused(format!("{id} is disabled: enable it first")));
    }
    Ok(held)
}

async fn redeliver(parts: &Parts, id: WebhookEndpointId, delivery_id: WebhookDeliveryId) -> Result<(), Error> {
    let (now, tx) = (parts.clock.now(), parts.db.begin().await?);
    let endpoint = hold_enabled(parts, &tx, id).await?;
    let found = delivery::find(&tx, id, delivery_id).await?;
    let found = found.ok_or_else(|| Error::Refused(format!("{id} has no delivery {delivery_id}")))?;
    delivery::redeliver(&tx, found, now).await?;
    let act = Act::of_operator(
        endpoint.merchant_id,
        AuditAction::WebhookDeliveryRedeliver,
        &delivery_id,
        Some(REASON.to_owned()),
    );
    audit::record(&tx, act, now).await?;
    let job = queue::enqueue_delivery(&tx, &endpoint, now, now).await?;
    tx.commit().await?;
    parts.queue.notify_before_end(job.as_slice()).await;
    println!("it is delivered again");
    Ok(())
}

async fn recover(parts: &Parts, id: WebhookEndpointId, since: DateTime<Utc>) -> Result<(), Error> {
    let (now, tx) = (parts.clock.now(), parts.db.begin().await?);
    let endpoint = hold_enabled(parts, &tx, id).await?;
    let recovered = delivery::recover(&tx, &endpoint, since, now).await?;
    let act = Act::of_operator(endpoint.merchant_id, AuditAction::WebhookEndpointRecover, &id, Some(REASON.to_owned()));
    audit::record(&tx, act, now).await?;
    let job = if recovered > 0 { queue::enqueue_delivery(&tx, &endpoint, now, now).await? } else { None };
    tx.commit().await?;
    parts.queue.notify_before_end(job.as_slice()).await;
    println!("{recovered} delivered again");
    Ok(())
}

async fn enable(parts: &Parts, id: WebhookEndpointId, enabled: bool) -> Result<(), Error> {
    let (now, tx) = (parts.clock.now(), parts.db.begin().await?);
    let endpoint = hold(parts, &tx, id).await?;
    let changes = EndpointChanges { enabled: Some(enabled), ..EndpointChanges::default() };
    let changed = webhook_endpoint::change(&tx, endpoint, changes, now).await?;
    let act = Act::of_operator(changed.merchant_id, AuditAction::WebhookEndpointChange, &id, Some(REASON.to_owned()));
    audit::record(&tx, act, now).await?;
    let waits = delivery::first_pending(&tx, id).await?.is_some();
    let job = if waits { queue::deliver_from(&tx, &changed, now, now).await? } else { None };
    tx.commit().await?;
    parts.queue.notify_before_end(job.as_slice()).await;
    println!("{}", if enabled { "it is enabled" } else { "it is disabled" });
    Ok(())
}
