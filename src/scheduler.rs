//! `paylink scheduler`.

use std::time::Duration;

use ::scheduler::Scheduler;
use chrono::{DateTime, Utc};
use clap::Args as ClapArgs;

use crate::{
    clock_witness, error::Error, metrics::Metrics, parts::Parts, role::Role, settings::Settings, stop::Stop,
    surroundings::Surroundings,
};

/// Whether to run once.
#[derive(ClapArgs, Default)]
pub struct Args {
    /// Run every tick that is due, and exit.
    #[arg(long)]
    pub once: bool,
    /// The time to use instead of the current time (RFC 3339).
    #[arg(long, requires = "once")]
    pub at: Option<DateTime<Utc>>,
}

/// Runs the scheduler once, or until it is told to stop. In the latter case it calls `ticking` when it starts.
///
/// # Errors
/// Returns an error if a dependency cannot be opened, or if a tick fails when run once.
pub async fn run(settings: Settings, args: Args, around: &Surroundings, ticking: impl FnOnce()) -> Result<(), Error> {
    let parts = Parts::open(&settings, Role::Scheduler, around.clock.clone()).await?;
    let is_told_time = around.clock.is_some() || args.at.is_some();
    let scheduler = parts.scheduler(&settings, (!is_told_time).then(|| clock_witness::guard(&settings)))?;
    if args.once {
        scheduler.once(args.at.unwrap_or_else(|| parts.clock.now())).await?;
    } else {
        Metrics::start_apart(&settings, &parts).await?;
        around.stop.ends_readiness(&parts.readiness);
        parts.look_at_redis();
        parts.keep_time(&around.stop);
        ticking();
        run_until_told(&scheduler, &settings, &around.stop).await;
    }
    Ok(())
}

/// Runs ticks until told to stop. A running tick may finish; if it takes too long, it is cancelled and caught up later.
pub(crate) async fn run_until_told(scheduler: &Scheduler, settings: &Settings, stop: &Stop) {
    let limit = Duration::from_secs(settings.stop_within_seconds);
    let too_long = async {
        stop.requested().await;
        tokio::time::sleep(limit).await;
    };
    tokio::select! {
        () = scheduler.run(stop.requested()) => {}
        () = too_long => tracing::warn!("a tick took too long to end; it will be caught up"),
    }
}
