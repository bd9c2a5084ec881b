//! `create_stripe_link`: creates the link at Stripe with a single call, exactly once.
//!
//! The idempotency key and its time are saved before the call. While Stripe remembers the key (24 hours), a lost answer
//! is fetched by repeating the call with the same key. After that, or if the key has recorded a failure, the link is
//! searched for, and created with the next key only if it is not there.
//!
//! A link whose delayed payment failed gets another one at Stripe, behind the same page: see [`renewal`].

mod renewal;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    LinkId, LinkState, MerchantId, Money,
    link::{LinkEvent, StripeProof},
};
use entity::{
    Transaction,
    link::{self, StripeFacts},
    restoration,
};
use queue::{
    CloseReason, CloseStripeLink, CreateStripeLink, Done, EnqueueOptions, EnqueuedJob, JobError, JobHandler, Lease,
    enqueue,
};
use sea_orm::DbErr;

use super::{find_link, nothing_to_do};
use crate::{
    JobContext,
    stripe::{Advice, NewPaymentLink, NotDone, PaymentLink, Stripe, StripeError},
};

/// How long an idempotency key is reused. Stripe keeps it for at least 24 hours.
const KEY_LIFE: TimeDelta = TimeDelta::hours(23);

impl JobHandler<JobContext> for CreateStripeLink {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let link = find_link(context, self.merchant, self.link).await?;
        if link.is_used_up() {
            return renewal::renew(context, lease, &link).await;
        }
        if !is_unmade(&link) {
            return nothing_to_do(context, lease).await;
        }
        let stripe = context.stripe(self.merchant).await?;
        let made = match make(context, &stripe, &link).await {
            Ok(made) => made,
            Err(NotDone::Refused(refused)) => return refuse(context, lease, &link, &refused).await,
            Err(NotDone::NotYet(error)) => return Err(error),
        };
        let now = context.now();
        let tx = context.db.begin().await?;
        let facts = StripeFacts {
            detail: Some(StripeProof::Made(&made.id).to_string()),
            link_id: Some(made.id),
            url: Some(made.url),
            livemode: Some(made.livemode),
            ..StripeFacts::default()
        };
        link::advance(&tx, &link, LinkEvent::Created, &facts, now).await?;
        lease.finish(tx, now).await
    }

    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        let link = link::find(tx, self.merchant, self.link).await?;
        if let Some(link) = link.filter(link::Model::is_used_up) {
            return link::set_failure(
                tx,
                &link,
                link::TimelineEvent::RenewalFailed,
                renewal::UNREACHABLE.to_owned(),
                now,
            )
            .await;
        }
        let why = "Stripe could not be reached for a day. Please make the link again.";
        fail(tx, self.merchant, self.link, why, now).await?;
        // The caller commits the transaction, so the scheduler notifies Redis.
        let _unnotified = close_what_may_be_there(tx, self.merchant, self.link, now).await?;
        Ok(())
    }
}

/// Whether Stripe's payment URL is still missing. A payment may be reported before the answer to the creation is read.
const fn is_unmade(link: &link::Model) -> bool {
    match link.state {
        LinkState::Creating => true,
        LinkState::Unpaid | LinkState::Processing => link.stripe_url.is_none(),
        LinkState::Failed
        | LinkState::Paid
        | LinkState::Voiding
        | LinkState::Voided
        | LinkState::Expiring
        | LinkState::Expired
        | LinkState::Settling => false,
    }
}

/// An unanswered call may have created the link at Stripe, which must not stay open next to a new one.
async fn close_what_may_be_there(
    tx: &Transaction,
    merchant: MerchantId,
    link: LinkId,
    now: DateTime<Utc>,
) -> Result<Option<EnqueuedJob>, DbErr> {
    let job = CloseStripeLink { merchant, link, reason: CloseReason::Failure };
    let once = EnqueueOptions::for_merchant(merchant).unique(format!("failed:{link}")).in_background();
    enqueue(tx, &job, once, now).await
}

