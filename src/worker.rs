//! `paylink worker`.

use std::{collections::HashMap, time::Duration};

use clap::Args as ClapArgs;
use queue::Kind;
use worker::{Concurrency, Options, Work};

use crate::{
    error::Error,
    metrics::Metrics,
    parts::{Parts, public_url},
    settings::Settings,
    stop::Stop,
};

/// Which jobs, and how many at once.
#[derive(ClapArgs)]
pub(crate) struct Args {
    /// The kinds of jobs to do, separated by commas; all of them if absent.
    #[arg(long, value_delimiter = ',')]
    queues: Vec<Kind>,
    /// How many jobs of each of these kinds to do at once; the settings if absent.
    #[arg(long)]
    concurrency: Option<usize>,
}

/// Runs workers until they are told to stop.
pub(crate) async fn run(settings: Settings, args: Args) -> Result<(), Error> {
    let public_url = public_url(&settings)?;
    let parts = Parts::open(&settings).await?;
    Metrics::start_apart(&settings, &parts).await?;
    let work = parts.work(&settings, public_url)?;
    let kinds = if args.queues.is_empty() { Kind::ALL.to_vec() } else { args.queues };
    let concurrency = match args.concurrency {
        Some(each) => Concurrency { each: each.max(1), named: HashMap::new() },
        None => settings.concurrency()?,
    };
    tracing::info!(kinds = kinds.len(), concurrency = concurrency.each, named = ?concurrency.named, "working");
    let stop = Stop::on_signals(Duration::ZERO);
    stop.tells(&parts.readiness);
    parts.keep_time(&stop);
    work_until_told(work, kinds, concurrency, &settings, &stop).await
}

/// Does jobs until it is told to stop, then finishes those in flight.
pub(crate) async fn work_until_told(
    work: Work,
    kinds: Vec<Kind>,
    concurrency: Concurrency,
    settings: &Settings,
    stop: &Stop,
) -> Result<(), Error> {
    let drain = Duration::from_secs(settings.stop_within_seconds);
    let lease = Duration::from_secs(settings.lease_seconds);
    let options = Options { kinds, concurrency, lease, drain };
    worker::run(work, options, stop.told()).await.map_err(|error| Error::Worker(Box::new(error)))
}
