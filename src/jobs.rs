//! `paylink jobs`.

mod pauses;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args as ClapArgs, Subcommand};
use domain::{JobId, MerchantId};
use entity::{
    audit,
    job::{Job, JobState},
};
use queue::{
    Kind, Trace,
    admin::{DeadJobAction, DeadJobChange, JobFilter},
};

use crate::{error::Error, output::counted, parts::Parts, role::Role, settings::Settings};

/// Rows per page.
const PAGE: u64 = 1_000;

/// The action.
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
        /// The most jobs to list.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// Shows a job.
    Show {
        /// The job's id.
        job: JobId,
    },
    /// Retries dead jobs.
    Retry(ChangeArgs),
    /// Discards dead jobs.
    Discard(ChangeArgs),
    /// Pauses the jobs of a kind or of a merchant. Running ones finish, and no attempt is lost.
    Pause {
        #[command(flatten)]
        what: pauses::What,
        /// The reason, for the audit log and the list of pauses.
        #[arg(long)]
        reason: String,
    },
    /// Ends a pause and runs the jobs that waited.
    Resume {
        #[command(flatten)]
        what: pauses::What,
        /// The reason, for the audit log.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Lists what is paused, since when and why.
    Paused,
    /// Notifies Redis of every unfinished job that is not paused: refills an empty Redis from the rows. Safe at any
    /// time.
    Rebuild,
}

/// Filters of a list of jobs.
#[derive(ClapArgs)]
struct Which {
    /// The kind.
    #[arg(long)]
    kind: Option<Kind>,
    /// The merchant.
    #[arg(long)]
    merchant: Option<MerchantId>,
    /// Part of the last error.
    #[arg(long)]
    error: Option<String>,
    /// Only jobs enqueued at least this many hours ago.
    #[arg(long)]
    older_than_hours: Option<u32>,
}

/// Which dead jobs to change, and why.
#[derive(ClapArgs)]
struct ChangeArgs {
    /// A single job. Without it, all dead jobs that match the filters, of which at least one is required.
    job: Option<JobId>,
    #[command(flatten)]
    which: Which,
    /// The reason, for the audit log.
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
            limit,
            ..JobFilter::default()
        }
        .older_than_hours(self.older_than_hours, now)
    }

    const fn is_everything(&self) -> bool {
        self.kind.is_none() && self.merchant.is_none() && self.error.is_none() && self.older_than_hours.is_none()
    }
}

/// Runs the sub-command.
pub(crate) async fn run(settings: &Settings, args: Args) -> Result<(), Error> {
    let parts = Parts::open(settings, Role::Command, None).await?;
    match args.action {
        Action::List { state, which, limit } => {
            let filter = which.filter(state, limit, parts.clock.now());
            queue::admin::first(parts.db.pool(), &filter).await?.iter().for_each(line);
        }
        Action::Show { job } => show(&parts, &find(&parts, job).await?).await?,
        Action::Retry(change) => each(&parts, &change, DeadJobAction::Retry).await?,
        Action::Discard(change) => each(&parts, &change, DeadJobAction::Discard).await?,
        Action::Pause { what, reason } => pauses::pause(&parts, &what, &reason).await?,
        Action::Resume { what, reason } => pauses::resume(&parts, &what, reason.as_deref()).await?,
        Action::Paused => pauses::list(&parts).await?,
        Action::Rebuild => rebuild(&parts).await?,
    }
    Ok(())
}

fn line(job: &Job) {
    let error = job.last_error.as_deref().unwrap_or_default();
    let enqueued = job.created_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let merchant = job.merchant_id.map_or_else(|| "-".to_owned(), |merchant| merchant.to_string());
    let line = format!(
        "{}  {enqueued}  {merchant:<36}  {:<22}  {:<9}  attempt {:>3}  {error}",
        job.id,
        job.kind,
        job.state,
        job.attempts()
    );
    println!("{}", line.trim_end());
}

