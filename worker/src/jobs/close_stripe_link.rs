//! `close_stripe_link`: for void and expiry. `voided` is said only when Stripe has confirmed it; if the payment was faster, the
//! link is `paid`.

use chrono::{DateTime, Utc};
use entity::link;
use queue::{CloseStripeLink, Done, JobError, Lease};
use sea_orm::{DatabaseTransaction, DbErr};

use super::{find_link, nothing_to_do};
use crate::{Work, closing, handler::Handler};

impl Handler for CloseStripeLink {
    async fn run(&self, work: &Work, lease: &Lease) -> Result<Done, JobError> {
        let link = find_link(work, self.merchant, self.link).await?;
        let Some(link) = closing::begin(work, link).await? else {
            return nothing_to_do(work, lease).await;
        };
        let (event, facts) = closing::close_link(work, self.merchant, &link).await?;
        let now = work.now();
        let tx = work.db.begin().await?;
        link::advance(&tx, &link, event, &facts, now).await?;
        lease.finish(tx, now).await
    }

    /// The link stays as it is: nobody can say that it is closed. It is refused to buyers all the same, and the merchant reads why.
    async fn give_up(&self, _: &Work, tx: &DatabaseTransaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        let why = "Stripe did not confirm it. Deactivate the link in Stripe's dashboard.".to_owned();
        link::note(tx, self.link, now, "close_failed", Some(why)).await
    }
}
