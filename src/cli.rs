//! The command line: parses the sub-command and dispatches it.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::{
    api, audit_log, backup, data_dir, doctor, error::Error, events, healthy, jobs, logging, manual, merchant, messages,
    migrate, moving, open_files, output, read_pdf, restore, scheduler, secrets, sessions, settings::Settings,
    surroundings::Surroundings, tls, up, webhooks, why, worker,
};

/// Text-to-pay: an order becomes a payment link, the link an SMS, the payment a tag.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// The settings file; `PAYLINK_*` variables override it. Defaults to `paylink.toml`, if it exists.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    #[command(flatten)]
    Command(Command),
    /// Prints completions for bash, zsh, fish, elvish or powershell.
    Completions(manual::CompletionsArgs),
    /// Writes the manual pages into a folder, for packages.
    #[command(hide = true)]
    Manual(manual::ManualArgs),
    /// Reads a PDF from standard input on behalf of a worker; not meant for people.
    #[command(name = read_pdf::COMMAND, hide = true)]
    ReadPdf,
}

#[derive(Subcommand)]
enum Command {
    /// Runs everything in one process, on embedded defaults.
    Up(up::Args),
    /// Runs the HTTP API.
    Api,
    /// Runs workers.
    Worker(worker::Args),
    /// Runs the scheduler.
    Scheduler(scheduler::Args),
    /// Brings the database's schema up to date.
    Migrate,
    /// Creates merchants and keys, tops up credits, suspends merchants, audits the ledger.
    Merchant(merchant::Args),
    /// Lists console sessions, and ends them.
    Sessions(sessions::Args),
    /// Prints the audit log.
    AuditLog(audit_log::Args),
    /// Lists messages, and resolves those that may or may not have been sent.
    Messages(messages::Args),
    /// Lists jobs, and retries or discards dead ones.
    Jobs(jobs::Args),
    /// Replays webhook events.
    Events(events::Args),
    /// Lists webhooks to merchants' own systems, and redelivers them.
    Webhooks(webhooks::Args),
    /// Backs up a whole installation on `SQLite` into one sealed file, while it runs.
    Backup(backup::Args),
    /// Restores an installation from a backup, without repeating what has happened since.
    Restore(restore::Args),
    /// Moves an installation from `SQLite` to `PostgreSQL`, row by row; it can be interrupted and run again.
    Move(moving::Args),
    /// Checks whether the process on this machine is alive; exits with 1 if it is not.
    Healthy,
    /// Tells what happened to a text, a link, an order or a buyer, and why.
    Why(why::Args),
    /// Tests everything that the settings point to, and says what to change; exits with 1 if there is a problem.
    Doctor(doctor::Args),
    /// Seals merchants' secrets again after a change of the secret key.
    Secrets(secrets::Args),
}

/// Parses and runs the command line.
#[must_use]
pub fn command_line() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(_) if output::has_failed() => ExitCode::FAILURE,
        Ok(code) => code,
        Err(error) => {
            eprintln!("paylink: {}", error.with_sources());
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Error> {
    match cli.task {
        Task::Command(command) => {
            data_dir::make_files_private();
            let runtime = Runtime::new().map_err(Error::io("the runtime cannot be started"))?;
            runtime.block_on(Box::pin(start(command, cli.config)))
        }
        Task::Completions(args) => {
            manual::completions::<Cli>(&args);
            Ok(ExitCode::SUCCESS)
        }
        Task::Manual(args) => {
            manual::manual::<Cli>(&args)?;
            Ok(ExitCode::SUCCESS)
        }
        // It reads no settings, and its process is too limited for a runtime.
        Task::ReadPdf => {
            read_pdf::run().map_err(Error::io("the PDF cannot be read"))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn start(command: Command, config: Option<PathBuf>) -> Result<ExitCode, Error> {
    tls::set_up();
    if let Command::Doctor(args) = &command {
        return Box::pin(doctor::run(config.as_deref(), args)).await;
    }
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
            // There is no other replica to take over. A stop during the start is handled too, so that Redis is stopped.
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
        Command::Sessions(args) => sessions::run(&settings, args).await?,
        Command::AuditLog(args) => audit_log::run(&settings, args).await?,
        Command::Messages(args) => messages::run(&settings, args).await?,
        Command::Jobs(args) => jobs::run(&settings, args).await?,
        Command::Events(args) => events::run(&settings, args).await?,
        Command::Webhooks(args) => webhooks::run(&settings, args).await?,
        Command::Secrets(args) => return secrets::run(&settings, &args).await,
        Command::Backup(args) => Box::pin(backup::run(&settings, &args)).await?,
        Command::Restore(args) => Box::pin(restore::run(&settings, &args)).await?,
        Command::Move(args) => Box::pin(moving::run(&settings, &args)).await?,
        Command::Healthy => return healthy::run(&settings).await,
        Command::Why(args) => Box::pin(why::run(&settings, &args)).await?,
        // Handled earlier, because it also diagnoses invalid settings.
        Command::Doctor(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}
