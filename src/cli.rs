//! The command line: which sub-command, with which settings.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::{
    api, audit_log, backup, data_dir, doctor, error::Error, events, healthy, jobs, logging, manual, merchant, messages,
    migrate, moving, open_files, read_pdf, restore, scheduler, secrets, sessions, settings::Settings,
    surroundings::Surroundings, tls, up, webhooks, why, worker,
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
    /// Prints what a shell completes: bash, zsh, fish, elvish or powershell.
    Completions(manual::CompletionsArgs),
    /// Writes the manual's pages into a folder, for packages.
    #[command(hide = true)]
    Manual(manual::ManualArgs),
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
    /// Makes merchants and keys, tops up credits, suspends merchants, audits the ledger.
    Merchant(merchant::Args),
    /// Looks at who is signed in to the console, and ends sessions.
    Sessions(sessions::Args),
    /// Prints who did what.
    AuditLog(audit_log::Args),
    /// Looks at messages, and resolves those of which nobody knows whether they were sent.
    Messages(messages::Args),
    /// Looks at jobs, retries and discards dead ones.
    Jobs(jobs::Args),
    /// Applies webhook events once more.
    Events(events::Args),
    /// Looks at webhooks to merchants' own systems, and has them delivered again.
    Webhooks(webhooks::Args),
    /// Writes everything that an installation on `SQLite` is into one sealed file, while it runs.
    Backup(backup::Args),
    /// Makes an installation of a backup, and has nothing happen twice that happened since.
    Restore(restore::Args),
    /// Takes an installation from `SQLite` to `PostgreSQL`, row by row; it can be interrupted and run again.
    Move(moving::Args),
    /// Asks the process on this machine whether it is alive; exits with 1 if it is not.
    Healthy,
    /// Tells what became of a text, a link, an order or a buyer, and why.
    Why(why::Args),
    /// Tries everything that the settings point to, and says what is to be changed; exits with 1 if something is.
    Doctor(doctor::Args),
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
        Task::Completions(args) => {
            manual::completions::<Cli>(&args);
            Ok(ExitCode::SUCCESS)
        }
        Task::Manual(args) => {
            manual::manual::<Cli>(&args)?;
            Ok(ExitCode::SUCCESS)
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
        // It is done before: it has something to say about settings that cannot be read, too.
        Command::Doctor(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}
