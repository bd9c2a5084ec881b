//! `paylink worker`.

use std::{collections::HashMap, time::Duration};

use clap::Args as ClapArgs;
use queue::Kind;
use worker::{Concurrency, JobContext, Options};

use crate::{
    error::Error,
    metrics::Metrics,
    parts::{Parts, public_url},
    role::Role,
    settings::Settings,
    stop::Stop,
    surroundings::Surroundings,
};

/// Which jobs to run, and how many at once.
#[derive(ClapArgs, Default)]
pub struct Args {
    /// The kinds of jobs to run, separated by commas. Defaults to all.
    #[arg(long, value_delimiter = ',')]
    pub queues: Vec<Kind>,
    /// How many jobs of each of these kinds to run at once. Defaults to the settings.
    #[arg(long)]
    pub concurrency: Option<usize>,
}

/// Runs workers until they are told to stop. Calls `working` when they start.
///
/// # Errors
/// Returns an error if a dependency cannot be opened, or if the workers fail.
pub async fn run(settings: Settings, args: Args, around: &Surroundings, working: impl FnOnce()) -> Result<(), Error> {
    let public_url = public_url(&settings)?;
    let parts = Parts::open(&settings, Role::Worker, around.clock.clone()).await?;
    Metrics::start_apart(&settings, &parts).await?;
    let work = parts.work(&settings, public_url, around)?;
    let kinds = if args.queues.is_empty() { Kind::ALL.to_vec() } else { args.queues };
    let concurrency = match args.concurrency {
        Some(each) => Concurrency { each: each.max(1), named: HashMap::new() },
        None => settings.concurrency()?,
    };
    tracing::info!(kinds = kinds.len(), concurrency = concurrency.each, named = ?concurrency.named, "working");
    around.stop.ends_readiness(&parts.readiness);
    parts.look_at_redis();
    parts.keep_time(&around.stop);
    working();
    work_until_told(work, kinds, concurrency, &settings, &around.stop).await
}

/// Runs jobs until told to stop, then finishes those in flight.
pub(crate) async fn work_until_told(
    work: JobContext,
    kinds: Vec<Kind>,
    concurrency: Concurrency,
    settings: &Settings,
    stop: &Stop,
) -> Result<(), Error> {
    let drain = Duration::from_secs(settings.stop_within_seconds);
    let lease = Duration::from_secs(settings.lease_seconds);
    let options = Options { kinds, concurrency, lease, drain };
    worker::run(work, options, stop.requested()).await.map_err(|error| Error::Worker(Box::new(error)))
}
