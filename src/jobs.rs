//! `paylink jobs`.

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args as ClapArgs, Subcommand};
use entity::{
    JobId, MerchantId,
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
        #[command(flatten)]
        which: Which,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// Shows a job.
    Show {
        /// Which.
        job: JobId,
    },
    /// Has dead jobs tried again.
    Retry(Change),
    /// Throws dead jobs away.
    Discard(Change),
    /// Rings every job that is not finished: fills an empty Redis from the rows. Safe at any time.
    Rebuild,
}

/// What a list of jobs is narrowed to.
#[derive(ClapArgs)]
struct Which {
    /// The kind.
    #[arg(long)]
    kind: Option<Kind>,
    /// For whom.
    #[arg(long)]
    merchant: Option<MerchantId>,
    /// Part of the last error.
    #[arg(long)]
    error: Option<String>,
    /// Promised at least so many hours ago.
    #[arg(long)]
    older_than_hours: Option<u32>,
}

/// Which dead jobs to change, and why.
#[derive(ClapArgs)]
struct Change {
    /// One job; absent: all that are dead and match the filters, of which there must be one.
    job: Option<JobId>,
    #[command(flatten)]
    which: Which,
    /// Why, for the audit log.
    #[arg(long)]
    reason: String,
    /// Only list what would be changed.
    #[arg(long)]
    dry_run: bool,
}

impl Which {
    fn filter(&self, state: Option<JobState>, limit: u64, now: DateTime<Utc>) -> JobFilter {
        JobFilter {
            state,
            kind: self.kind,
            merchant: self.merchant,
            error: self.error.clone(),
            promised_before: self.older_than_hours.map(|hours| now - TimeDelta::hours(hours.into())),
            before: None,
            limit,
        }
    }

    const fn is_everything(&self) -> bool {
        self.kind.is_none() && self.merchant.is_none() && self.error.is_none() && self.older_than_hours.is_none()
    }
}

/// Does it.
pub(crate) async fn run(settings: &Settings, args: Args) -> Result<(), Error> {
    let parts = Parts::open(settings).await?;
    match args.action {
        Action::List { state, which, limit } => {
            let filter = which.filter(state, limit, parts.clock.now());
            queue::list(parts.db.pool(), filter).await?.iter().for_each(line);
        }
        Action::Show { job } => show(&find(&parts, job).await?),
        Action::Retry(change) => each(&parts, &change, retry).await?,
        Action::Discard(change) => each(&parts, &change, discard).await?,
        Action::Rebuild => rebuild(&parts).await?,
    }
    Ok(())
}

fn line(job: &Job) {
    let error = job.last_error.as_deref().unwrap_or_default();
    println!("{}  {:<20}  {:<9}  attempt {:>3}  {error}", job.id, job.kind, job.state, job.attempt);
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

/// Changes the one job, or page by page all dead ones that match.
async fn each(
    parts: &Parts,
    change: &Change,
    act: impl AsyncFn(&Parts, &Job, &str) -> Result<(), Error>,
) -> Result<(), Error> {
    if change.job.is_none() && change.which.is_everything() {
        return Err(Error::Refused(
            "name a job, or narrow the dead ones by --kind, --merchant, --error or --older-than-hours".to_owned(),
        ));
    }
    let mut filter = change.which.filter(Some(JobState::Dead), PAGE, parts.clock.now());
    loop {
        let jobs = match change.job {
            Some(job) => vec![find(parts, job).await?],
            None => queue::list(parts.db.pool(), filter.clone()).await?,
        };
        for job in &jobs {
            if !change.dry_run {
                act(parts, job, &change.reason).await?;
            }
            line(job);
        }
        match jobs.last() {
            Some(last) if change.job.is_none() => filter.before = Some(last.id),
            Some(_) | None => return Ok(()),
        }
    }
}

async fn retry(parts: &Parts, job: &Job, reason: &str) -> Result<(), Error> {
    let now = parts.clock.now();
    let tx = parts.db.begin().await?;
    let ticket = queue::retry_now(&tx, job.id, now).await?.ok_or_else(|| not_dead(job))?;
    audit::record(&tx, act(job, "job.retry", reason), now).await?;
    tx.commit().await?;
    parts.queue.ring_now(&[ticket]).await?;
    Ok(())
}

async fn discard(parts: &Parts, job: &Job, reason: &str) -> Result<(), Error> {
    let now = parts.clock.now();
    let tx = parts.db.begin().await?;
    if !queue::discard(&tx, job.id, now).await? {
        return Err(not_dead(job));
    }
    audit::record(&tx, act(job, "job.discard", reason), now).await?;
    tx.commit().await?;
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

fn not_dead(job: &Job) -> Error {
    Error::Refused(format!("{} is {}; only a dead job can be retried or discarded", job.id, job.state))
}

fn act<'a>(job: &Job, action: &'a str, reason: &str) -> Act<'a> {
    Act {
        merchant_id: job.merchant_id,
        actor: "operator",
        action,
        subject: job.id.to_string(),
        detail: Some(reason.to_owned()),
    }
}
