//! Applying many of Stripe's events in one transaction.
//!
//! The jobs stay what they are: each has its lease, its attempt and its end. Only what they write is written together: a group is
//! read with one query, judged in memory by the same rules as ever, and written with one statement a table. An event that is not
//! plain, or whose link somebody else has moved meanwhile, is left to be applied alone; so is the whole group if anything goes
//! wrong with it. So one bad event costs its neighbours a little time, and nothing else.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use domain::{Clock, JobId, LinkId, MerchantId, WebhookEventId};
use entity::{
    Db,
    link::{self, PlainPayment},
    live::{self, Change},
    stripe_integration,
    webhook_event::{self, WebhookEvent},
};
use queue::{BatchHandler, Batcher, Done, JobError, Lease, Limits, ProcessStripeEvent, finish_all};
use sea_orm::DbErr;

use crate::payments::stripe_event::{self, StripeFact};

/// Applies events together. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Applier(Batcher<Applying>);

impl Applier {
    pub(crate) fn new(db: Db, clock: Clock) -> Self {
        let patience = Duration::from_secs(10);
        let limits = Limits { group: 256, at_once: db.groups_at_once(), waiting: usize::MAX, patience };
        Self(Batcher::new(Applying { db, clock }, limits))
    }

    /// Applies an event with others that are due at the same time, and finishes its job; `None` if it is to be applied alone.
    pub(crate) async fn apply(&self, lease: &Lease, job: &ProcessStripeEvent) -> Option<Done> {
        let applied = self.0.submit(Item { lease: lease.clone(), job: job.clone() }).await.ok().flatten()?;
        applied.changes.into_iter().for_each(live::note);
        Some(applied.done)
    }
}

/// A job of the group.
struct Item {
    lease: Lease,
    job: ProcessStripeEvent,
}

/// An event that was applied with others.
struct Applied {
    done: Done,
    changes: Vec<Change>,
}

struct Applying {
    db: Db,
    clock: Clock,
}

impl BatchHandler for Applying {
    type Item = Item;
    type Answer = Option<Applied>;

    async fn handle(&self, group: Vec<Item>) -> Vec<Option<Applied>> {
        let mut done = match self.apply(&group).await {
            Ok(done) => done,
            Err(error) => {
                tracing::warn!(events = group.len(), %error, "events were not applied together; each is applied alone");
                HashMap::new()
            }
        };
        group.iter().map(|one| done.remove(&one.lease.job().id)).collect()
    }
}

/// A job whose event is plain.
struct Planned<'a> {
    lease: &'a Lease,
    event: WebhookEventId,
    merchant: MerchantId,
    what: Plain,
}

/// What a plain event does.
enum Plain {
    /// It makes a link paid.
    Pays(PlainPayment),
    /// It means nothing to us.
    Nothing,
}

impl Applying {
    async fn apply(&self, group: &[Item]) -> Result<HashMap<JobId, Applied>, JobError> {
        let now = self.clock.now();
        let planned = self.plan(group, now).await?;
        let tx = self.db.begin().await?;
        let payments: Vec<PlainPayment> = planned.iter().filter_map(Planned::payment).cloned().collect();
        let paid = link::pay_all(&tx, &payments, now).await?;
        let done: Vec<&Planned> = planned.iter().filter(|one| one.is_done(&paid)).collect();
        if done.is_empty() {
            tx.rollback().await?;
            return Ok(HashMap::new());
        }
        let applied: Vec<(MerchantId, WebhookEventId, LinkId)> =
            done.iter().filter_map(|one| Some((one.merchant, one.event, one.payment()?.link))).collect();
        webhook_event::conclude_applied(&tx, &applied, now).await?;
        let ignored: Vec<(MerchantId, WebhookEventId)> =
            done.iter().filter(|one| one.payment().is_none()).map(|one| (one.merchant, one.event)).collect();
        webhook_event::conclude_ignored(&tx, &ignored, now).await?;
        // Sorted, so that two groups do not wait for each other for ever.
        for merchant in done.iter().map(|one| one.merchant).collect::<BTreeSet<_>>() {
            stripe_integration::note_event(&tx, merchant, now).await?;
        }
        let leases: Vec<&Lease> = done.iter().map(|one| one.lease).collect();
        let proofs = finish_all(&leases, tx, now).await?;
        let changes = |one: &Planned| one.payment().map_or_else(Vec::new, |payment| payment.changes().to_vec());
        let applied =
            done.iter().zip(proofs).map(|(one, done)| (one.lease.job().id, Applied { done, changes: changes(one) }));
        Ok(applied.collect())
    }

