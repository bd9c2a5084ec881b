//! `paylink messages`: resolving texts that may or may not have been sent.

use clap::{ArgGroup, Args as ClapArgs, Subcommand};
use domain::{MessageId, message::MessageStatus};
use entity::{
    AuditAction, Db,
    audit::{self, Act},
    credits::CreditError,
    list::Place,
    message::{self, MessageSearch, Resolution},
};

use crate::{database::open_database, error::Error, settings::Settings};

/// The action.
#[derive(ClapArgs)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Lists messages, newest first, without their texts.
    List {
        /// A status, such as unknown: waiting for the carrier's record and, after a day, for a person.
        #[arg(long)]
        status: Option<MessageStatus>,
        /// The most messages to list.
        #[arg(long, default_value_t = 100)]
        limit: u64,
    },
    /// Sets the outcome of a message with status unknown, after a person has found out.
    #[command(group = ArgGroup::new("outcome").required(true))]
    Resolve {
        /// The message's id.
        message: MessageId,
        /// The carrier accepted it: its credits are spent.
        #[arg(long, group = "outcome")]
        sent: bool,
        /// The carrier did not accept it: its credits are given back.
        #[arg(long, group = "outcome")]
        failed: bool,
        /// How it was found out, for the audit log and, if it failed, for the merchant.
        #[arg(long)]
        reason: String,
    },
}

/// Runs the sub-command.
pub(crate) async fn run(settings: &Settings, args: Args) -> Result<(), Error> {
    let db = open_database(settings).await?;
    match args.action {
        Action::List { status, limit } => list(&db, status, limit).await,
        Action::Resolve { message, sent, failed: _, reason } => resolve(&db, message, sent, reason).await,
    }
}

async fn list(db: &Db, status: Option<MessageStatus>, limit: u64) -> Result<(), Error> {
    let place = Place { limit, ..Place::default() };
    let search = MessageSearch { statuses: status.into_iter().collect(), place, ..MessageSearch::default() };
    for row in message::search_all(db.pool(), search).await? {
        let since = row.parked_at.map(|at| format!("  waits for a person since {at}")).unwrap_or_default();
        println!(
            "{}  {}  {:<11}  {:>3} credits  {}{since}",
            row.id, row.merchant_id, row.status, row.credits, row.created_at
        );
    }
    Ok(())
}

async fn resolve(db: &Db, id: MessageId, sent: bool, reason: String) -> Result<(), Error> {
    if reason.trim().is_empty() {
        return Err(Error::Refused("a reason is needed".to_owned()));
    }
    let (outcome, resolution) =
        if sent { ("sent", Resolution::Sent) } else { ("failed", Resolution::Failed(reason.clone())) };
    let now = db.now().await?;
    let tx = db.begin().await?;
    let found = message::find_of_any(&tx, id).await?;
    let found = found.ok_or_else(|| Error::Refused(format!("there is no message {id}")))?;
    if !message::resolve(&tx, &found, resolution, now).await.map_err(CreditError::into_db)? {
        return Err(Error::Refused(format!(
            "{id} is {}; only one that is unknown can be settled by hand",
            found.status
        )));
    }
    let detail = Some(format!("{outcome}: {reason}"));
    let act = Act::of_operator(found.merchant_id, AuditAction::MessageResolve, &id, detail);
    audit::record(&tx, act, now).await?;
    tx.commit().await?;
    println!("{id} is {outcome}");
    Ok(())
}
