//! The state of a link as its buyer sees it, and what the page says about it.

use chrono::{DateTime, Utc};
use domain::LinkState;
use entity::link;
use poem::http::StatusCode;
use serde::Serialize;

/// The state of a link for its buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PageState {
    /// The link is being created.
    Preparing,
    /// The link could not be created, and the merchant was told.
    Delayed,
    /// The link can be paid.
    Open,
    /// The buyer came back from Stripe, which has not reported a payment yet.
    Confirming,
    /// The buyer went to Stripe, and may have paid there.
    Checking,
    /// Stripe is waiting for the money.
    Processing,
    /// The link is paid.
    Paid,
    /// The merchant voided the link.
    Voided,
    /// The link expired.
    Expired,
}

impl PageState {
    pub(super) fn of(link: &link::Model, now: DateTime<Utc>) -> Self {
        match link.state {
            LinkState::Creating | LinkState::Failed => Self::Preparing,
            // Its payment did not settle, and a new payment link is being created at Stripe.
            LinkState::Unpaid if link.can_be_paid(now) && link.awaits_renewal() => {
                if link.failure.is_none() {
                    Self::Preparing
                } else {
                    Self::Delayed
                }
            }
            // A buyer who may have just paid is not told that it is too late until that is certain.
            LinkState::Unpaid | LinkState::Voiding | LinkState::Expiring | LinkState::Settling
                if link.awaits_confirmation() =>
            {
                Self::Confirming
            }
            LinkState::Unpaid if link.can_be_paid(now) && link.may_have_been_paid(now) => Self::Checking,
            LinkState::Unpaid if link.can_be_paid(now) => Self::Open,
            LinkState::Unpaid | LinkState::Expiring | LinkState::Expired => Self::Expired,
            LinkState::Processing => Self::Processing,
            // The merchant has said that the money was received.
            LinkState::Paid | LinkState::Settling => Self::Paid,
            LinkState::Voiding | LinkState::Voided => Self::Voided,
        }
    }

    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Preparing
            | Self::Delayed
            | Self::Open
            | Self::Confirming
            | Self::Checking
            | Self::Processing
            | Self::Paid => StatusCode::OK,
            Self::Voided | Self::Expired => StatusCode::GONE,
        }
    }

    /// Whether the invoice may be seen.
    pub(super) const fn shows_invoice(self) -> bool {
        match self {
            Self::Open | Self::Confirming | Self::Checking | Self::Processing | Self::Paid => true,
            Self::Preparing | Self::Delayed | Self::Voided | Self::Expired => false,
        }
    }

    /// Whether the link is closed and unpaid.
    pub(super) const fn is_closed(self) -> bool {
        match self {
            Self::Voided | Self::Expired => true,
            Self::Preparing
            | Self::Delayed
            | Self::Open
            | Self::Confirming
            | Self::Checking
            | Self::Processing
            | Self::Paid => false,
        }
    }

    /// Whether the buyer may have paid without our knowledge.
    pub(super) const fn is_uncertain(self) -> bool {
        match self {
            Self::Confirming | Self::Checking => true,
            Self::Preparing
            | Self::Delayed
            | Self::Open
            | Self::Processing
            | Self::Paid
            | Self::Voided
            | Self::Expired => false,
        }
    }

    /// The page's refresh interval in seconds: short where something happens soon, long where a bank decides.
    pub(super) const fn looks_again_after(self) -> Option<u32> {
        match self {
            Self::Preparing | Self::Confirming | Self::Checking => Some(2),
            Self::Processing => Some(30),
            Self::Delayed | Self::Open | Self::Paid | Self::Voided | Self::Expired => None,
        }
    }
}
