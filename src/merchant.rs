//! `paylink merchant`.

use std::process::ExitCode;

use clap::{Args as ClapArgs, Subcommand};
use domain::{MerchantId, Region, random_secret};
use entity::{
    AuditAction, Db,
    api_key::{self, NewKey, Scope},
    audit::{self, Act},
    credits::{self, Audit, AuditScope},
    merchant::{self, NewMerchant},
    suspension,
};

use crate::{database::open_database, error::Error, output::counted, settings::Settings};

/// The action.
#[derive(ClapArgs)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Creates a merchant and prints its id.
    Create {
        /// The name that buyers see.
        name: String,
        /// How buyers can reach the merchant.
        #[arg(long)]
        contact: Option<String>,
        /// The region of phone numbers without a country code (ISO 3166).
        #[arg(long, default_value = "US")]
        region: String,
        /// The time zone (IANA).
        #[arg(long, default_value = "UTC")]
        time_zone: String,
    },
    /// Lists merchants with their credits.
    List,
    /// Creates an API key and prints it, once.
    Key {
        /// The merchant's id.
        merchant: MerchantId,
        /// The key's name.
        #[arg(long, default_value = "key")]
        name: String,
        /// read, send, write or admin.
        #[arg(long, default_value = "admin")]
        scope: Scope,
    },
    /// Adds credits and prints the new balance.
    TopUp {
        /// The merchant's id.
        merchant: MerchantId,
        /// How many credits to add.
        credits: i64,
        /// A note for the ledger and the audit log.
        #[arg(long)]
        note: Option<String>,
    },
    /// Stops texts, new links and sign-ins; buyers can still pay open links.
    Suspend {
        /// The merchant's id.
        merchant: MerchantId,
        /// The reason, for the audit log, which the merchant can read.
        #[arg(long)]
        reason: String,
    },
    /// Ends a suspension.
    Resume {
        /// The merchant's id.
        merchant: MerchantId,
        /// The reason, for the audit log.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Recomputes every balance from the ledger; exits with 1 if one differs.
    ///
    /// Reads the entries since the last audit that found nothing wrong, and adds them to the sums of then. What was
    /// altered in earlier ones is found with --whole.
    Audit {
        /// Read every entry again, also those that an audit has read before.
        #[arg(long)]
        whole: bool,
    },
}

/// Runs the sub-command.
pub(crate) async fn run(settings: &Settings, args: Args) -> Result<ExitCode, Error> {
    let db = open_database(settings).await?;
    match args.action {
        Action::Create { name, contact, region, time_zone } => create(&db, name, contact, &region, &time_zone).await?,
        Action::List => list(&db).await?,
        Action::Key { merchant, name, scope } => key(&db, merchant, name, scope).await?,
        Action::TopUp { merchant, credits, note } => top_up(&db, merchant, credits, note).await?,
        Action::Suspend { merchant, reason } => suspend(&db, merchant, reason).await?,
        Action::Resume { merchant, reason } => resume(&db, merchant, reason).await?,
        Action::Audit { whole } => return audit_ledger(&db, whole).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(db: &Db, name: String, contact: Option<String>, region: &str, time_zone: &str) -> Result<(), Error> {
    let region = Region::parse(region).map_err(|error| Error::Refused(error.to_string()))?;
    let time_zone = merchant::parse_zone(time_zone).map_err(Error::Refused)?;
    let now = db.now().await?;
    let tx = db.begin().await?;
    let row = merchant::insert(&tx, NewMerchant { name, contact, region, time_zone }, now).await?;
    audit::record(&tx, Act::of_operator(row.id, AuditAction::MerchantCreate, &row.id, None), now).await?;
    tx.commit().await?;
    println!("{}", row.id);
    Ok(())
}

async fn list(db: &Db) -> Result<(), Error> {
    for id in merchant::ids(db.pool()).await? {
        let row = merchant::get(db.pool(), id).await?;
        println!("{}  {:>8} available  {:>6} held  {}", row.id, row.available, row.held, row.name);
    }
    Ok(())
}

async fn key(db: &Db, merchant: MerchantId, name: String, scope: Scope) -> Result<(), Error> {
    find(db, merchant).await?;
    let now = db.now().await?;
    let key = random_secret("pk_")?;
    let tx = db.begin().await?;
    let new = NewKey { merchant_id: merchant, name, scope, expires_at: None };
    let row = api_key::insert(&tx, new, &key, now).await?;
    audit::record(&tx, Act::of_operator(merchant, AuditAction::KeyCreate, &row.id, None), now).await?;
    tx.commit().await?;
    println!("{}", key.expose());
    Ok(())
}

async fn top_up(db: &Db, merchant: MerchantId, amount: i64, note: Option<String>) -> Result<(), Error> {
    find(db, merchant).await?;
    let now = db.now().await?;
    let tx = db.begin().await?;
    let available = credits::top_up(&tx, merchant, amount, note.clone(), now).await?;
    audit::record(&tx, Act::of_operator(merchant, AuditAction::CreditsTopUp, &merchant, note), now).await?;
    tx.commit().await?;
    println!("{} now", counted(available, "credit is available", "credits are available"));
    Ok(())
}

async fn suspend(db: &Db, merchant: MerchantId, reason: String) -> Result<(), Error> {
    if reason.trim().is_empty() {
        return Err(Error::Refused("a reason is needed".to_owned()));
    }
    find(db, merchant).await?;
    let now = db.now().await?;
    let tx = db.begin().await?;
    let is_new = suspension::suspend(&tx, merchant, &reason, now).await?;
    if is_new {
        audit::record(&tx, Act::of_operator(merchant, AuditAction::MerchantSuspend, &merchant, Some(reason)), now)
            .await?;
    }
    tx.commit().await?;
    println!("{merchant} {}", if is_new { "is suspended" } else { "was suspended before; the first reason stays" });
    Ok(())
}

async fn resume(db: &Db, merchant: MerchantId, reason: Option<String>) -> Result<(), Error> {
    find(db, merchant).await?;
    let now = db.now().await?;
    let tx = db.begin().await?;
    let was_suspended = suspension::resume(&tx, merchant).await?;
    if was_suspended {
        audit::record(&tx, Act::of_operator(merchant, AuditAction::MerchantResume, &merchant, reason), now).await?;
    }
    tx.commit().await?;
    println!("{merchant} {}", if was_suspended { "is suspended no more" } else { "was not suspended" });
    Ok(())
}

async fn audit_ledger(db: &Db, whole: bool) -> Result<ExitCode, Error> {
    let scope = if whole { AuditScope::Whole } else { AuditScope::SinceCheckpoint };
    let Audit { entries_read, discrepancies } = credits::audit(db, scope).await?;
    for found in &discrepancies {
        println!(
            "{}: available and held are {:?}, by the ledger they are {:?}",
            found.merchant_id, found.on_row, found.by_ledger
        );
        if let Some(number) = found.first_wrong {
            println!("  entry {number} is missing, or too much, or its balance is not the sum so far");
        }
    }
    if discrepancies.is_empty() {
        let read = if whole { "entries read" } else { "entries read since the last audit (--whole reads all)" };
        println!("every balance equals its ledger; {read}: {entries_read}");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

async fn find(db: &Db, merchant: MerchantId) -> Result<(), Error> {
    let found = merchant::find(db.pool(), merchant).await?;
    found.map(|_| ()).ok_or_else(|| Error::Refused(format!("there is no merchant {merchant}")))
}
