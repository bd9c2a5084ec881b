//! Payment links.

mod advance;
mod buyer;
mod check;
mod compare_and_set;
mod disputes;
mod elsewhere;
mod evidence;
mod facts;
mod find;
mod further;
pub(crate) mod open;
mod paying;
mod purge;
mod rare;
mod read;
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

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

pub use advance::{Advanced, StripeFacts, Transition, advance, advance_all};
pub use buyer::{ExpectedState, note_expected, note_new_link_wanted, note_recognised, note_unrecognised, note_viewed};
pub use check::{due_for_check, has_ended_before, set_checked};
pub use disputes::Dispute;
pub use elsewhere::{
    PaidElsewhere, PaidOrder, insert_paid_elsewhere, set_close_reason, set_paid_elsewhere, set_receipt,
};
pub use evidence::{due_for_evidence_notice, note_evidence_expiring};
pub use facts::{FactKind, FactReport, PaymentFact, adopt_early, forget_early, note_fact};
pub(crate) use find::plain;
pub use find::{
    count_of_order, due_for_expiry, due_for_purge, find, find_all_by_stripe_id, find_by_payment_intent, find_by_token,
    of_order,
};
pub use further::FurtherPayment;
pub use paying::{forget_paying, note_found_unpaid, note_pay_pressed, note_returned};
pub use purge::purge;
pub use refunds::{UnfinishedRefund, unfinished as unfinished_refunds};
pub use reminding::{hold, set_reminding};
pub use renewal::{clear_failure, set_failure, set_renewed};
pub use search::{AskedFor, LinkSearch, asked_for, find_all, search, sizes};
pub(crate) use search::{
    PaidWay, are_rare, each_way, in_rare_states, newest_in, of_orders_in_states, paid, states_apart,
};
pub use storage::stored_bytes;
pub(crate) use timeline::note_message;
pub use timeline::{TimelineEntry, note, of_links as timelines, timeline};
pub use timeline_event::{Source, TimelineEvent};
pub use warning::InvoiceWarning;

use crate::{
    Documents, Order, Transaction, attention,
    change::{Change, ChangeKind},
    json_column::{read_json, stored_json},
    money_column::stored_money,
};
use domain::{
    Currency, LinkId, LinkState, LinkToken, MerchantId, Money, OrderId, OwnReminding, PaymentMethods,
    link::{
        ElsewhereMethod, PaymentState, Review,
        money_back::{RefundState, refund_state},
    },
};

/// How long the contents of a link, its invoice and its payment are kept, and so the longest a link may stay open.
pub const RETENTION: TimeDelta = TimeDelta::days(90);

/// A link created longer ago than this is neither open nor paid in a period that begins now. A delayed payment may take
/// longer than [`RETENTION`].
pub(crate) const LIFE: TimeDelta = TimeDelta::days(120);

/// A payment link. Fields that the purge erases are optional.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment_link")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LinkId,
    /// The merchant that owns it.
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

    /// How the merchant was paid without Stripe. What Stripe reports counts more than what the merchant says.
    #[must_use]
    pub fn paid_elsewhere(&self) -> Option<ElsewhereMethod> {
        self.elsewhere_method.filter(|_| self.stripe_session_id.is_none())
    }

    /// The day of that payment, as the merchant says.
    #[must_use]
    pub fn paid_elsewhere_on(&self) -> Option<NaiveDate> {
        self.paid_elsewhere().and(self.elsewhere_on.as_deref()).and_then(|day| day.parse().ok())
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

    /// Stripe's status of the dispute; `None` if an earlier version has changed the dispute since.
    #[must_use]
    pub fn dispute_word(&self) -> Option<&str> {
        self.dispute_status.as_deref().filter(|word| self.dispute == Some(Dispute::from_stripe(word)))
    }

    /// Whether the buyer's bank only asks about the payment so far: no money was taken.
    #[must_use]
    pub fn is_asked_about(&self) -> bool {
        self.dispute == Some(Dispute::Open) && self.dispute_word().is_some_and(disputes::is_inquiry)
    }

    /// Until when the dispute has to be answered at Stripe; `None` once it is answered or over.
    #[must_use]
    pub fn dispute_due(&self) -> Option<DateTime<Utc>> {
        disputes::due(self.dispute_word(), self.respond_by)
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
        self.purged_at.is_none() && self.created_at + RETENTION <= now
    }
}

