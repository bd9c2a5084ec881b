//! `paylink events`.

use chrono::{DateTime, Utc};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use domain::{MerchantId, WebhookEventId};
use entity::{
    AuditAction, Db,
    audit::{self, Act},
    webhook_event::{self, EventSpan, EventState, WebhookEvent},
};
use queue::Queue;

use crate::{error::Error, parts::Parts, role::Role, settings::Settings};

/// Events per transaction.
const PAGE: u64 = 200;

/// The action.
#[derive(ClapArgs)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Replays a merchant's webhook events from a time range. Events that were applied already change nothing again.
    /// Events that were ignored or are older than 90 days are skipped, because their content is gone.
    Replay(Replay),
}

#[derive(ClapArgs)]
struct Replay {
    /// The merchant whose events are replayed.
    #[arg(long)]
    merchant: MerchantId,
    /// From this time on (RFC 3339).
    #[arg(long)]
    from: DateTime<Utc>,
    /// Before this time (RFC 3339).
    #[arg(long)]
    to: DateTime<Utc>,
    /// Which events, by their outcome.
    #[arg(long, value_enum, default_value_t = Became::Failed)]
    state: Became,
    /// The reason, for the audit log.
    #[arg(long, default_value = "from the command line")]
    reason: String,
    /// Only list the events.
    #[arg(long)]
    dry_run: bool,
}

/// The outcomes of events that can be replayed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Became {
    Failed,
    Applied,
}

impl From<Became> for EventState {
    fn from(became: Became) -> Self {
        match became {
            Became::Failed => Self::Failed,
            Became::Applied => Self::Applied,
        }
    }
}

/// Runs the sub-command.
pub(crate) async fn run(settings: &Settings, args: Args) -> Result<(), Error> {
    let Action::Replay(replay) = args.action;
    let parts = Parts::open(settings, Role::Command, None).await?;
    if entity::merchant::find(parts.db.pool(), replay.merchant).await?.is_none() {
        return Err(Error::Refused(format!("there is no merchant {}", replay.merchant)));
    }
    if replay.from >= replay.to {
        return Err(Error::Refused("--from must be before --to".to_owned()));
    }
    let replayed = replay.run(&parts.db, &parts.queue, parts.clock.now()).await?;
    let done = if replay.dry_run { "would be replayed" } else { "replayed" };
    println!("{replayed} {done}");
    Ok(())
}

impl Replay {
    /// Replays page by page, each in its own transaction. Returns how many.
    async fn run(&self, db: &Db, queue: &Queue, now: DateTime<Utc>) -> Result<usize, Error> {
        let span = EventSpan { state: self.state.into(), from: self.from, to: self.to };
        let (mut last, mut replayed) = (None, 0);
        loop {
            let page = webhook_event::to_replay(db.pool(), self.merchant, span, last, PAGE).await?;
            let Some(newest) = page.last().map(|event| event.id) else { return Ok(replayed) };
            last = Some(newest);
            replayed += if self.dry_run { show(&page) } else { self.replay_page(db, queue, &page, now).await? };
        }
    }

    async fn replay_page(
        &self,
        db: &Db,
        queue: &Queue,
        page: &[WebhookEvent],
        now: DateTime<Utc>,
    ) -> Result<usize, Error> {
        let tx = db.begin().await?;
        let (mut enqueued, mut replayed) = (Vec::new(), 0);
        for event in page {
            // It may have been replayed concurrently.
            if let Ok(enqueued_job) = queue::admin::replay_event(&tx, event, now).await? {
                audit::record(&tx, self.act(event.id), now).await?;
                enqueued.extend(enqueued_job);
                replayed += 1;
            }
        }
        tx.commit().await?;
        queue.notify_before_end(&enqueued).await;
        Ok(replayed)
    }

    fn act(&self, event: WebhookEventId) -> Act<'_> {
        Act::of_operator(self.merchant, AuditAction::WebhookEventReplay, &event, Some(self.reason.clone()))
    }
}

fn show(page: &[WebhookEvent]) -> usize {
    for event in page {
        println!("{}  {}  {:<8}  {}", event.id, event.received_at.to_rfc3339(), event.state, event.kind);
    }
    page.len()
}
