//! The command line: which sub-command, with which settings.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::{
    api, data_dir, error::Error, events, jobs, logging, merchant, messages, migrate, open_files, read_pdf, scheduler,
    secrets, settings::Settings, surroundings::Surroundings, tls, up, worker,
};

/// Text-to-pay: an order becomes a payment link, the link an SMS, the payment a tag.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// The settings file; `PAYLINK_*` variables go over it. Absent: `paylink.toml`, if there is one.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    #[command(flatten)]
    Command(Command),
    /// Reads a PDF from standard input for a worker; of no use to people.
    #[command(name = read_pdf::COMMAND, hide = true)]
    ReadPdf,
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
    /// Looks at messages, and resolves those of which nobody knows whether they were sent.
    Messages(messages::Args),
    /// Looks at jobs, retries and discards dead ones.
    Jobs(jobs::Args),
    /// Applies webhook events once more.
    Events(events::Args),
    /// Seals merchants' secrets anew after a change of the secret key.
    Secrets(secrets::Args),
}

/// Does what the command line says.
#[must_use]
pub fn command_line() -> ExitCode {
    let cli = Cli::parse();
    run(cli).unwrap_or_else(|error| {
        eprintln!("paylink: {}", error.with_sources());
        ExitCode::FAILURE
    })
}

fn run(cli: Cli) -> Result<ExitCode, Error> {
    match cli.task {
        Task::Command(command) => {
            data_dir::make_files_private();
            let runtime = Runtime::new().map_err(Error::io("the runtime cannot be started"))?;
            runtime.block_on(Box::pin(start(command, cli.config)))
        }
        // It knows no settings, and its process is too narrow for a runtime.
        Task::ReadPdf => {
            read_pdf::run().map_err(Error::io("the PDF cannot be read"))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn start(command: Command, config: Option<PathBuf>) -> Result<ExitCode, Error> {
    tls::set_up();
    let settings = Settings::load(config.as_deref())?;
    let export = logging::start(&settings)?;
    open_files::raise();
    let outcome = Box::pin(carry_out(command, settings)).await;
    if let Some(export) = export {
        export.end().await;
    }
    outcome
}

async fn carry_out(command: Command, settings: Settings) -> Result<ExitCode, Error> {
    match command {
        Command::Up(args) => {
            // There is no other replica that a balancer could turn to. A stop while it starts is heard too: Redis is ended then.
            let (around, as_json) = (Surroundings::default(), args.json);
            around.stop.on_signals(Duration::ZERO);
            Box::pin(up::run(settings, args, &around, |ready| ready.greet(as_json))).await?;
        }
        Command::Api => {
            let (around, grace) = (Surroundings::default(), Duration::from_secs(settings.stop_grace_seconds));
            api::run(settings, &around, |_| around.stop.on_signals(grace)).await?;
        }
        Command::Worker(args) => {
            let around = Surroundings::default();
            worker::run(settings, args, &around, || around.stop.on_signals(Duration::ZERO)).await?;
        }
        Command::Scheduler(args) => {
            let around = Surroundings::default();
            Box::pin(scheduler::run(settings, args, &around, || around.stop.on_signals(Duration::ZERO))).await?;
        }
        Command::Migrate => migrate::run(&settings).await?,
        Command::Merchant(args) => return merchant::run(&settings, args).await,
        Command::Messages(args) => messages::run(&settings, args).await?,
        Command::Jobs(args) => jobs::run(&settings, args).await?,
        Command::Events(args) => events::run(&settings, args).await?,
        Command::Secrets(args) => return secrets::run(&settings, &args).await,
    }
    Ok(ExitCode::SUCCESS)
}
