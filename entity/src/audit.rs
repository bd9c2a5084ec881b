//! The audit log: one entry for each change made by a person or a key.

use std::{borrow::Cow, collections::HashSet};

use chrono::{DateTime, Utc};
use sea_orm::{
    Condition, DbBackend, QueryOrder, QuerySelect, QueryTrait, Statement, entity::prelude::*, sea_query::IntoCondition,
};

use domain::{AuditEntryId, MerchantId, words};

/// Every operator, and alone who acts by the command line or with a key without a name.
pub const OPERATOR: &str = "operator";

words! {
    /// What is done, as the log writes it.
    pub enum AuditAction {
        /// A matter was settled.
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
        /// A conversation was made somebody's, or nobody's.
        ConversationAssign = "conversation.assign",
        /// A conversation was closed.
        ConversationClose = "conversation.close",
        /// A buyer may be texted again.
        ConversationOptIn = "conversation.opt_in",
        /// A buyer may not be texted any more.
        ConversationOptOut = "conversation.opt_out",
        /// A conversation was opened again.
        ConversationReopen = "conversation.reopen",
        /// A purchase of credits was begun.
        CreditsBuy = "credits.buy",
        /// The operator put a balance right.
        CreditsCorrect = "credits.correct",
        /// The operator topped credits up.
        CreditsTopUp = "credits.top_up",
        /// A dead job was thrown away.
        JobDiscard = "job.discard",
        /// A kind's or a merchant's jobs were paused.
        JobPause = "job.pause",
        /// They were resumed.
        JobResume = "job.resume",
        /// A dead job was made to be tried again.
        JobRetry = "job.retry",
        /// An invitation to a key was accepted.
        KeyAccept = "key.accept",
        /// An API key was made.
        KeyCreate = "key.create",
        /// Somebody was invited to a key.
        KeyInvite = "key.invite",
        /// An API key was revoked.
        KeyRevoke = "key.revoke",
        /// What is said of a link's reminders was changed.
        LinkChange = "link.change",
        /// A payment link was made.
        LinkCreate = "link.create",
        /// A link was marked as paid elsewhere.
        LinkMarkPaid = "link.mark_paid",
        /// A link was sent to its buyer.
        LinkSend = "link.send",
        /// That mark was taken back.
        LinkUnmarkPaid = "link.unmark_paid",
        /// A link was voided.
        LinkVoid = "link.void",
        /// A merchant's settings were changed.
        MerchantChange = "merchant.change",
        /// A merchant was made.
        MerchantCreate = "merchant.create",
        /// A merchant's logo was set or removed.
        MerchantLogo = "merchant.logo",
        /// A suspended merchant was resumed.
        MerchantResume = "merchant.resume",
        /// A merchant was suspended.
        MerchantSuspend = "merchant.suspend",
        /// A scheduled text was cancelled.
        MessageCancel = "message.cancel",
        /// It was found out whether a text had left.
        MessageResolve = "message.resolve",
        /// A text was written to a buyer.
        MessageSend = "message.send",
        /// An order was archived.
        OrderArchive = "order.archive",
        /// An order was changed.
        OrderChange = "order.change",
        /// An order was made.
        OrderCreate = "order.create",
        /// An order was taken back from the archive.
        OrderUnarchive = "order.unarchive",
        /// A secret was sealed under a new key.
        SecretsRotate = "secrets.rotate",
        /// Somebody signed in.
        SessionBegin = "session.begin",
        /// A session was ended.
        SessionEnd = "session.end",
        /// A carrier was connected.
        SmsConnect = "sms.connect",
        /// A carrier was disconnected.
        SmsDisconnect = "sms.disconnect",
        /// A signing secret of Stripe's was added.
        StripeAddWebhookSecret = "stripe.add_webhook_secret",
        /// A Stripe account was connected.
        StripeConnect = "stripe.connect",
        /// A Stripe account was disconnected.
        StripeDisconnect = "stripe.disconnect",
        /// A signing secret of Stripe's was dropped.
        StripeDropWebhookSecret = "stripe.drop_webhook_secret",
        /// Our endpoint was to be registered at Stripe.
        StripeRegisterWebhook = "stripe.register_webhook",
        /// A template was changed.
        TemplateChange = "template.change",
        /// A template was deleted.
        TemplateDelete = "template.delete",
        /// A webhook was delivered again.
        WebhookDeliveryRedeliver = "webhook_delivery.redeliver",
        /// A webhook endpoint was changed.
        WebhookEndpointChange = "webhook_endpoint.change",
        /// A webhook endpoint was made.
        WebhookEndpointCreate = "webhook_endpoint.create",
        /// A webhook endpoint was deleted.
        WebhookEndpointDelete = "webhook_endpoint.delete",
        /// What a webhook endpoint had missed was delivered again.
        WebhookEndpointRecover = "webhook_endpoint.recover",
        /// A webhook endpoint got another secret.
        WebhookEndpointRotateSecret = "webhook_endpoint.rotate_secret",
        /// A webhook event of Stripe's was replayed.
        WebhookEventReplay = "webhook_event.replay",
    }
}

/// One entry of the audit log.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEntryId,
    /// Whose affairs it was about.
    pub merchant_id: Option<MerchantId>,
    /// Who did it: `operator`, `operator:` and a name, or the id of an API key.
    pub actor: String,
    /// What was done: an [`AuditAction`], or one that a version before wrote.
    pub action: String,
    /// To what: an id.
    pub subject: String,
    /// The reason that was given.
    pub detail: Option<String>,
    /// When it happened.
    pub at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What somebody does, before it is written down.
#[derive(Debug, Clone)]
pub struct Act<'a> {
    merchant_id: Option<MerchantId>,
    actor: Cow<'a, str>,
    action: AuditAction,
    subject: String,
    detail: Option<String>,
}

