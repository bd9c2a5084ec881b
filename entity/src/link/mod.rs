//! Payment links.

mod advance;
mod buyer;
mod buyer_at_stripe;
mod check;
mod compare_and_set;
mod disputes;
mod document;
mod elsewhere;
mod evidence;
mod find;
mod further_payment;
mod insert;
mod list_query;
pub(crate) mod open;
mod overpayment;
mod paid_period;
mod payment_fact;
mod projections;
mod purge;
pub(crate) mod rare_state;
mod read;
mod reading;
mod refunds;
mod reminding;
mod renewal;
mod search;
mod storage;
pub mod sums;
mod timeline;
mod timeline_event;
mod warning;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

pub use domain::link::RETENTION;
pub(crate) use domain::link::lifetime::LIFE;

pub use advance::{Advanced, LinkTransition, StripeFacts, advance, advance_all};
pub use buyer::{ExpectedState, note_expected, note_new_link_wanted, note_recognised, note_unrecognised, note_viewed};
pub use buyer_at_stripe::{forget_paying, note_found_unpaid, note_pay_pressed, note_returned};
pub use check::{due_for_check, has_ended_before, set_checked};
pub use document::{StoredDocument, set_document};
pub use elsewhere::{PaidElsewhere, set_close_reason, set_paid_elsewhere, set_receipt, set_tell_buyer};
pub use evidence::{due_for_evidence_notice, note_evidence_expiring};
pub(crate) use find::plain;
pub use find::{
    count_of_order, due_for_expiry, due_for_purge, find, find_all_by_stripe_id, find_by_payment_intent, find_by_token,
    newest_of_order, of_order,
};
pub use further_payment::FurtherPayment;
pub use insert::{
    LostLink, NewLink, PaidOrder, insert, insert_and_hold, insert_lost, insert_paid_elsewhere, is_second_open,
};
pub(crate) use list_query::states_apart;
pub use overpayment::{Overpayment, overpayment};
pub(crate) use paid_period::{PaidWay, each_way, on_days, paid};
pub use payment_fact::{FactKind, FactReport, PaymentFact, adopt_early, forget_early, note_fact};
pub use projections::{AskedFor, asked_for, ids_of_orders, sizes};
pub use purge::purge;
pub use refunds::unfinished_refunds;
pub use reminding::{hold, set_reminding};
pub use renewal::{begin_stripe_attempt, clear_failure, doubt_unmade, set_failure, set_renewed};
pub use search::{LinkSearch, counted, find_all, is_beyond, search};
pub use storage::stored_bytes;
pub(crate) use timeline::note_message;
pub use timeline::{TimelineEntry, note, of_links as timelines, timeline};
pub use timeline_event::{EntrySource, TimelineEvent};
pub use warning::InvoiceWarning;

use crate::{json_column::read_json, money_column::stored_money};
use domain::{
    Currency, LinkId, LinkState, MerchantId, Money, OrderId, OwnReminding, PaymentMethods,
    link::{
        Dispute, ElsewhereMethod, PaymentState, Review, lifetime,
        money_back::{RefundState, refund_state},
    },
};

