//! `paylink sessions`: lists and ends console sessions.

use clap::{Args as ClapArgs, Subcommand};
use domain::{MerchantId, SessionId};
use entity::{
    AuditAction,
    audit::{self, Act},
    operator::OperatorKeys,
    session::{self, Whose},
};

use crate::{
    data_dir::DataDir,
    database::open_database,
    error::Error,
    operators::{operators, unnamed_key},
    settings::Settings,
};

/// The action.
#[derive(ClapArgs)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Lists active sessions, newest first.
    List {
        /// Sessions of this merchant's keys. Without it, operators' sessions.
        #[arg(long)]
        merchant: Option<MerchantId>,
        /// The most sessions to list.
        #[arg(long, default_value_t = 100)]
        limit: u64,
    },
    /// Ends a session.
    End {
        /// The session's id.
        session: SessionId,
        /// The merchant whose key it belongs to. Without it, an operator's session.
        #[arg(long)]
        merchant: Option<MerchantId>,
    },
}

/// Runs the sub-command.
pub(crate) async fn run(settings: &Settings, args: Args) -> Result<(), Error> {
    let data = DataDir::new(&settings.data_dir)?;
    let keys = operators(settings, unnamed_key(settings, &data)?.as_ref())?;
    match args.action {
        Action::List { merchant, limit } => list(settings, whose(&keys, merchant), limit).await,
        Action::End { session, merchant } => end(settings, whose(&keys, merchant), merchant, session).await,
    }
}

fn whose(keys: &OperatorKeys, merchant: Option<MerchantId>) -> Whose<'_> {
    merchant.map_or(Whose::Operators(keys), Whose::Merchant)
}

async fn list(settings: &Settings, whose: Whose<'_>, limit: u64) -> Result<(), Error> {
    let db = open_database(settings).await?;
    for row in session::list(db.pool(), whose, None, limit, db.now().await?).await? {
        let who = row.api_key_id.map(|key| key.to_string()).or_else(|| row.operator_name.clone());
        let who = who.unwrap_or_else(|| audit::OPERATOR.to_owned());
        let (from, with) = (row.address.as_deref().unwrap_or("-"), row.agent.as_deref().unwrap_or("-"));
        println!("{}  {who}  since {}  until {}  from {from}  with {with:?}", row.id(), row.created_at, row.expires_at);
    }
    Ok(())
}

async fn end(
    settings: &Settings,
    whose: Whose<'_>,
    merchant: Option<MerchantId>,
    ended: SessionId,
) -> Result<(), Error> {
    let db = open_database(settings).await?;
    let now = db.now().await?;
    let tx = db.begin().await?;
    if !session::end_one(&tx, whose, ended).await? {
        return Err(Error::Refused(format!("there is no session {ended} there")));
    }
    audit::record(&tx, Act::of_operator(merchant, AuditAction::SessionEnd, &ended, None), now).await?;
    tx.commit().await?;
    println!("{ended} is over");
    Ok(())
}