impl<'a> Act<'a> {
    /// An act of a key, an operator or the system on the subject with this id.
    #[must_use]
    pub fn new(actor: impl Into<Cow<'a, str>>, action: AuditAction, subject: &impl ToString) -> Self {
        Self { merchant_id: None, actor: actor.into(), action, subject: subject.to_string(), detail: None }
    }

    /// An act of the operator by the command line, which names nobody.
    pub fn of_operator(
        merchant: impl Into<Option<MerchantId>>,
        action: AuditAction,
        subject: &impl ToString,
        detail: Option<String>,
    ) -> Self {
        Self::new(OPERATOR, action, subject).of_merchant(merchant).because(detail)
    }

    /// The merchant whose affairs it concerns.
    #[must_use]
    pub fn of_merchant(self, merchant: impl Into<Option<MerchantId>>) -> Self {
        Self { merchant_id: merchant.into(), ..self }
    }

    /// The reason that was given, or what else there is to say.
    #[must_use]
    pub fn because(self, detail: impl Into<Option<String>>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// As the log has it.
    pub(crate) fn entry(self, now: DateTime<Utc>) -> Model {
        Model {
            id: AuditEntryId::new(now),
            merchant_id: self.merchant_id,
            actor: self.actor.into_owned(),
            action: self.action.to_string(),
            subject: self.subject,
            detail: self.detail,
            at: now,
        }
    }
}

/// Writes an entry at once, in the transaction of the act itself; [`Transaction::done`](crate::Transaction::done) has the commit write it.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn record(db: &impl ConnectionTrait, act: Act<'_>, now: DateTime<Utc>) -> Result<(), DbErr> {
    db.execute_raw(insertion([act.entry(now)], db.get_database_backend())).await.map(|_| ())
}

/// Writes entries.
pub(crate) fn insertion(entries: impl IntoIterator<Item = Model>, backend: DbBackend) -> Statement {
    Entity::insert_many(entries.into_iter().map(|entry| ActiveModel::from(entry).reset_all())).build(backend)
}

/// What was done to a subject, oldest first. Operators only: it looks across merchants.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn of_subject(db: &impl ConnectionTrait, subject: &str) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Subject.eq(subject)).order_by_asc(Column::Id).all(db).await
}

/// To which of these something was done by somebody, as the log writes them.
pub(crate) async fn done_by<Id: ToString>(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    actor: &str,
    action: AuditAction,
    subjects: &[Id],
) -> Result<HashSet<String>, DbErr> {
    let found: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Subject)
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::Actor.eq(actor))
        .filter(Column::Action.eq(action.as_str()))
        .filter(Column::Subject.is_in(subjects.iter().map(ToString::to_string)))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}

/// Erases the reasons that were given for what was done to a subject: they may name anybody. Who did what and when stays.
pub(crate) async fn erase_details(db: &impl ConnectionTrait, subject: &str) -> Result<(), DbErr> {
    erase(db, Column::Subject.eq(subject)).await.map(|_| ())
}

/// The same for several subjects.
pub(crate) async fn erase_details_of(
    db: &impl ConnectionTrait,
    subjects: impl IntoIterator<Item = String>,
) -> Result<(), DbErr> {
    let subjects: Vec<String> = subjects.into_iter().collect();
    for some in subjects.chunks(MOST_SUBJECTS) {
        erase(db, Column::Subject.is_in(some.iter().map(String::as_str))).await?;
    }
    Ok(())
}

/// How many subjects one statement names.
const MOST_SUBJECTS: usize = 500;

/// What acts on what is a buyer's begin with.
const ABOUT_BUYERS: [&str; 5] = ["link.", "message.", "attention.", "conversation.", "order."];

/// Erases the reasons that were given before `cutoff` for what was done to what is buyers'; answers how many.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn erase_details_before(db: &impl ConnectionTrait, cutoff: DateTime<Utc>) -> Result<u64, DbErr> {
    let is_about_buyers =
        ABOUT_BUYERS.into_iter().fold(Condition::any(), |any, begin| any.add(Column::Action.starts_with(begin)));
    erase(db, Condition::all().add(Column::At.lte(cutoff)).add(is_about_buyers)).await
}

async fn erase(db: &impl ConnectionTrait, which: impl IntoCondition) -> Result<u64, DbErr> {
    Entity::update_many()
        .col_expr(Column::Detail, Expr::value(Option::<String>::None))
        .filter(Column::Detail.is_not_null())
        .filter(which.into_condition())
        .exec(db)
        .await
        .map(|result| result.rows_affected)
}

/// What is looked for in the log.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Whose affairs; absent: everybody's, which is for operators only.
    pub merchant: Option<MerchantId>,
    /// By whom.
    pub actor: Option<String>,
    /// To what.
    pub subject: Option<String>,
    /// To one of these; absent: whatever it was.
    pub subjects: Option<Vec<String>>,
    /// Only entries older than this one: the cursor.
    pub before: Option<AuditEntryId>,
    /// At most so many.
    pub limit: u64,
}

/// A page of the log, newest first.
///
/// # Errors
/// Returns an error if the database query fails.
pub async fn search(db: &impl ConnectionTrait, filter: AuditFilter) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if let Some(merchant) = filter.merchant {
        query = query.filter(Column::MerchantId.eq(merchant));
    }
    if let Some(actor) = filter.actor {
        query = query.filter(Column::Actor.eq(actor));
    }
    if let Some(subject) = filter.subject {
        query = query.filter(Column::Subject.eq(subject));
    }
    if let Some(subjects) = filter.subjects {
        query = query.filter(Column::Subject.is_in(subjects));
    }
    if let Some(before) = filter.before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(filter.limit).all(db).await
}
