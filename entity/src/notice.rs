//! Notices about an order in addition to its tag: a refund, a dispute, an undelivered text, an unread message.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use sea_orm::{QueryOrder, entity::prelude::*};

use crate::{Order, conversation, link, message};
use domain::{
    LinkId, LinkState, MerchantId, OrderId, PhoneNumber, Vault,
    link::{
        Dispute,
        money_back::{RefundState, RefundStatus, UnfinishedRefund},
    },
    message::MessageStatus,
    words,
};

words! {
    /// A notice about an order.
    pub enum Notice {
        /// The payment was refunded in full.
        Refunded = "refunded",
        /// The payment was refunded in part.
        PartlyRefunded = "partly_refunded",
        /// A refund is pending.
        RefundPending = "refund_pending",
        /// A refund failed, so the merchant has the money again.
        RefundFailed = "refund_failed",
        /// The buyer's bank demands the money back.
        Disputed = "disputed",
        /// The buyer's bank has only inquired about the payment so far.
        Inquiry = "inquiry",
        /// The buyer's bank took the money back.
        DisputeLost = "dispute_lost",
        /// The merchant won the dispute and keeps the money.
        DisputeWon = "dispute_won",
        /// A dispute was prevented before it was opened.
        DisputePrevented = "dispute_prevented",
        /// The buyer's bank inquired about the payment and did not pursue it.
        InquiryClosed = "inquiry_closed",
        /// The buyer's bank disputed the payment and took no money.
        DisputeClosed = "dispute_closed",
        /// A payment needs a review by a person.
        Review = "review",
        /// The buyer has paid, and their bank has not confirmed it yet.
        Processing = "processing",
        /// It is unpaid, and its due date is over.
        Overdue = "overdue",
        /// The buyer's bank did not pay.
        PaymentFailed = "payment_failed",
        /// The link could not be created, or is stuck.
        LinkFailed = "link_failed",
        /// The last text with the link did not reach the buyer.
        NotDelivered = "not_delivered",
        /// The last text with the link may not have been sent.
        DeliveryUnknown = "delivery_unknown",
        /// The buyer does not recognise the link.
        Unrecognised = "unrecognised",
        /// The buyer has sent a message that is unread.
        Unread = "unread",
    }
}

/// The notices of these orders, as of this day of the merchant's. Orders without any are left out.
pub async fn of_orders(
    db: &impl ConnectionTrait,
    vault: &Vault,
    owner: (MerchantId, NaiveDate),
    orders: &[Order],
) -> Result<HashMap<OrderId, Vec<Notice>>, DbErr> {
    if orders.is_empty() {
        return Ok(HashMap::new());
    }
    let (merchant, today) = owner;
    let links = link::plain()
        .filter(link::Column::MerchantId.eq(merchant))
        .filter(link::Column::OrderId.is_in(orders.iter().map(|order| order.id)))
        .order_by_desc(link::Column::Id)
        .all(db)
        .await?;
    let waiting = links.iter().filter(|link| link.state == LinkState::Unpaid).map(|link| link.id);
    let texts = message::last_of_links(db, merchant, waiting).await?;
    let refunds = link::unfinished_refunds(db, &links).await?;
    let phones: Vec<&PhoneNumber> = orders.iter().filter_map(|order| order.customer_phone.as_ref()).collect();
    let unread = conversation::unread_of(db, vault, merchant, phones).await?;
    let mut by_order: HashMap<OrderId, Vec<&link::Model>> = HashMap::new();
    for link in &links {
        by_order.entry(link.order_id).or_default().push(link);
    }
    let is_unread = |order: &Order| {
        let mut forms = order.customer_phone.iter().flat_map(PhoneNumber::forms);
        forms.any(|form| unread.contains(&vault.phone_hash(merchant, &form)))
    };
    let of_order = |order: &Order| {
        let links = by_order.get(&order.id).map(Vec::as_slice).unwrap_or_default();
        let mut notices = of_links(links, &texts, &refunds);
        notices.extend(order.is_overdue(today).then_some(Notice::Overdue));
        notices.extend(is_unread(order).then_some(Notice::Unread));
        (order.id, notices)
    };
    Ok(orders.iter().map(of_order).collect())
}

/// The notices about an order's links, which come newest first.
fn of_links(
    links: &[&link::Model],
    texts: &HashMap<LinkId, MessageStatus>,
    refunds: &HashMap<LinkId, UnfinishedRefund>,
) -> Vec<Notice> {
    let mut notices = HashSet::new();
    for link in links {
        notices.extend(match link.refund_state() {
            RefundState::Full => Some(Notice::Refunded),
            RefundState::Partial => Some(Notice::PartlyRefunded),
            RefundState::None => None,
        });
        notices.extend(refunds.get(&link.id).and_then(|refund| match refund.status {
            RefundStatus::Pending => Some(Notice::RefundPending),
            RefundStatus::Failed => Some(Notice::RefundFailed),
            RefundStatus::Succeeded => None,
        }));
        notices.extend(link.dispute.map(|dispute| of_dispute(dispute, link)));
        notices.extend(link.review.map(|_| Notice::Review));
    }
    if let Some(newest) = links.first() {
        notices.extend(newest.failure.as_ref().map(|_| Notice::LinkFailed));
        notices.extend((newest.state == LinkState::Processing).then_some(Notice::Processing));
        if newest.state == LinkState::Unpaid {
            notices.extend(newest.failed_sessions.as_ref().map(|_| Notice::PaymentFailed));
            notices.extend(newest.unrecognised_at.map(|_| Notice::Unrecognised));
            notices.extend(texts.get(&newest.id).and_then(|status| match status {
                MessageStatus::Undelivered | MessageStatus::Failed => Some(Notice::NotDelivered),
                MessageStatus::Unknown => Some(Notice::DeliveryUnknown),
                MessageStatus::Received
                | MessageStatus::Scheduled
                | MessageStatus::Cancelled
                | MessageStatus::Queued
                | MessageStatus::Sending
                | MessageStatus::Sent
                | MessageStatus::Delivered => None,
            }));
        }
    }
    Notice::ALL.iter().copied().filter(|notice| notices.contains(notice)).collect()
}

/// The notice about a dispute, which stays after the dispute is over.
fn of_dispute(dispute: Dispute, link: &link::Model) -> Notice {
    match (dispute, link.dispute_word()) {
        (Dispute::Open, _) if link.is_asked_about() => Notice::Inquiry,
        (Dispute::Open, _) => Notice::Disputed,
        (Dispute::Lost, _) => Notice::DisputeLost,
        (Dispute::Won, _) => Notice::DisputeWon,
        (Dispute::Closed, Some("prevented")) => Notice::DisputePrevented,
        (Dispute::Closed, Some("warning_closed")) => Notice::InquiryClosed,
        (Dispute::Closed, _) => Notice::DisputeClosed,
    }
}
