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
mod open;
mod paying;
mod purge;
mod refunds;
mod reminding;
mod renewal;
mod search;
mod storage;
mod timeline;
mod warning;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

pub use advance::{Advanced, StripeFacts, Transition, advance, advance_all};
pub use buyer::{ExpectedState, note_expected, note_new_link_wanted, note_recognised, note_unrecognised, note_viewed};
pub use check::{due_for_check, has_ended_before, set_checked};
pub use disputes::Dispute;
pub use elsewhere::{PaidElsewhere, set_close_reason, set_paid_elsewhere};
pub use evidence::{due_for_evidence_notice, note_evidence_expiring};
pub use facts::{FactKind, FactReport, PaymentFact, forget_early, note_fact, settle_early};
pub(crate) use find::plain;
pub use find::{
    count_of_order, due_for_expiry, due_for_purge, find, find_all_by_stripe_id, find_by_payment_intent, find_by_token,
    of_order,
};
pub use further::FurtherPayment;
pub use paying::{PATIENCE, forget_paying, note_found_unpaid, note_pay_pressed, note_returned};
pub use purge::purge;
pub use reminding::{hold, set_reminding};
pub use renewal::{clear_failure, set_failure, set_renewed};
pub use search::{LinkSearch, find_all, search, sizes};
pub(crate) use search::{of_orders_in_states, paid};
pub use storage::stored_bytes;
pub(crate) use timeline::note_message;
pub use timeline::{TimelineEntry, note, of_links as timelines, timeline};
pub use warning::InvoiceWarning;

use crate::{
    Documents, Transaction, attention,
    change::{Change, ChangeKind},
    metadata::{read_metadata, stored_metadata},
    money_column::stored_money,
};
use domain::{
    Currency, LinkId, LinkState, LinkToken, MerchantId, Money, OrderId, OwnReminding, PaymentMethods,
    link::{
        ElsewhereMethod, PaymentState, Review,
        money_back::{RefundState, refund_state},
    },
};

/// How long anything of a link, its invoice and its payment is kept, and so the longest it may stay open.
pub const RETENTION: TimeDelta = TimeDelta::days(90);

/// A link that was made longer ago than this is neither open nor paid in any period that begins now: a delayed payment takes some more time.
pub(crate) const LIFE: TimeDelta = TimeDelta::days(120);