/// A payment link. Fields that the purge erases are optional.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment_link")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LinkId,
    /// The merchant who is paid.
    pub merchant_id: MerchantId,
    /// The order it is for.
    pub order_id: OrderId,
    /// Its state.
    pub state: LinkState,
    /// SHA-256 of the buyer's token.
    pub token_hash: Vec<u8>,
    /// The number on the invoice; erased by the purge.
    pub invoice_number: Option<String>,
    /// The amount, in people's smallest unit of `currency`; erased by the purge.
    pub amount: Option<i64>,
    /// The currency.
    pub currency: Currency,
    /// The invoice's name in the store (see `documents`); erased by the purge.
    pub document: Option<String>,
    /// SHA-256 of the invoice, once stored.
    pub document_sha256: Option<Vec<u8>>,
    /// The invoice's number of pages, once stored.
    pub document_pages: Option<i64>,
    /// How many idempotency keys have been used to create it at Stripe.
    pub stripe_attempt: i64,
    /// When the current idempotency key was first used. After 24 h, Stripe may have forgotten it.
    pub stripe_attempted_at: Option<DateTime<Utc>>,
    /// `plink_…`
    pub stripe_link_id: Option<String>,
    /// Where the buyer pays.
    pub stripe_url: Option<String>,
    /// `pi_…`, once paid.
    pub stripe_payment_intent: Option<String>,
    /// `cs_…`: the session that paid it, or of the payment in progress.
    pub stripe_session_id: Option<String>,
    /// Sessions whose delayed payment failed, one per line. Later reports about them are ignored.
    pub failed_sessions: Option<String>,
    /// When Stripe was last asked about it.
    pub stripe_checked_at: Option<DateTime<Utc>>,
    /// The refunded amount, in people's smallest unit of `currency`; erased by the purge.
    pub refunded: Option<i64>,
    /// The state of its dispute; of several, the gravest.
    pub dispute: Option<Dispute>,
    /// When that dispute was opened.
    pub disputed_at: Option<DateTime<Utc>>,
    /// Stripe's status of that dispute: see [`Model::dispute_word`].
    pub dispute_status: Option<String>,
    /// Until when Stripe lets that dispute be answered, if it says so: see [`Model::dispute_due`].
    pub respond_by: Option<DateTime<Utc>>,
    /// Whether it was made with a live key.
    pub livemode: Option<bool>,
    /// Why it could not be made or cannot proceed, for the merchant to read.
    pub failure: Option<String>,
    /// Why a person should look at it.
    pub review: Option<Review>,
    /// The merchant's reason for a void.
    pub close_reason: Option<String>,
    /// When the command was accepted.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// When Stripe reported the payment.
    pub paid_at: Option<DateTime<Utc>>,
    /// When a person first saw the buyer's page.
    pub viewed_at: Option<DateTime<Utc>>,
    /// When the buyer said that they do not recognise it.
    pub unrecognised_at: Option<DateTime<Utc>>,
    /// When its contents were erased.
    pub purged_at: Option<DateTime<Utc>>,
    /// When the buyer or the merchant stopped its reminders.
    pub reminders_stopped_at: Option<DateTime<Utc>>,
    /// When the buyer last pressed Pay and was sent to Stripe.
    pub pay_pressed_at: Option<DateTime<Utc>>,
    /// When the buyer last returned from Stripe by the URL used after a payment.
    pub returned_at: Option<DateTime<Utc>>,
    /// When Stripe was last asked and said that nothing had been paid.
    pub found_unpaid_at: Option<DateTime<Utc>>,
    /// The name in the store of the picture of the invoice's first page, if it could be drawn; erased by the purge.
    pub document_picture: Option<String>,
    /// Doubts about the invoice: see [`InvoiceWarning`].
    pub warnings: Option<String>,
    /// The size of the uploaded invoice in bytes, which counts towards the merchant's quota until the purge.
    pub document_bytes: i64,
    /// How the merchant was paid without Stripe.
    pub elsewhere_method: Option<ElsewhereMethod>,
    /// The day of that payment in the merchant's time zone: `2026-11-26`.
    pub elsewhere_on: Option<String>,
    /// The merchant's note about it; erased by the purge.
    pub elsewhere_note: Option<String>,
    /// The API key that reported it.
    pub elsewhere_actor: Option<String>,
    /// Whether the buyer is told of a void.
    pub tell_buyer: bool,
    /// The merchant's metadata: a JSON object of strings; emptied by the purge.
    pub metadata: String,
    /// How much of the payment was refunded; `None` if nothing was reported, or only to an earlier version.
    pub refund_status: Option<RefundState>,
    /// The day on which the buyer intends to pay, in the merchant's time zone: `2026-11-26`.
    pub expected_on: Option<String>,
    /// When that day ends.
    pub expected_until: Option<DateTime<Utc>>,
    /// When the buyer announced it.
    pub expected_at: Option<DateTime<Utc>>,
    /// When the buyer of a closed link asked for a new one.
    pub new_link_wanted_at: Option<DateTime<Utc>>,
    /// How it may be paid; absent for by card.
    pub payment_methods: Option<PaymentMethods>,
    /// Its own reminder settings; absent for none. Erased by the purge.
    pub reminding: Option<OwnReminding>,
    /// Whether its buyer gets a receipt by text; absent for as the merchant's settings say.
    pub receipt: Option<bool>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The amount; `None` after the purge.
    ///
    /// # Errors
    /// Returns an error if the stored amount is invalid.
    pub fn money(&self) -> Result<Option<Money>, DbErr> {
        self.amount.map(|minor| stored_money(minor, self.currency)).transpose()
    }

    /// The refunded amount; `None` after the purge.
    ///
    /// # Errors
    /// Returns an error if the stored amount is invalid.
    pub fn refunded_money(&self) -> Result<Option<Money>, DbErr> {
        self.refunded.map(|minor| stored_money(minor, self.currency)).transpose()
    }

    /// Its approximate size with its timeline, in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        1024 + self.metadata.len() as u64
    }

    /// Whether it has a page for the buyer. The purge keeps the link's id at Stripe, but not its URL.
    #[must_use]
    pub fn has_buyers_page(&self) -> bool {
        let was_made = self.purged_at.is_some() && self.stripe_link_id.is_some();
        self.stripe_url.is_some() || self.awaits_renewal() || was_made
    }

    /// The merchant's metadata.
    ///
    /// # Errors
    /// Returns an error if the stored JSON is damaged.
    pub fn metadata(&self) -> Result<BTreeMap<String, String>, DbErr> {
        read_json(&self.metadata)
    }

    /// How much of the payment was refunded.
    #[must_use]
    pub fn refund_state(&self) -> RefundState {
        self.refund_status.unwrap_or_else(|| refund_state(self.refunded.unwrap_or(0), self.amount.unwrap_or(i64::MAX)))
    }

    /// Whether what was paid is not what was asked: another amount or currency, or no real money.
    #[must_use]
    pub fn is_otherwise_paid(&self) -> bool {
        self.review.is_some_and(|review| match review {
            Review::AmountMismatch | Review::CurrencyMismatch | Review::LivemodeMismatch => true,
            Review::PaidAfterVoid | Review::PaidAfterExpiry | Review::PaidTwice => false,
        })
    }

    /// Whether a delayed payment by this session is known to have failed.
    #[must_use]
    pub fn has_failed(&self, session: &str) -> bool {
        self.failed_sessions.iter().flat_map(|sessions| sessions.lines()).any(|failed| failed == session)
    }

    /// Its state, together with what is known of its payments.
    #[must_use]
    pub(crate) fn payment_state(&self) -> PaymentState {
        PaymentState::from_columns(
            self.state,
            self.stripe_session_id.as_deref(),
            self.failed_sessions.as_deref(),
            self.elsewhere_method.is_some(),
        )
    }

    /// Whether 90 days have passed since its creation.
    #[must_use]
    pub fn is_due_for_purge(&self, now: DateTime<Utc>) -> bool {
        self.purged_at.is_none() && lifetime::is_over(self.created_at, now)
    }
}