/// The data of a new link.
#[derive(Debug)]
pub struct NewLink {
    /// Its id, chosen before because its token and its document are named after it.
    pub id: LinkId,
    /// The merchant that owns it.
    pub merchant_id: MerchantId,
    /// The order it is for.
    pub order_id: OrderId,
    /// The buyer's token.
    pub token: LinkToken,
    /// The number on the invoice.
    pub invoice_number: String,
    /// The amount.
    pub money: Money,
    /// The upload's name in the store.
    pub document: String,
    /// The upload's size in bytes.
    pub document_bytes: i64,
    /// The upload's SHA-256.
    pub document_sha256: Vec<u8>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// The merchant's metadata.
    pub metadata: BTreeMap<String, String>,
    /// How it may be paid.
    pub payment_methods: PaymentMethods,
    /// Its own reminder settings.
    pub reminding: OwnReminding,
    /// Whether its buyer gets a receipt by text, if that differs from the merchant's settings.
    pub receipt: Option<bool>,
    /// The holder of the key that makes it, if any.
    pub actor: Option<String>,
}

/// Inserts a new link in `creating`. Fails on the key of `open_link` if the order has an open link: see
/// [`is_second_open`].
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn insert(tx: &Transaction, new: NewLink, now: DateTime<Utc>) -> Result<Model, DbErr> {
    Ok(insert_and_hold(tx, new, now).await?.0)
}

/// Inserts a link and returns it with its current order. The order cannot change until the transaction ends: a change
/// locks the order, which the new link's reference blocks.
///
/// # Errors
/// As [`insert`].
pub async fn insert_and_hold(
    tx: &Transaction,
    new: NewLink,
    now: DateTime<Utc>,
) -> Result<(Model, Option<Order>), DbErr> {
    let link = ActiveModel {
        id: Set(new.id),
        merchant_id: Set(new.merchant_id),
        order_id: Set(new.order_id),
        state: Set(LinkState::Creating),
        token_hash: Set(new.token.hash()),
        invoice_number: Set(Some(new.invoice_number)),
        amount: Set(Some(new.money.minor())),
        currency: Set(new.money.currency()),
        document: Set(Some(new.document)),
        document_bytes: Set(new.document_bytes),
        document_sha256: Set(Some(new.document_sha256)),
        tell_buyer: Set(false),
        stripe_attempt: Set(0),
        created_at: Set(now),
        expires_at: Set(new.expires_at),
        metadata: Set(stored_json(&new.metadata)?),
        payment_methods: Set(Some(new.payment_methods)),
        reminding: Set(Some(new.reminding).filter(|own| !own.is_empty())),
        receipt: Set(new.receipt),
        ..Default::default()
    };
    let link = link.insert(tx).await?;
    let order = crate::search::refresh_for(tx, &link).await?;
    let entry =
        timeline::NewEntry { actor: new.actor, ..timeline::NewEntry::new(link.id, TimelineEvent::Creating, None) };
    timeline::insert_all(tx, &[entry], now).await?;
    tx.changed(Change::link(ChangeKind::LinkCreated, &link, now));
    attention::resolve_wanted(tx, link.merchant_id, link.order_id, now).await?;
    Ok((link, order))
}

/// A link that exists at Stripe and was lost here.
#[derive(Debug)]
pub struct LostLink {
    /// Its id, as known to Stripe.
    pub id: LinkId,
    /// The merchant that owns it.
    pub merchant_id: MerchantId,
    /// The order it is for.
    pub order_id: OrderId,
    /// The buyer's token.
    pub token: LinkToken,
    /// The number on the invoice.
    pub invoice_number: String,
    /// The amount.
    pub money: Money,
    /// Whether it was made with a live key.
    pub livemode: bool,
    /// What the merchant is told of it.
    pub failure: String,
}

