//! `reconcile_credit_purchase`: asks the operator's Stripe how a purchase of credits stands, and makes it so here.

use chrono::{DateTime, Utc};
use domain::Money;
use entity::{
    Transaction,
    credits::{
        CreditError,
        purchase::{self, AtStripe, CreditPurchase, PurchaseState},
    },
    retry_conflicts,
};
use queue::{Done, JobError, JobHandler, Lease, ReconcileCreditPurchase};
use sea_orm::DbErr;

use super::{Missing, nothing_to_do};
use crate::{
    JobContext,
    stripe::{PageStatus, PaymentStatus, PurchaseSession, Stripe, StripeError},
};

/// Stripe has taken other money than was asked for.
#[derive(Debug, thiserror::Error)]
#[error("the session of {0} is about other money than its price")]
struct OtherMoney(String);

impl JobHandler<JobContext> for ReconcileCreditPurchase {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let found = purchase::find(context.db.pool(), self.merchant, self.purchase).await?;
        let bought = found.ok_or_else(|| JobError::fail(Missing(self.purchase.to_string())))?;
        let (Some(session), Some(stripe)) = (&bought.stripe_session_id, context.operator_stripe(self.merchant)) else {
            return nothing_to_do(context, lease).await;
        };
        let session = stripe.purchase_session(session).await.map_err(StripeError::into_job_error)?;
        let at_stripe = judge(&stripe, &bought, session).await?;
        let settle = || async {
            let now = context.now();
            let tx = context.db.begin().await?;
            let settled = purchase::settle(&tx, bought.id, &at_stripe, now).await;
            settled.map_err(CreditError::into_db)?;
            lease.finish(tx, now).await
        };
        retry_conflicts(settle, JobError::is_conflict_of_rows).await
    }

    /// The scheduler asks again about what is under way.
    async fn dead_letter(&self, _: &JobContext, _: &Transaction, _: DateTime<Utc>) -> Result<(), DbErr> {
        Ok(())
    }
}

async fn judge(stripe: &Stripe, bought: &CreditPurchase, session: PurchaseSession) -> Result<AtStripe, JobError> {
    let state = match (session.payment_status, session.status) {
        (PaymentStatus::Paid | PaymentStatus::NoPaymentRequired, _) => PurchaseState::Paid,
        (_, PageStatus::Open) => PurchaseState::Open,
        (_, PageStatus::Expired) => PurchaseState::Expired,
        (_, PageStatus::Complete) => match &session.payment_intent {
            Some(payment) => stands(stripe, payment).await?,
            None => PurchaseState::Processing,
        },
        (_, PageStatus::Unknown) => bought.state,
    };
    let payment = session.payment_intent;
    if state != PurchaseState::Paid {
        return Ok(AtStripe { state, payment, returned: 0 });
    }
    let price = bought.price()?;
    let is_price = session.amount_total == Some(price.to_stripe_amount())
        && session.currency.as_deref() == Some(price.currency().as_str());
    if !is_price {
        return Err(JobError::fail(OtherMoney(bought.id.to_string())));
    }
    let returned = match &payment {
        Some(payment) => stripe.returned(payment).await.map_err(StripeError::into_job_error)?,
        None => 0,
    };
    let returned = Money::from_stripe_amount(returned, price.currency()).map_err(JobError::fail)?;
    Ok(AtStripe { state, payment, returned: returned.minor() })
}

/// Where a payment is that was submitted and has not settled.
async fn stands(stripe: &Stripe, payment: &str) -> Result<PurchaseState, JobError> {
    use crate::stripe::IntentStatus;
    let status = stripe.intent_status(payment).await.map_err(StripeError::into_job_error)?.body;
    Ok(match status {
        IntentStatus::RequiresPaymentMethod | IntentStatus::Canceled => PurchaseState::Failed,
        // That it has succeeded, the session says a moment later.
        IntentStatus::Succeeded | IntentStatus::UnderWay => PurchaseState::Processing,
    })
}
