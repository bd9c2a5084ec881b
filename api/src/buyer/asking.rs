//! A buyer who comes back from Stripe may have paid before we hear of it. We record that they came back, and ask Stripe
//! if no webhook arrives.

use chrono::{DateTime, Utc};
use domain::LinkState;
use entity::link;
use queue::{EnqueueOptions, ReconcileLink, enqueue};
use sea_orm::DbErr;

use crate::Api;

/// The link after the buyer has come back from Stripe. Only buyers who pressed Pay count, and only the first visit with
/// the return URL.
pub(super) async fn after_return(api: &Api, link: link::Model, now: DateTime<Utc>) -> link::Model {
    let is_news = link.pay_pressed_at.is_some_and(|pressed| link.returned_at.is_none_or(|returned| returned < pressed));
    if !is_news || link.state != LinkState::Unpaid {
        return link;
    }
    if let Err(error) = note_return(api, &link, now).await {
        tracing::warn!(link.id = %link.id, %error, "a buyer's return could not be noted");
    }
    link::Model { returned_at: Some(now), ..link }
}

async fn note_return(api: &Api, link: &link::Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    let tx = api.db.begin().await?;
    link::note_returned(&tx, link, now).await?;
    tx.commit().await
}

/// Asks Stripe about a link that has been silent for long. If this fails, the page is shown anyway and asks again.
pub(super) async fn ask_stripe(api: &Api, link: &link::Model, now: DateTime<Utc>) {
    if !link.is_worth_asking(now) {
        return;
    }
    if let Err(error) = enqueue_question(api, link, now).await {
        tracing::warn!(link.id = %link.id, %error, "Stripe could not be asked about a link");
    }
}

/// The deduplication key names the previous answer, so there is one question until it is answered, however many
/// visitors there are.
async fn enqueue_question(api: &Api, link: &link::Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    let answered = link.stripe_checked_at.map_or(0, |at| at.timestamp_micros());
    let once = EnqueueOptions::for_merchant(link.merchant_id).unique(format!("returned:{}:{answered}", link.id));
    let job = ReconcileLink { merchant: link.merchant_id, link: link.id, buyer_waits: true };
    let tx = api.db.begin().await?;
    let enqueued_job = enqueue(&tx, &job, once, now).await?;
    tx.commit().await?;
    api.queue.notify(enqueued_job);
    Ok(())
}