/// Inserts a lost link in `failed`. It is closed at Stripe, and becomes `paid` if it was.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn insert_lost(tx: &Transaction, lost: LostLink, now: DateTime<Utc>) -> Result<Model, DbErr> {
    let created_at = lost.id.created_at().unwrap_or(now);
    let link = ActiveModel {
        id: Set(lost.id),
        merchant_id: Set(lost.merchant_id),
        order_id: Set(lost.order_id),
        state: Set(LinkState::Failed),
        token_hash: Set(lost.token.hash()),
        invoice_number: Set(Some(lost.invoice_number)),
        amount: Set(Some(lost.money.minor())),
        currency: Set(lost.money.currency()),
        // The invoice's name; the upload itself is gone.
        document: Set(Some(Documents::invoice_name(lost.merchant_id, lost.id))),
        document_bytes: Set(0),
        stripe_attempt: Set(1),
        stripe_attempted_at: Set(Some(created_at)),
        livemode: Set(Some(lost.livemode)),
        failure: Set(Some(lost.failure.clone())),
        created_at: Set(created_at),
        expires_at: Set(created_at + RETENTION),
        ..Default::default()
    };
    let link = link.insert(tx).await?;
    tx.changed(Change::link(ChangeKind::LinkCreated, &link, now));
    note(tx, &link, now, TimelineEvent::Failed, Some(lost.failure)).await?;
    Ok(link)
}

/// Whether an insert failed because the order has an open link already.
#[must_use]
pub fn is_second_open(error: &DbErr) -> bool {
    crate::db::breaks_key(error, &["open_link"])
}

/// A document that was checked and stored.
#[derive(Debug, Clone)]
pub struct StoredDocument {
    /// Its name in the store.
    pub name: String,
    /// Its SHA-256.
    pub sha256: Vec<u8>,
    /// Its number of pages.
    pub pages: i64,
    /// The name of the picture of its first page, if it could be drawn.
    pub picture: Option<String>,
    /// Doubts about it.
    pub warnings: Vec<InvoiceWarning>,
}

/// Records that the link's invoice is stored.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn set_document(
    tx: &Transaction,
    link: &Model,
    stored: StoredDocument,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let warnings: Vec<&str> = stored.warnings.iter().map(|warning| warning.as_str()).collect();
    Entity::update_many()
        .col_expr(Column::DocumentPicture, Expr::value(stored.picture))
        .col_expr(Column::Warnings, Expr::value((!warnings.is_empty()).then(|| warnings.join(" "))))
        .col_expr(Column::Document, Expr::value(stored.name))
        .col_expr(Column::DocumentSha256, Expr::value(stored.sha256))
        .col_expr(Column::DocumentPages, Expr::value(stored.pages))
        .filter(Column::Id.eq(link.id))
        .exec(tx)
        .await?;
    let pages = if stored.pages == 1 { "1 page".to_owned() } else { format!("{} pages", stored.pages) };
    note(tx, link, now, TimelineEvent::InvoiceStored, Some(pages)).await
}

/// Saves the number and the time of the next idempotency key for Stripe before it is used. Returns the number.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn begin_stripe_attempt(db: &impl ConnectionTrait, link: &Model, now: DateTime<Utc>) -> Result<i64, DbErr> {
    let attempt = link.stripe_attempt + 1;
    Entity::update_many()
        .col_expr(Column::StripeAttempt, Expr::value(attempt))
        .col_expr(Column::StripeAttemptedAt, Expr::value(now))
        .filter(Column::Id.eq(link.id))
        .exec(db)
        .await?;
    Ok(attempt)
}

/// Records that the buyer should be told once the link is voided. Returns the changed link.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn set_tell_buyer(db: &impl ConnectionTrait, link: &Model) -> Result<Model, DbErr> {
    Entity::update_many()
        .col_expr(Column::TellBuyer, Expr::value(true))
        .filter(Column::Id.eq(link.id))
        .exec(db)
        .await?;
    Ok(Model { tell_buyer: true, ..link.clone() })
}

/// Stops the link's reminders for good. Returns `false` if they were stopped before.
async fn stop_reminders(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    id: LinkId,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let stopped = Entity::update_many()
        .col_expr(Column::RemindersStoppedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::RemindersStoppedAt.is_null())
        .exec(db)
        .await?;
    Ok(stopped.rows_affected == 1)
}