/// A payment link. What a purge erases is optional here.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment_link")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LinkId,
    /// The merchant that owns it.
    pub merchant_id: MerchantId,
    /// What it is for.
    pub order_id: OrderId,
    /// Where it is in its life.
    pub state: LinkState,
    /// SHA-256 of the buyer's token.
    pub token_hash: Vec<u8>,
    /// The number on the invoice; erased by the purge.
    pub invoice_number: Option<String>,
    /// What is asked, in people's smallest unit of `currency`; erased by the purge.
    pub amount: Option<i64>,
    /// The currency asked.
    pub currency: Currency,
    /// Where the invoice lies in the store (see `documents`); erased by the purge.
    pub document: Option<String>,
    /// SHA-256 of the invoice, once it is stored.
    pub document_sha256: Option<Vec<u8>>,
    /// The invoice's pages, once it is stored.
    pub document_pages: Option<i64>,
    /// How many idempotency keys were used to create it at Stripe.
    pub stripe_attempt: i64,
    /// When the current idempotency key was first used: past 24 h Stripe may have forgotten it.
    pub stripe_attempted_at: Option<DateTime<Utc>>,
    /// `plink_…`
    pub stripe_link_id: Option<String>,
    /// Where the buyer pays.
    pub stripe_url: Option<String>,
    /// `pi_…`, once paid.
    pub stripe_payment_intent: Option<String>,
    /// `cs_…`: the session by which it was paid, or by which a payment is under way.
    pub stripe_session_id: Option<String>,
    /// Sessions whose delayed payment did not settle, one a line: what else is told of them changes nothing.
    pub failed_sessions: Option<String>,
    /// When Stripe was last asked about it, beside what webhooks tell.
    pub stripe_checked_at: Option<DateTime<Utc>>,
    /// What was refunded of it, in people's smallest unit of `currency`; erased by the purge.
    pub refunded: Option<i64>,
    /// How its dispute stands; of several the gravest.
    pub dispute: Option<Dispute>,
    /// When that dispute was opened.
    pub disputed_at: Option<DateTime<Utc>>,
    /// How that dispute stands, in Stripe's word: see [`Model::dispute_word`].
    pub dispute_status: Option<String>,
    /// Whether it was made with a live key.
    pub livemode: Option<bool>,
    /// Why it could not be made, or does not get on, in words for the merchant.
    pub failure: Option<String>,
    /// What a person should look at.
    pub review: Option<Review>,
    /// The merchant's reason for a void.
    pub close_reason: Option<String>,
    /// When the command was accepted.
    pub created_at: DateTime<Utc>,
    /// When it closes by itself.
    pub expires_at: DateTime<Utc>,
    /// When Stripe said that it was paid.
    pub paid_at: Option<DateTime<Utc>>,
    /// When a person first saw the buyer's page.
    pub viewed_at: Option<DateTime<Utc>>,
    /// When the buyer said that they do not know what it is for.
    pub unrecognised_at: Option<DateTime<Utc>>,
    /// When its contents were erased.
    pub purged_at: Option<DateTime<Utc>>,
    /// When the buyer, or the merchant, had enough of reminders of it.
    pub reminders_stopped_at: Option<DateTime<Utc>>,
    /// When the buyer last pressed Pay and was led to Stripe.
    pub pay_pressed_at: Option<DateTime<Utc>>,
    /// When the buyer last came back from Stripe by the way that it leads them after a payment.
    pub returned_at: Option<DateTime<Utc>>,
    /// When Stripe was last asked and said that nothing had been paid.
    pub found_unpaid_at: Option<DateTime<Utc>>,
    /// Where the picture of the invoice's first page lies in the store, if it could be drawn; erased by the purge.
    pub document_picture: Option<String>,
    /// What is doubtful about the invoice: see [`InvoiceWarning`].
    pub warnings: Option<String>,
    /// How many bytes of invoice came with it; what counts for the merchant's quota until the purge.
    pub document_bytes: i64,
    /// How the merchant got the money without Stripe, as they say.
    pub elsewhere_method: Option<ElsewhereMethod>,
    /// On which day, as the merchant counts days: `2026-11-26`.
    pub elsewhere_on: Option<String>,
    /// What they noted about it; erased by the purge.
    pub elsewhere_note: Option<String>,
    /// Who says so: an API key.
    pub elsewhere_actor: Option<String>,
    /// Whether the buyer is to be told of a void.
    pub tell_buyer: bool,
    /// What the merchant's software keeps with it: a JSON object of texts; emptied by the purge.
    pub metadata: String,
    /// How much of what was paid went back; nothing where nothing was ever told of it, or only to an earlier version.
    pub refund_status: Option<RefundState>,
    /// On which day the buyer says that they will pay, as the merchant counts days: `2026-11-26`.
    pub expected_on: Option<String>,
    /// When that day ends.
    pub expected_until: Option<DateTime<Utc>>,
    /// When they said so.
    pub expected_at: Option<DateTime<Utc>>,
    /// When the buyer of a closed link asked for a new one.
    pub new_link_wanted_at: Option<DateTime<Utc>>,
    /// How it may be paid; absent: by card.
    pub payment_methods: Option<PaymentMethods>,
    /// What it says of its reminders itself; absent: nothing. Erased by the purge.
    pub reminding: Option<OwnReminding>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What is asked; nothing once it was purged.
    ///
    /// # Errors
    /// When the stored amount is none.
    pub fn money(&self) -> Result<Option<Money>, DbErr> {
        self.amount.map(|minor| stored_money(minor, self.currency)).transpose()
    }

    /// What was refunded of it; nothing once it was purged.
    ///
    /// # Errors
    /// When the stored amount is none.
    pub fn refunded_money(&self) -> Result<Option<Money>, DbErr> {
        self.refunded.map(|minor| stored_money(minor, self.currency)).transpose()
    }

    /// About how many bytes it takes up with its timeline.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        1024 + self.metadata.len() as u64
    }

    /// Whether there is a page to show to its buyer: a purge leaves Stripe's name of it, and not where it was.
    #[must_use]
    pub fn has_buyers_page(&self) -> bool {
        let was_made = self.purged_at.is_some() && self.stripe_link_id.is_some();
        self.stripe_url.is_some() || self.awaits_renewal() || was_made
    }

    /// What the merchant's software keeps with it.
    ///
    /// # Errors
    /// When the stored JSON is damaged.
    pub fn metadata(&self) -> Result<BTreeMap<String, String>, DbErr> {
        read_metadata(&self.metadata)
    }

    /// How much of what was paid went back.
    #[must_use]
    pub fn refund_state(&self) -> RefundState {
        self.refund_status.unwrap_or_else(|| refund_state(self.refunded.unwrap_or(0), self.amount.unwrap_or(i64::MAX)))
    }

    /// How its dispute stands, in Stripe's word; nothing where an earlier version has noted something else since.
    #[must_use]
    pub fn dispute_word(&self) -> Option<&str> {
        self.dispute_status.as_deref().filter(|word| self.dispute == Some(Dispute::from_stripe(word)))
    }

    /// Whether a delayed payment by this session did not settle, as far as we were told.
    #[must_use]
    pub fn has_failed(&self, session: &str) -> bool {
        self.failed_sessions.iter().flat_map(|sessions| sessions.lines()).any(|failed| failed == session)
    }

    /// Its state, with what is known of its payments.
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

