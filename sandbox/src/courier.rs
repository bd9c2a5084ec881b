//! The background task that delivers webhooks, moves texts along and expires sessions.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, header::CONTENT_TYPE};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    clock::{self, Moment},
    delivery,
    model::{
        agenda::Chore,
        delivery::Content,
        state::{Config, Shared},
        tables::Tables,
    },
    parcel::Parcel,
    sms, stripe,
};

/// The most webhooks sent concurrently.
const AT_ONCE: usize = 64;
/// Timeout of a receiver's response.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the courier sleeps without work, unless it is notified.
const IDLE: Duration = Duration::from_mins(1);

/// Runs chores when they are due, forever.
pub(crate) async fn run(shared: Arc<Shared>, client: Client) {
    let mut on_the_wire = JoinSet::new();
    loop {
        let (chores, next) = shared.take_due(AT_ONCE.saturating_sub(on_the_wire.len()));
        for chore in chores {
            match chore {
                Chore::Deliver(id) => {
                    on_the_wire.spawn(deliver(Arc::clone(&shared), client.clone(), id));
                }
                Chore::StepMessage(sid) => shared.write(|txn| sms::reports::step(txn, &sid)),
                Chore::ExpireSession(id) => {
                    shared.write(|txn| stripe::checkout::time_out(txn, &id));
                }
            }
        }
        let full = on_the_wire.len() >= AT_ONCE;
        tokio::select! {
            () = sleep(until(next)), if !full => {}
            () = shared.notification.notified(), if !full => {}
            Some(_) = on_the_wire.join_next() => {}
        }
    }
}

fn until(next: Option<Moment>) -> Duration {
    next.and_then(|moment| (moment - clock::now()).to_std().ok().or(Some(Duration::ZERO))).unwrap_or(IDLE).min(IDLE)
}

async fn deliver(shared: Arc<Shared>, client: Client, id: String) {
    let parcel = shared.read(|tables| parcel(tables, &shared.config, &id, clock::now()));
    let Some(parcel) = parcel else {
        return shared.write(|txn| delivery::stop_trying(txn, &id));
    };
    let result = send(&client, parcel).await;
    shared.write(|txn| delivery::settle(txn, &id, result));
}

/// The signed request for a delivery. Returns `None` if its endpoint is gone.
fn parcel(tables: &Tables, config: &Config, id: &str, now: Moment) -> Option<Parcel> {
    let delivery = tables.deliveries.get(id)?;
    match &delivery.content {
        Content::Event { event, endpoint } => stripe::deliveries::parcel(tables, event, endpoint, now),
        Content::Form(pairs) => Some(sms::reports::parcel(config.sms_account.as_ref()?, &delivery.url, pairs)),
        Content::Json(body) => Some(Parcel {
            url: delivery.url.clone(),
            content_type: "application/json",
            signature: None,
            body: body.clone(),
        }),
    }
}

async fn send(client: &Client, parcel: Parcel) -> Result<u16, String> {
    let request = client.post(parcel.url).header(CONTENT_TYPE, parcel.content_type);
    let request = match parcel.signature {
        Some((signature, value)) => request.header(signature, value),
        None => request,
    };
    let answer = request.timeout(TIMEOUT).body(parcel.body).send().await;
    answer.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
}
