//! `reconcile_credit_purchase`: asks the operator's Stripe account for the state of a credit purchase, and brings ours
//! in line.

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
use reqwest::StatusCode;
use sea_orm::DbErr;

use super::nothing_to_do;
use crate::{
    JobContext,
    missing_row::MissingRow,
    stripe::{PageStatus, PaymentStatus, PurchaseSession, Stripe, StripeError},
};

/// This worker has no key of the operator's Stripe account.
#[derive(Debug, thiserror::Error)]
#[error("credit_sales.stripe_key is not set here")]
struct NoKey;

/// Another worker reconciled the purchase with a newer state.
#[derive(Debug, thiserror::Error)]
#[error("the purchase was settled meanwhile; Stripe is asked again")]
struct SettledMeanwhile;

/// Stripe charged another amount or currency.
#[derive(Debug, thiserror::Error)]
#[error("the session of {0} is about other money than its price")]
struct OtherMoney(String);

impl JobHandler<JobContext> for ReconcileCreditPurchase {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let found = purchase::find(context.db.pool(), self.merchant, self.purchase).await?;
        let bought = found.ok_or_else(|| JobError::fail(MissingRow(self.purchase.to_string())))?;
        let Some(session) = &bought.stripe_session_id else { return nothing_to_do(context, lease).await };
        let stripe = context.operator_stripe().ok_or_else(|| JobError::retry(NoKey))?;
        let at_stripe = match stripe.purchase_session(session).await {
            Ok(session) => judge(&stripe, &bought, session).await?,
            // The key is now of another account or mode: the purchase cannot be paid there any more, and whether it was
            // is unknown.
            Err(StripeError::Refused { status, .. }) if status == StatusCode::NOT_FOUND => {
                AtStripe { state: PurchaseState::Expired, payment: None, returned: bought.returned }
            }
            Err(error) => return Err(error.into_job_error()),
        };
        let settle = || async {
            let now = context.now();
            let tx = context.db.begin().await?;
            let settled = purchase::reconcile(&tx, (bought.id, bought.version), &at_stripe, now).await;
            settled.map_err(CreditError::into_db)?.ok_or_else(|| JobError::retry(SettledMeanwhile))?;
            lease.finish(tx, now).await
        };
        retry_conflicts(settle, JobError::is_conflict_of_rows).await
    }

    /// The scheduler retries pending purchases.
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
        Some(payment) => {
            stripe.returned(payment, price.currency().as_str()).await.map_err(StripeError::into_job_error)?
        }
        None => 0,
    };
    Ok(AtStripe { state, payment, returned: in_minor_units(returned, price) })
}

/// Converts the returned amount to our minor units where Stripe's differ: the same share of the price, rounded up.
fn in_minor_units(returned: i64, price: Money) -> i64 {
    let (whole, minor) = (i128::from(price.to_stripe_amount()), i128::from(price.minor()));
    let share = i128::from(returned).clamp(0, whole) * minor;
    i64::try_from((share + whole - 1) / whole).unwrap_or(price.minor())
}

/// The state of a payment that was submitted and has not settled.
async fn stands(stripe: &Stripe, payment: &str) -> Result<PurchaseState, JobError> {
    use crate::stripe::IntentStatus;
    let status = stripe.intent_status(payment).await.map_err(StripeError::into_job_error)?.body;
    Ok(match status {
        IntentStatus::RequiresPaymentMethod | IntentStatus::Canceled => PurchaseState::Failed,
        // The session reports a success a moment later.
        IntentStatus::Succeeded | IntentStatus::UnderWay => PurchaseState::Processing,
    })
}
