//! Creating links.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{ActiveModel, Model, PaidElsewhere, RETENTION, TimelineEvent, note, timeline};
use crate::{
    Documents, Order, Transaction, attention,
    change::{Change, ChangeKind},
    json_column::stored_json,
};
use domain::{LinkId, LinkState, LinkToken, MerchantId, Money, OrderId, OwnReminding, PaymentMethods};

/// The data of a new link.
#[derive(Debug)]
pub struct NewLink {
    /// Its id, chosen before because its token and its document are named after it.
    pub id: LinkId,
    /// The link's merchant.
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
    let (link, order) = insert_for_order(tx, link, now).await?;
    let entry =
        timeline::NewEntry { actor: new.actor, ..timeline::NewEntry::new(link.id, TimelineEvent::Creating, None) };
    timeline::insert_all(tx, &[entry], now).await?;
    Ok((link, order))
}

/// A payment for an order that was not requested by a link.
#[derive(Debug)]
pub struct PaidOrder {
    /// The link's id.
    pub id: LinkId,
    /// The merchant that owns the order.
    pub merchant_id: MerchantId,
    /// The order.
    pub order_id: OrderId,
    /// The token of the page on which the buyer gets the receipt.
    pub token: LinkToken,
    /// The number of the merchant's invoice.
    pub invoice_number: String,
    /// The amount.
    pub money: Money,
    /// How it was paid.
    pub paid: PaidElsewhere,
}

/// Inserts the link of a payment that was not requested by a link, in `settling`, and returns its order, locked until
/// the transaction ends. The link never exists at Stripe; [`CloseConfirmed`](domain::link::LinkEvent::CloseConfirmed)
/// marks it as paid. Fails if the order has an open link: see [`is_second_open`].
pub async fn insert_paid_elsewhere(
    tx: &Transaction,
    new: PaidOrder,
    now: DateTime<Utc>,
) -> Result<(Model, Option<Order>), DbErr> {
    let link = ActiveModel {
        id: Set(new.id),
        merchant_id: Set(new.merchant_id),
        order_id: Set(new.order_id),
        state: Set(LinkState::Settling),
        token_hash: Set(new.token.hash()),
        invoice_number: Set(Some(new.invoice_number)),
        amount: Set(Some(new.money.minor())),
        currency: Set(new.money.currency()),
        // The name of a document that does not exist, since there is no invoice.
        document: Set(Some(Documents::invoice_name(new.merchant_id, new.id))),
        document_bytes: Set(0),
        stripe_attempt: Set(0),
        created_at: Set(now),
        expires_at: Set(now),
        elsewhere_method: Set(Some(new.paid.method)),
        elsewhere_on: Set(Some(new.paid.on.to_string())),
        elsewhere_note: Set(new.paid.note),
        elsewhere_actor: Set(Some(new.paid.actor)),
        tell_buyer: Set(false),
        metadata: Set("{}".to_owned()),
        ..Default::default()
    };
    insert_for_order(tx, link, now).await
}

/// Inserts a link, makes its order findable by it, and resolves matters that asked for a link. Returns both.
async fn insert_for_order(
    tx: &Transaction,
    link: ActiveModel,
    now: DateTime<Utc>,
) -> Result<(Model, Option<Order>), DbErr> {
    let link = link.insert(tx).await?;
    let order = crate::search::refresh_for(tx, &link).await?;
    tx.changed(Change::link(ChangeKind::LinkCreated, &link, now));
    attention::resolve_wanted(tx, link.merchant_id, link.order_id, now).await?;
    Ok((link, order))
}

/// A link that exists at Stripe and was lost here.
#[derive(Debug)]
pub struct LostLink {
    /// Its id, as known to Stripe.
    pub id: LinkId,
    /// The link's merchant.
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
