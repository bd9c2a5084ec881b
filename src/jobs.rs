//! `paylink jobs`.

use clap::{Args as ClapArgs, Subcommand};
use entity::{
    Clock, JobId, MerchantId,
    audit::{self, Act},
    job::{Job, JobState},
};
use queue::{JobFilter, Kind};

use crate::{error::Error, parts::Parts, settings::Settings};

/// How many rows are read at a time.
const PAGE: u64 = 1_000;

/// What to do.
#[derive(ClapArgs)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Lists jobs, newest first.
    List {
        /// queued, done, dead or discarded.
        #[arg(long)]
        state: Option<JobState>,
        /// The kind.
        #[arg(long)]
        kind: Option<Kind>,
        /// For whom.
        #[arg(long)]
        merchant: Option<MerchantId>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// Shows a job.
    Show {
        /// Which.
        job: JobId,
    },
    /// Has a dead job tried again.
    Retry {
        /// Which.
        job: JobId,
        /// Why, for the audit log.
        #[arg(long)]
        reason: String,
    },
    /// Rings every job that is not finished: fills an empty Redis from the rows. Safe at any time.
    Rebuild,
    /// Throws a dead job away.
    Discard {
        /// Which.
        job: JobId,
        /// Why, for the audit log.
        #[arg(long)]
        reason: String,
    },
}

/// Does it.
pub(crate) async fn run(settings: &Settings, args: Args) -> Result<(), Error> {
    let parts = Parts::open(settings).await?;
    match args.action {
        Action::List { state, kind, merchant, limit } => {
            let filter = JobFilter { state, kind, merchant, before: None, limit };
            for job in queue::list(parts.db.pool(), filter).await? {
                println!("{}  {:<20}  {:<9}  attempt {:>3}  {}", job.id, job.kind, job.state, job.attempt, error(&job));
            }
        }
        Action::Rebuild => rebuild(&parts).await?,
        Action::Show { job } => show(&find(&parts, job).await?),
        Action::Retry { job, reason } => retry(&parts, job, reason).await?,
        Action::Discard { job, reason } => discard(&parts, job, reason).await?,
    }
    Ok(())
}

async fn rebuild(parts: &Parts) -> Result<(), Error> {
    let (mut after, mut rung) = (None, 0);
    loop {
        let page = queue::queued(parts.db.pool(), after, PAGE).await?;
        let Some(last) = page.last else { break };
        after = Some(last);
        rung += parts.queue.ring_now(&page.tickets).await?;
    }
    println!("{rung} jobs were rung that Redis did not have");
    Ok(())
}

fn error(job: &Job) -> &str {
    job.last_error.as_deref().unwrap_or_default()
}

fn show(job: &Job) {
    println!("id          {}", job.id);
    println!("kind        {}", job.kind);
    println!("state       {}", job.state);
    if let Some(merchant) = job.merchant_id {
        println!("merchant    {merchant}");
    }
    println!("payload     {}", job.payload);
    println!("attempt     {} ({} ended without a word)", job.attempt, job.crashes);
    println!("created at  {}", job.created_at);
    println!("run at      {}", job.run_at);
    if let Some(at) = job.finished_at {
        println!("finished at {at}");
    }
    if let Some(error) = &job.last_error {
        println!("last error  {error}");
    }
}

async fn find(parts: &Parts, job: JobId) -> Result<Job, Error> {
    let found = queue::find(parts.db.pool(), job).await?;
    found.ok_or_else(|| Error::Refused(format!("there is no job {job}")))
}

async fn retry(parts: &Parts, id: JobId, reason: String) -> Result<(), Error> {
    let job = find(parts, id).await?;
    let now = Clock::system().now();
    let tx = parts.db.begin().await?;
    let ticket = queue::retry_now(&tx, id, now).await?.ok_or_else(|| not_dead(&job))?;
    audit::record(&tx, act(&job, "job.retry", reason), now).await?;
    tx.commit().await?;
    parts.queue.ring_now(&[ticket]).await?;
    Ok(())
}

async fn discard(parts: &Parts, id: JobId, reason: String) -> Result<(), Error> {
    let job = find(parts, id).await?;
    let now = Clock::system().now();
    let tx = parts.db.begin().await?;
    if !queue::discard(&tx, id, now).await? {
        return Err(not_dead(&job));
    }
    audit::record(&tx, act(&job, "job.discard", reason), now).await?;
    tx.commit().await?;
    Ok(())
}

fn not_dead(job: &Job) -> Error {
    Error::Refused(format!("{} is {}; only a dead job can be retried or discarded", job.id, job.state))
}

fn act<'a>(job: &Job, action: &'a str, reason: String) -> Act<'a> {
    Act { merchant_id: job.merchant_id, actor: "operator", action, subject: job.id.to_string(), detail: Some(reason) }
}
