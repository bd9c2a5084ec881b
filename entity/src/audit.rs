//! The audit log: one entry for each change made by a person or a key.

mod erase;
mod search;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use sea_orm::{DbBackend, QueryTrait, Statement, entity::prelude::*};

pub use erase::erase_details_before;
pub(crate) use erase::{erase_details, erase_details_of};
pub(crate) use search::done_by;
pub use search::{AuditFilter, of_subject, search};

use domain::{AuditEntryId, BatchId, MerchantId, words};

/// The actor of operators on the command line or with an unnamed key, and the prefix of all operators' names.
pub const OPERATOR: &str = "operator";

words! {
    /// The actions in the log.
    pub enum AuditAction {
        /// A matter was resolved.
        AttentionResolve = "attention.resolve",
        /// A batch was cancelled.
        BatchCancel = "batch.cancel",
        /// A batch was checked.
        BatchCreate = "batch.create",
        /// A batch was paused.
        BatchPause = "batch.pause",
        /// A batch was resumed.
        BatchResume = "batch.resume",
        /// A batch was started.
        BatchStart = "batch.start",
        /// A buyer was erased.
        BuyerErase = "buyer.erase",
        /// A conversation was assigned or unassigned.
        ConversationAssign = "conversation.assign",
        /// A conversation was closed.
        ConversationClose = "conversation.close",
        /// A buyer was opted in to texts again.
        ConversationOptIn = "conversation.opt_in",
        /// A buyer was opted out of texts.
        ConversationOptOut = "conversation.opt_out",
        /// A conversation was reopened.
        ConversationReopen = "conversation.reopen",
        /// A purchase of credits was started.
        CreditsBuy = "credits.buy",
        /// The operator corrected a balance.
        CreditsCorrect = "credits.correct",
        /// The operator topped up credits.
        CreditsTopUp = "credits.top_up",
        /// A dead job was discarded.
        JobDiscard = "job.discard",
        /// Jobs of a kind or of a merchant were paused.
        JobPause = "job.pause",
        /// Paused jobs were resumed.
        JobResume = "job.resume",
        /// A dead job was retried.
        JobRetry = "job.retry",
        /// An invitation to a key was accepted.
        KeyAccept = "key.accept",
        /// An API key was created.
        KeyCreate = "key.create",
        /// An invitation to a key was created.
        KeyInvite = "key.invite",
        /// An API key was revoked.
        KeyRevoke = "key.revoke",
        /// A link's reminder settings were changed.
        LinkChange = "link.change",
        /// A payment link was created.
        LinkCreate = "link.create",
        /// A link was marked as paid elsewhere.
        LinkMarkPaid = "link.mark_paid",
        /// A link was sent to its buyer.
        LinkSend = "link.send",
        /// A mark as paid elsewhere was removed.
        LinkUnmarkPaid = "link.unmark_paid",
        /// A link was voided.
        LinkVoid = "link.void",
        /// A merchant's settings were changed.
        MerchantChange = "merchant.change",
        /// A merchant was created.
        MerchantCreate = "merchant.create",
        /// A merchant's logo was set or removed.
        MerchantLogo = "merchant.logo",
        /// A suspended merchant was resumed.
        MerchantResume = "merchant.resume",
        /// A merchant was suspended.
        MerchantSuspend = "merchant.suspend",
        /// A scheduled text was cancelled.
        MessageCancel = "message.cancel",
        /// An unknown delivery was resolved: a person found out whether the text was sent.
        MessageResolve = "message.resolve",
        /// A text was sent to a buyer.
        MessageSend = "message.send",
        /// An order was archived.
        OrderArchive = "order.archive",
        /// An order was changed.
        OrderChange = "order.change",
        /// An order was created.
        OrderCreate = "order.create",
        /// An order was unarchived.
        OrderUnarchive = "order.unarchive",
        /// A secret was sealed under a new key.
        SecretsRotate = "secrets.rotate",
        /// A person signed in.
        SessionBegin = "session.begin",
        /// A session was ended.
        SessionEnd = "session.end",
        /// A carrier was connected.
        SmsConnect = "sms.connect",
        /// A carrier was disconnected.
        SmsDisconnect = "sms.disconnect",
        /// A Stripe signing secret was added.
        StripeAddWebhookSecret = "stripe.add_webhook_secret",
        /// A Stripe account was connected.
        StripeConnect = "stripe.connect",
        /// A Stripe account was disconnected.
        StripeDisconnect = "stripe.disconnect",
        /// A Stripe signing secret was dropped.
        StripeDropWebhookSecret = "stripe.drop_webhook_secret",
        /// The registration of our webhook endpoint at Stripe was requested.
        StripeRegisterWebhook = "stripe.register_webhook",
        /// A template was changed.
        TemplateChange = "template.change",
        /// A template was deleted.
        TemplateDelete = "template.delete",
        /// A webhook was redelivered.
        WebhookDeliveryRedeliver = "webhook_delivery.redeliver",
        /// A webhook endpoint was changed.
        WebhookEndpointChange = "webhook_endpoint.change",
        /// A webhook endpoint was created.
        WebhookEndpointCreate = "webhook_endpoint.create",
        /// A webhook endpoint was deleted.
        WebhookEndpointDelete = "webhook_endpoint.delete",
        /// Missed webhooks of an endpoint were redelivered.
        WebhookEndpointRecover = "webhook_endpoint.recover",
        /// A webhook endpoint's secret was rotated.
        WebhookEndpointRotateSecret = "webhook_endpoint.rotate_secret",
        /// A Stripe webhook event was replayed.
        WebhookEventReplay = "webhook_event.replay",
    }
}

