//! `paylink scheduler`.

use chrono::{DateTime, Utc};
use clap::Args as ClapArgs;

use crate::{error::Error, metrics::Metrics, parts::Parts, settings::Settings, stop::Stop};

/// Once, or until it is told to stop.
#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Run every tick that is due, and exit.
    #[arg(long)]
    once: bool,
    /// The time to take for now, RFC 3339.
    #[arg(long, requires = "once")]
    at: Option<DateTime<Utc>>,
}

/// Runs the scheduler.
pub(crate) async fn run(settings: Settings, args: Args) -> Result<(), Error> {
    let parts = Parts::open(&settings).await?;
    let scheduler = parts.scheduler(&settings)?;
    if args.once {
        scheduler.once(args.at.unwrap_or_else(|| parts.clock.now())).await?;
    } else {
        Metrics::start_apart(&settings, &parts).await?;
        scheduler.run(Stop::on_signals().told()).await;
    }
    Ok(())
}
