//! `paylink jobs pause`, `resume` and `paused`.

use clap::Args as ClapArgs;
use domain::MerchantId;
use entity::{audit::OPERATOR, merchant, pause};
use queue::{Kind, flow::Paused};

use crate::{error::Error, output::counted, parts::Parts};

/// What to pause or resume: exactly one of the two.
#[derive(ClapArgs)]
#[group(required = true, multiple = false)]
pub(super) struct What {
    /// All jobs of this kind.
    #[arg(long)]
    kind: Option<Kind>,
    /// All jobs of this merchant.
    #[arg(long)]
    merchant: Option<MerchantId>,
}

impl What {
    async fn read(&self, parts: &Parts) -> Result<Paused, Error> {
        match (self.kind, self.merchant) {
            (Some(kind), None) => Ok(Paused::Kind(kind)),
            (None, Some(id)) => match merchant::find(parts.db.pool(), id).await? {
                Some(_) => Ok(Paused::Merchant(id)),
                None => Err(Error::Refused(format!("there is no merchant {id}"))),
            },
            (Some(_), Some(_)) | (None, None) => Err(Error::Refused("name a kind or a merchant".to_owned())),
        }
    }
}

pub(super) async fn pause(parts: &Parts, what: &What, reason: &str) -> Result<(), Error> {
    if reason.trim().is_empty() {
        return Err(Error::Refused("say why".to_owned()));
    }
    let what = what.read(parts).await?;
    if !queue::admin::pause(&parts.db, what, OPERATOR, reason, parts.clock.now()).await? {
        return Err(Error::Refused(format!("{what} is paused already")));
    }
    println!("{what} is paused");
    Ok(())
}

pub(super) async fn resume(parts: &Parts, what: &What, reason: Option<&str>) -> Result<(), Error> {
    let what = what.read(parts).await?;
    if !queue::admin::resume(&parts.db, what, OPERATOR, reason, parts.clock.now()).await? {
        return Err(Error::Refused(format!("{what} is not paused")));
    }
    match queue::admin::notify_waiting(&parts.db, &parts.queue, what).await {
        Ok(notified) => {
            let notified = counted(notified, "job was notified", "jobs were notified");
            println!("{what} goes on; {notified} that Redis did not have");
        }
        Err(error) => println!("{what} goes on; the scheduler notifies what has waited, as now {error}"),
    }
    Ok(())
}

pub(super) async fn list(parts: &Parts) -> Result<(), Error> {
    for pause in pause::all(parts.db.pool()).await? {
        println!("{:<40}  since {}  {}", pause.subject, pause.since, pause.reason);
    }
    Ok(())
}