/// What it takes to make a link.
#[derive(Debug)]
pub struct NewLink {
    /// Its id, chosen before, because its token and its document are named after it.
    pub id: LinkId,
    /// The merchant that owns it.
    pub merchant_id: MerchantId,
    /// What it is for.
    pub order_id: OrderId,
    /// The buyer's token.
    pub token: LinkToken,
    /// The number on the invoice.
    pub invoice_number: String,
    /// What is asked.
    pub money: Money,
    /// Where the upload lies.
    pub document: String,
    /// How many bytes the upload has.
    pub document_bytes: i64,
    /// When it closes by itself.
    pub expires_at: DateTime<Utc>,
    /// What the merchant's software keeps with it.
    pub metadata: BTreeMap<String, String>,
    /// How it may be paid.
    pub payment_methods: PaymentMethods,
    /// What it says of its reminders itself.
    pub reminding: OwnReminding,
    /// Who makes it, if it is somebody with a key.
    pub actor: Option<String>,
}

/// Writes a new link in `creating`. A second open link of the order runs into the key of `open_link`: see [`is_second_open`].
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn insert(tx: &Transaction, new: NewLink, now: DateTime<Utc>) -> Result<Model, DbErr> {
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
        tell_buyer: Set(false),
        stripe_attempt: Set(0),
        created_at: Set(now),
        expires_at: Set(new.expires_at),
        metadata: Set(stored_metadata(&new.metadata)?),
        payment_methods: Set(Some(new.payment_methods)),
        reminding: Set(Some(new.reminding).filter(|own| !own.is_empty())),
        ..Default::default()
    };
    let link = link.insert(tx).await?;
    crate::search::refresh_for(tx, &link).await?;
    let entry = timeline::NewEntry { actor: new.actor, ..timeline::NewEntry::new(link.id, "creating", None) };
    timeline::insert_all(tx, &[entry], now).await?;
    tx.changed(Change::link(ChangeKind::LinkCreated, &link, now));
    attention::resolve_wanted(tx, link.merchant_id, link.order_id, now).await?;
    Ok(link)
}

/// A link that is at Stripe and was forgotten here.
#[derive(Debug)]
pub struct LostLink {
    /// Its id, as Stripe knows it.
    pub id: LinkId,
    /// The merchant that owns it.
    pub merchant_id: MerchantId,
    /// What it is for.
    pub order_id: OrderId,
    /// The buyer's token.
    pub token: LinkToken,
    /// The number on the invoice.
    pub invoice_number: String,
    /// What is asked.
    pub money: Money,
    /// Whether it was made with a live key.
    pub livemode: bool,
    /// What is said of it to the merchant.
    pub failure: String,
}

/// Writes a link that was forgotten, in `failed`: it is closed at Stripe, and becomes `paid` if it was.
///
/// # Errors
/// When the database refuses or does not answer.
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
        // Where it would lie; what was uploaded is gone.
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
    note(tx, &link, now, "failed", Some(lost.failure)).await?;
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
    /// Where it lies.
    pub name: String,
    /// SHA-256 of it.
    pub sha256: Vec<u8>,
    /// How many pages it has.
    pub pages: i64,
    /// Where the picture of its first page lies, if it could be drawn.
    pub picture: Option<String>,
    /// What is doubtful about it.
    pub warnings: Vec<InvoiceWarning>,
}

/// Notes that a link's invoice is stored.
///
/// # Errors
/// When the database does not answer.
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
    note(tx, link, now, "invoice_stored", Some(pages)).await
}

/// Saves the number and the time of the next idempotency key for Stripe, before it is used; answers the number.
///
/// # Errors
/// When the database does not answer.
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

/// Notes that the buyer is to be told once the link is voided; answers the link with it.
///
/// # Errors
/// When the database does not answer.
pub async fn set_tell_buyer(db: &impl ConnectionTrait, link: &Model) -> Result<Model, DbErr> {
    Entity::update_many()
        .col_expr(Column::TellBuyer, Expr::value(true))
        .filter(Column::Id.eq(link.id))
        .exec(db)
        .await?;
    Ok(Model { tell_buyer: true, ..link.clone() })
}

/// Stops reminders of a link for good; `false` if they were stopped before.
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
