//! `paylink audit-log`: who did what.

use clap::Args as ClapArgs;
use domain::MerchantId;
use entity::audit::{self, AuditFilter};

use crate::{database::open_database, error::Error, settings::Settings};

/// Which entries to print.
#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Only entries about this merchant.
    #[arg(long)]
    merchant: Option<MerchantId>,
    /// Only actions of this actor: `operator`, `operator:` and a name, or the id of an API key.
    #[arg(long)]
    actor: Option<String>,
    /// Only actions on this id.
    #[arg(long)]
    subject: Option<String>,
    /// The most entries to print.
    #[arg(long, default_value_t = 100)]
    limit: u64,
}

/// Prints entries, newest first.
pub(crate) async fn run(settings: &Settings, args: Args) -> Result<(), Error> {
    let db = open_database(settings).await?;
    let Args { merchant, actor, subject, limit } = args;
    let filter = AuditFilter { merchant, actor, subject, limit, ..AuditFilter::default() };
    for entry in audit::search(db.pool(), filter).await? {
        let detail = entry.detail.map(|detail| format!("  {detail}")).unwrap_or_default();
        println!("{}  {}  {:<24}  {}{detail}", entry.at, entry.actor, entry.action, entry.subject);
    }
    Ok(())
}
