//! What a link shows of its payment: how it was made, when it is expected, and a refund that is not made.

use chrono::{DateTime, Utc};
use domain::{
    LinkState, Money,
    link::money_back::{RefundStatus, UnfinishedRefund},
};
use entity::link::{self, ExpectedState};
use poem_openapi::Object;

use crate::http::typed::{Amount, CalendarDay, CurrencyCode, Text};

/// A refund that is not made.
#[derive(Debug, Clone, Object)]
#[oai(rename = "UnfinishedRefund", skip_serializing_if_is_none)]
pub(super) struct UnfinishedRefundView {
    /// `pending` or `failed`.
    status: Text<RefundStatus>,
    /// All that is under way, or what failed; absent once it is erased, or in several currencies.
    amount: Option<Amount>,
    /// In which currency; absent with it.
    currency: Option<CurrencyCode>,
}

impl UnfinishedRefundView {
    pub(super) fn of(refund: UnfinishedRefund) -> Self {
        let money = refund.money;
        Self {
            status: Text(refund.status),
            amount: money.map(amount),
            currency: money.map(|money| money.currency().as_str().into()),
        }
    }
}

/// A buyer's intention to pay on a day.
#[derive(Debug, Clone, Object)]
#[oai(rename = "ExpectedPayment", skip_serializing_if_is_none)]
pub(super) struct ExpectedView {
    /// The day, in the merchant's time zone.
    on: CalendarDay,
    /// When the buyer said so.
    at: DateTime<Utc>,
    /// Whether it was kept. Reminders wait until the day is over.
    status: Text<ExpectedState>,
}

impl ExpectedView {
    pub(super) fn of(link: &link::Model, now: DateTime<Utc>) -> Option<Self> {
        Some(Self {
            on: link.expected_on.clone()?.into(),
            at: link.expected_at?,
            status: Text(link.expected_state(now)?),
        })
    }
}

/// How a link was paid.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PaidBy", skip_serializing_if_is_none)]
pub(super) struct PaidByView {
    /// `stripe`, or as the merchant says: `cash`, `bank_transfer`, `check`, `terminal` or `other`.
    method: String,
    /// The day of the payment, if it was not through Stripe.
    on: Option<String>,
    /// The merchant's note.
    note: Option<String>,
    /// Who recorded it.
    actor: Option<String>,
}

impl PaidByView {
    pub(super) fn of(link: &link::Model) -> Option<Self> {
        let (LinkState::Paid | LinkState::Settling) = link.state else { return None };
        Some(match link.paid_elsewhere() {
            Some(method) => Self {
                method: method.to_string(),
                on: link.elsewhere_on.clone(),
                note: link.elsewhere_note.clone(),
                actor: link.elsewhere_actor.clone(),
            },
            None => Self { method: "stripe".to_owned(), on: None, note: None, actor: None },
        })
    }
}

pub(super) fn amount(money: Money) -> Amount {
    money.to_decimal_string().into()
}