async fn show(parts: &Parts, job: &Job) -> Result<(), Error> {
    let line = |name: &str, value: &dyn std::fmt::Display| println!("{name:<12}{value}");
    line("id", &job.id);
    line("kind", &job.kind);
    line("state", &job.state);
    if let Some(merchant) = job.merchant_id {
        line("merchant", &merchant);
    }
    line("payload", &job.payload);
    let policy = job.kind.parse().ok().map(Kind::policy);
    let most = policy.and_then(|policy| policy.attempts).map_or_else(String::new, |most| format!(" of {most}"));
    line(
        "attempt",
        &format!(
            "{}{most} ({} ended without a word, {} more do not count)",
            job.attempts(),
            job.crashes,
            job.uncounted
        ),
    );
    line("created at", &job.created_at);
    if let Some(deadline) = policy.and_then(|policy| policy.deadline) {
        line("give up at", &(job.created_at + deadline));
    }
    line("run at", &job.run_at);
    if let Some(at) = job.claimed_at {
        line("claimed at", &at);
    }
    if let Some(at) = job.finished_at {
        line("finished at", &at);
    }
    if let Some(error) = &job.last_error {
        line("last error", error);
    }
    if let Some(trace) = job.traceparent.as_deref().and_then(Trace::parse) {
        line("trace", &trace.trace_id());
    }
    for entry in audit::of_subject(parts.db.pool(), &job.id.to_string()).await? {
        line(
            "audit",
            &format!("{} {} by {}: {}", entry.at, entry.action, entry.actor, entry.detail.unwrap_or_default()),
        );
    }
    Ok(())
}

async fn find(parts: &Parts, job: JobId) -> Result<Job, Error> {
    let found = queue::admin::find(parts.db.pool(), job).await?;
    found.ok_or_else(|| Error::Refused(format!("there is no job {job}")))
}

/// Changes a single job, or all matching dead jobs page by page.
async fn each(parts: &Parts, change: &ChangeArgs, action: DeadJobAction) -> Result<(), Error> {
    if let Some(job) = change.job {
        let job = find(parts, job).await?;
        if job.state != JobState::Dead {
            return Err(Error::Refused(format!(
                "{} is {}; only a dead job can be retried or discarded",
                job.id, job.state
            )));
        }
        return apply(parts, &[job], change, action).await;
    }
    if change.which.is_everything() {
        return Err(Error::Refused(
            "name a job, or narrow the dead ones by --kind, --merchant, --error or --older-than-hours".to_owned(),
        ));
    }
    let mut filter = change.which.filter(Some(JobState::Dead), PAGE, parts.clock.now());
    loop {
        let jobs = queue::admin::first(parts.db.pool(), &filter).await?;
        let Some(last) = jobs.last() else { return Ok(()) };
        filter.before = Some(last.id);
        apply(parts, &jobs, change, action).await?;
    }
}

/// Retries or discards these jobs, or with `--dry-run` only lists them, and prints them.
async fn apply(parts: &Parts, jobs: &[Job], change: &ChangeArgs, action: DeadJobAction) -> Result<(), Error> {
    if change.dry_run {
        jobs.iter().for_each(line);
        return Ok(());
    }
    let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    let told = DeadJobChange { action, actor: audit::OPERATOR, reason: &change.reason };
    let changed = queue::admin::apply_to_dead(&parts.db, &ids, told, parts.clock.now()).await?;
    jobs.iter().filter(|job| changed.iter().any(|done| done.job == job.id)).for_each(line);
    let enqueued: Vec<_> = changed.iter().filter_map(|done| done.enqueued_job).collect();
    parts.queue.notify_before_end(&enqueued).await;
    Ok(())
}

async fn rebuild(parts: &Parts) -> Result<(), Error> {
    queue::event_jobs::write_overdue(parts.db.writer(), parts.clock.now()).await?;
    let (mut after, mut notified) = (None, 0);
    loop {
        let page = queue::recovery::queued(parts.db.pool(), after, PAGE).await?;
        let Some(last) = page.last else { break };
        after = Some(last);
        notified += parts.queue.notify_now(&page.enqueued).await?;
    }
    println!("{} that Redis did not have", counted(notified, "job was notified", "jobs were notified"));
    Ok(())
}