/// An entry of the audit log.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    /// The id of the entry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEntryId,
    /// The merchant it concerns.
    pub merchant_id: Option<MerchantId>,
    /// Who did it: `operator`, `operator:` and a name, or the id of an API key.
    pub actor: String,
    /// What was done: an [`AuditAction`], or one of an earlier version.
    pub action: String,
    /// The id of what it was done to.
    pub subject: String,
    /// The reason that was given.
    pub detail: Option<String>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The batch whose row it was done for.
    pub batch_id: Option<BatchId>,
}

impl ActiveModelBehavior for ActiveModel {}

/// An action to log.
#[derive(Debug, Clone)]
pub struct Act<'a> {
    merchant_id: Option<MerchantId>,
    actor: Cow<'a, str>,
    action: AuditAction,
    subject: String,
    detail: Option<String>,
    batch_id: Option<BatchId>,
}

impl<'a> Act<'a> {
    /// An act of a key, an operator or the system on the subject with this id.
    #[must_use]
    pub fn new(actor: impl Into<Cow<'a, str>>, action: AuditAction, subject: &impl ToString) -> Self {
        let (actor, subject) = (actor.into(), subject.to_string());
        Self { merchant_id: None, actor, action, subject, detail: None, batch_id: None }
    }

    /// An action of the operator on the command line, who has no name.
    pub fn of_operator(
        merchant: impl Into<Option<MerchantId>>,
        action: AuditAction,
        subject: &impl ToString,
        detail: Option<String>,
    ) -> Self {
        Self::new(OPERATOR, action, subject).of_merchant(merchant).because(detail)
    }

    /// Sets the merchant it concerns.
    #[must_use]
    pub fn of_merchant(self, merchant: impl Into<Option<MerchantId>>) -> Self {
        Self { merchant_id: merchant.into(), ..self }
    }

    /// Sets the reason, or other details.
    #[must_use]
    pub fn because(self, detail: impl Into<Option<String>>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// Sets the batch whose row it is done for.
    #[must_use]
    pub fn for_row_of(self, batch: BatchId) -> Self {
        Self { batch_id: Some(batch), ..self }
    }

    /// The entry in the log.
    pub(crate) fn entry(self, now: DateTime<Utc>) -> Model {
        Model {
            id: AuditEntryId::new(now),
            merchant_id: self.merchant_id,
            actor: self.actor.into_owned(),
            action: self.action.to_string(),
            subject: self.subject,
            detail: self.detail,
            at: now,
            batch_id: self.batch_id,
        }
    }
}

/// Writes an entry at once, in the transaction of the act itself. [`Transaction::done`](crate::Transaction::done)
/// writes it with the commit instead.
pub async fn record(db: &impl ConnectionTrait, act: Act<'_>, now: DateTime<Utc>) -> Result<(), DbErr> {
    db.execute_raw(insertion([act.entry(now)], db.get_database_backend())).await.map(|_| ())
}

/// The statement that inserts entries.
pub(crate) fn insertion(entries: impl IntoIterator<Item = Model>, backend: DbBackend) -> Statement {
    Entity::insert_many(entries.into_iter().map(|entry| ActiveModel::from(entry).reset_all())).build(backend)
}
