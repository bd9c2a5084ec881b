//! `paylink doctor`: tests everything that the settings point to, and says what to change.

mod database;
mod network;
mod redis;
mod replicas;
mod report;
mod settings;
mod store;

use std::{path::Path, process::ExitCode};

use clap::Args as ClapArgs;

use crate::{data_dir::DataDir, error::Error, settings::Settings};
use replicas::Replicas;
use report::Report;

/// Options of the checks.
#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Print everything as one line of JSON.
    #[arg(long)]
    json: bool,
    /// The number of processes of each role, to add up their database connections: `api=2,worker=4,scheduler=2`.
    /// Defaults to one of each; `up=1` for a single process.
    #[arg(long, default_value = "api=1,worker=1,scheduler=1")]
    replicas: Replicas,
    /// Do not call external services: Stripe and the carrier.
    #[arg(long)]
    offline: bool,
}

/// Runs the sub-command.
pub(crate) async fn run(config: Option<&Path>, args: &Args) -> Result<ExitCode, Error> {
    let mut report = Report::default();
    match Settings::load(config) {
        Ok(settings) => look(&settings, args, &mut report).await?,
        Err(error) => {
            report.failed("settings", error.with_sources(), "correct them; paylink.example.toml tells of each");
        }
    }
    if args.json {
        println!("{}", report.to_json());
    } else {
        report.print();
    }
    Ok(if report.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn look(settings: &Settings, args: &Args, report: &mut Report) -> Result<(), Error> {
    let data = DataDir::new(&settings.data_dir)?;
    settings::look(settings, &data, report);
    database::look(settings, args.replicas, report).await;
    redis::look(settings, &data, report).await;
    store::look(settings, &data, report).await;
    network::look(settings, args.offline, report).await;
    Ok(())
}
