//! Holds what a restored installation would do again.

use chrono::{DateTime, Utc};
use entity::{
    Db, change, job, link, message,
    pause::{self, PauseSubject},
    restoration,
};
use queue::{EnqueueOptions, Kind, RecoverStripeLinks, SendSms, enqueue, event_jobs};

use super::refuse_what_is_to_come;
use crate::{error::Error, output::counted};

/// Kinds that would repeat what the world has seen since the backup, and what they do.
const PAUSED: [(Kind, &str); 4] = [
    (Kind::Remind, "reminders"),
    (Kind::TellBuyer, "receipts, and what is told of voids"),
    (Kind::RunBatch, "batches of orders"),
    (Kind::TellLowCredit, "warnings of low credit"),
];

/// What is held after a restore.
pub(super) struct HoldReport {
    texts: u64,
    asked: usize,
}

impl HoldReport {
    pub(super) fn print(&self) {
        let Self { texts, asked } = self;
        println!(
            "{} for the carrier's record, and after a day for a person (paylink messages list --status unknown)",
            counted(*texts, "text that was under way waits", "texts that were under way wait")
        );
        println!("paused, since it may have been done meanwhile; once you have seen what was:");
        for (kind, what) in PAUSED {
            println!("  {what}: paylink jobs resume --kind {kind}");
        }
        let asked = counted(*asked, "merchant's Stripe account is", "merchants' Stripe accounts are");
        println!("{asked} asked for links that were made since");
    }
}

/// Holds what may have happened since the backup: texts wait for the carrier's record or a person, [`PAUSED`] kinds for
/// an operator, and Stripe is asked for what we do not know, and before a link is made that it may have made already.
pub(super) async fn hold(db: &Db, restored_to: DateTime<Utc>) -> Result<HoldReport, Error> {
    let now = db.now().await?;
    refuse_what_is_to_come(restored_to, now)?;
    let tx = db.begin().await?;
    restoration::record(&tx, restored_to, now).await?;
    // Also those for which an event stands.
    event_jobs::write_overdue(&tx, now).await?;
    job::begin_anew(&tx, None, now).await?;
    let texts = message::hold_unsent(&tx, now).await?;
    for (merchant, message) in texts.scheduled {
        let options = EnqueueOptions::for_merchant(merchant).in_background();
        let _unnotified = enqueue(&tx, &SendSms { merchant, message }, options, now).await?;
    }
    // Readers of the old feed must not mistake new changes for those they have seen.
    change::begin_anew(&tx).await?;
    link::doubt_unmade(&tx).await?;
    let why = format!("restored to {restored_to}: it may have been done since");
    for (kind, _) in PAUSED {
        pause::put(&tx, &PauseSubject::Kind(kind.as_str().to_owned()), &why, now).await?;
    }
    let mut asked = 0;
    for merchant in entity::merchant::ids(&tx).await? {
        if entity::stripe_integration::find(&tx, merchant).await?.is_some() {
            let job = RecoverStripeLinks { merchant, made_since: restored_to, after: None };
            // The scheduler notifies Redis from the rows.
            let once = EnqueueOptions::for_merchant(merchant).unique(format!("recover:{merchant}:{restored_to}"));
            let _unnotified = enqueue(&tx, &job, once.in_background(), now).await?;
            asked += 1;
        }
    }
    tx.commit().await?;
    Ok(HoldReport { texts: texts.count, asked })
}