/// Marks a link that cannot be created as `failed`, unless its state has changed.
pub(super) async fn fail(
    tx: &Transaction,
    merchant: MerchantId,
    link: LinkId,
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let Some(link) = link::find(tx, merchant, link).await? else { return Ok(()) };
    let facts = StripeFacts { failure: Some(why.to_owned()), detail: Some(why.to_owned()), ..StripeFacts::default() };
    link::advance(tx, &link, LinkEvent::CreationFailed, &facts, now).await.map(|_| ())
}

async fn make(context: &JobContext, stripe: &Stripe, link: &link::Model) -> Result<PaymentLink, NotDone> {
    let key_is_trusted = |at: DateTime<Utc>| context.now() < at + KEY_LIFE;
    let attempt = match link.stripe_attempted_at {
        Some(at) if key_is_trusted(at) => link.stripe_attempt,
        None if !was_renewed_before(context, link).await? => {
            link::begin_stripe_attempt(context.db.pool(), link, context.now()).await?
        }
        Some(_) | None => match look_up(stripe, link).await? {
            Some(found) => return Ok(found),
            None => link::begin_stripe_attempt(context.db.pool(), link, context.now()).await?,
        },
    };
    let money = link.money()?.ok_or_else(|| JobError::fail("the link's amount was erased"))?;
    match call(context, stripe, link, money, attempt).await {
        Ok(made) => Ok(made),
        Err(error) if error.advice() == Advice::LookUp => {
            if let Some(found) = look_up(stripe, link).await? {
                return Ok(found);
            }
            // The next attempt uses the next key.
            link::begin_stripe_attempt(context.db.pool(), link, context.now()).await?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether it may have been renewed at a time from before which the installation was restored, under a key that Stripe
/// may have forgotten.
async fn was_renewed_before(context: &JobContext, link: &link::Model) -> Result<bool, DbErr> {
    Ok(link.is_used_up() && restoration::is_later_than(context.db.pool(), link.created_at).await?)
}

async fn look_up(stripe: &Stripe, link: &link::Model) -> Result<Option<PaymentLink>, JobError> {
    let used_up = link.stripe_link_id.as_deref();
    stripe.find_payment_link(link.merchant_id, link.id, used_up).await.map_err(StripeError::into_retry)
}

async fn call(
    context: &JobContext,
    stripe: &Stripe,
    link: &link::Model,
    money: Money,
    attempt: i64,
) -> Result<PaymentLink, StripeError> {
    let return_url = format!("{}?returned=1", context.buyer_url(link.id));
    let name = format!("Invoice {}", link.invoice_number.as_deref().unwrap_or_default());
    let methods = link.payment_methods.clone().unwrap_or_default();
    let new = NewPaymentLink {
        link: link.id,
        merchant: link.merchant_id,
        money,
        name: &name,
        return_url: &return_url,
        methods: &methods,
    };
    stripe.create_payment_link(&new, &format!("link:{}:{attempt}", link.id)).await.map(|made| made.body)
}

async fn refuse(
    context: &JobContext,
    lease: &Lease,
    link: &link::Model,
    refused: &StripeError,
) -> Result<Done, JobError> {
    tracing::warn!(link.id = %link.id, error = %refused, "Stripe refused to make a link");
    let now = context.now();
    let tx = context.db.begin().await?;
    fail(&tx, link.merchant_id, link.id, &refused.for_merchant(), now).await?;
    // As the row was before this attempt, which may run again after a conflict between transactions.
    let was_called_before = link.stripe_attempted_at.is_some();
    let enqueued_job =
        if was_called_before { close_what_may_be_there(&tx, link.merchant_id, link.id, now).await? } else { None };
    let done = lease.finish(tx, now).await?;
    context.queue.notify(enqueued_job);
    Ok(done)
}