    /// The plain ones among them. Of several that are about one link the first alone can be.
    async fn plan<'a>(&self, group: &'a [Item], now: DateTime<Utc>) -> Result<Vec<Planned<'a>>, DbErr> {
        let events = self.events(group).await?;
        let fact: Vec<(&Item, StripeFact)> =
            group.iter().filter_map(|one| Some((one, stripe_event::read(events.get(&one.job.event)?).ok()?))).collect();
        let links = self.links(&fact).await?;
        let mut spoken_for = HashSet::new();
        let mut plan = |one: &'a Item, fact: &StripeFact| {
            let what = match fact {
                StripeFact::Nothing => Plain::Nothing,
                StripeFact::Payment(session, event) => {
                    let link = links.get(&(one.job.merchant, session.payment_link.clone()?))?;
                    if !spoken_for.insert(link.id) {
                        return None;
                    }
                    let facts = stripe_event::facts_of(link, session);
                    Plain::Pays(PlainPayment::of(link, *event, &facts, now)?)
                }
                StripeFact::Refund(_) | StripeFact::Dispute(_) | StripeFact::DisputeClosed(_) => return None,
            };
            Some(Planned { lease: &one.lease, event: one.job.event, merchant: one.job.merchant, what })
        };
        Ok(fact.iter().filter_map(|(one, fact)| plan(one, fact)).collect())
    }

    async fn events(&self, group: &[Item]) -> Result<HashMap<WebhookEventId, WebhookEvent>, DbErr> {
        let asked: Vec<_> = group.iter().map(|one| (one.job.merchant, one.job.event)).collect();
        let found = webhook_event::find_all(self.db.pool(), &asked).await?;
        Ok(found.into_iter().map(|event| (event.id, event)).collect())
    }

    async fn links(&self, fact: &[(&Item, StripeFact)]) -> Result<HashMap<(MerchantId, String), link::Model>, DbErr> {
        let name = |(one, fact): &'_ (&Item, StripeFact)| match fact {
            StripeFact::Payment(session, _) => Some((one.job.merchant, session.payment_link.clone()?)),
            StripeFact::Refund(_) | StripeFact::Dispute(_) | StripeFact::DisputeClosed(_) | StripeFact::Nothing => None,
        };
        let names: Vec<(MerchantId, String)> = fact.iter().filter_map(name).collect();
        let asked: Vec<(MerchantId, &str)> = names.iter().map(|(merchant, name)| (*merchant, name.as_str())).collect();
        let found = link::find_all_by_stripe_id(self.db.pool(), &asked).await?;
        Ok(found
            .into_iter()
            .filter_map(|link| Some(((link.merchant_id, link.stripe_link_id.clone()?), link)))
            .collect())
    }
}

impl Planned<'_> {
    fn payment(&self) -> Option<&PlainPayment> {
        match &self.what {
            Plain::Pays(payment) => Some(payment),
            Plain::Nothing => None,
        }
    }

    /// Whether nothing is left to do for it, if these links were paid.
    fn is_done(&self, paid: &HashSet<LinkId>) -> bool {
        self.payment().is_none_or(|payment| paid.contains(&payment.link))
    }
}

#[cfg(test)]
mod tests;
