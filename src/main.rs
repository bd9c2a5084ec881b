//! Text-to-pay: an order becomes a payment link, the link an SMS, the payment a tag.
//!
//! One binary, one sub-command a file. `up` composes all roles in one process on embedded defaults; the others run them apart.

mod api;
mod data_dir;
mod demo;
mod error;
mod events;
mod jobs;
mod known_settings;
mod listed;
mod logging;
mod merchant;
mod messages;
mod metrics;
mod migrate;
mod otlp;
mod parts;
mod redis_child;
mod scheduler;
mod secrets;
mod settings;
mod stop;
mod up;
mod worker;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{error::Error, settings::Settings};

/// Text-to-pay: an order becomes a payment link, the link an SMS, the payment a tag.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// The settings file; `PAYLINK_*` variables go over it. Absent: `paylink.toml`, if there is one.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs everything in one process, on embedded defaults.
    Up(up::Args),
    /// Runs the HTTP front.
    Api,
    /// Runs workers.
    Worker(worker::Args),
    /// Runs the scheduler.
    Scheduler(scheduler::Args),
    /// Brings the database's schema up to date.
    Migrate,
    /// Makes merchants and keys, tops up credits, audits the ledger.
    Merchant(merchant::Args),
    /// Looks at messages, and settles those of which nobody knows whether they were sent.
    Messages(messages::Args),
    /// Looks at jobs, retries and discards dead ones.
    Jobs(jobs::Args),
    /// Applies webhook events once more.
    Events(events::Args),
    /// Seals merchants' secrets anew after a change of the secret key.
    Secrets(secrets::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match Box::pin(run(cli)).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("paylink: {}", error.with_sources());
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Error> {
    // One TLS stack, named once: reqwest and the store use whatever is installed here.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return Err(Error::Tls);
    }
    let settings = Settings::load(cli.config.as_deref())?;
    let export = logging::start(&settings)?;
    let outcome = Box::pin(carry_out(cli.command, settings)).await;
    if let Some(export) = export {
        export.end().await;
    }
    outcome
}

async fn carry_out(command: Command, settings: Settings) -> Result<ExitCode, Error> {
    match command {
        Command::Up(args) => Box::pin(up::run(settings, args)).await?,
        Command::Api => api::run(settings).await?,
        Command::Worker(args) => worker::run(settings, args).await?,
        Command::Scheduler(args) => Box::pin(scheduler::run(settings, args)).await?,
        Command::Migrate => migrate::run(&settings).await?,
        Command::Merchant(args) => return merchant::run(&settings, args).await,
        Command::Messages(args) => messages::run(&settings, args).await?,
        Command::Jobs(args) => jobs::run(&settings, args).await?,
        Command::Events(args) => events::run(&settings, args).await?,
        Command::Secrets(args) => return secrets::run(&settings, &args).await,
    }
    Ok(ExitCode::SUCCESS)
}
