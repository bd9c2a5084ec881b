//! Explains the states of texts and links.

use domain::{LinkState, link::Dispute, message::MessageStatus};
use entity::{Message, link};

use super::when;

/// Whether a text may still be sent, or may have been.
pub(super) const fn is_under_way(message: &Message) -> bool {
    match message.status {
        MessageStatus::Scheduled | MessageStatus::Queued | MessageStatus::Sending | MessageStatus::Unknown => true,
        MessageStatus::Received
        | MessageStatus::Sent
        | MessageStatus::Delivered
        | MessageStatus::Undelivered
        | MessageStatus::Failed
        | MessageStatus::Cancelled => false,
    }
}

pub(super) fn of_message(message: &Message) -> Vec<String> {
    let mut told = vec![
        match message.status {
            MessageStatus::Received => "the buyer sent it",
            MessageStatus::Scheduled => "it waits for its time",
            MessageStatus::Queued => "it waits to be handed to the carrier",
            MessageStatus::Sending => "it is being handed to the carrier",
            MessageStatus::Unknown => {
                "nobody knows whether the carrier took it; it is not sent again, and is settled by the carrier's record or a person"
            }
            MessageStatus::Sent => "the carrier took it, and has not said that it arrived",
            MessageStatus::Delivered => "it reached the phone",
            MessageStatus::Undelivered => "the carrier took it, and could not deliver it",
            MessageStatus::Failed => "it was not sent, and its credits were given back",
            MessageStatus::Cancelled => "it was taken back before its time had come, and its credits were given back",
        }
        .to_owned(),
    ];
    told.extend(message.error.as_ref().map(|why| format!("because: {why}")));
    told.extend(message.scheduled_for.map(|at| format!("not to be sent before {}", when(at))));
    told.extend(message.sent_at.map(|at| format!("taken by the carrier at {}", when(at))));
    told.extend(message.delivered_at.map(|at| format!("arrived at {}", when(at))));
    told.extend(message.carrier_id.as_ref().map(|id| format!("the carrier knows it as {id}")));
    told.extend(
        message
            .parked_at
            .map(|at| format!("left to a person since {}: paylink messages resolve {}", when(at), message.id)),
    );
    told
}

pub(super) fn of_link(link: &link::Model) -> Vec<String> {
    let mut told = vec![
        match link.state {
            LinkState::Creating => "its invoice is being stored and Stripe asked",
            LinkState::Failed => "it could not be made",
            LinkState::Unpaid => "it can be paid",
            LinkState::Processing => "a payment is under way that settles later",
            LinkState::Voided if was_never_asked(link) => "the merchant took back that its order was paid",
            LinkState::Paid => "it is paid",
            LinkState::Voiding => "the merchant voided it, and Stripe has not confirmed it yet",
            LinkState::Voided => "the merchant voided it, and Stripe confirmed it",
            LinkState::Expiring => "its time is over, and Stripe has not confirmed it yet",
            LinkState::Expired => "its time is over, and Stripe confirmed it",
            LinkState::Settling => {
                "the merchant says that they have the money, and Stripe has not confirmed yet that nobody can pay it there too; then it is paid"
            }
        }
        .to_owned(),
    ];
    told.extend(link.failure.as_ref().map(|why| format!("because: {why}")));
    told.extend(link.review.map(|review| format!("a person should look: {}", review.sentence())));
    told.extend(link.dispute.map(|dispute| of_dispute(dispute, link.dispute_word())));
    told.extend(link.dispute_due().map(|at| format!("the dispute has to be answered at Stripe by {}", when(at))));
    told.extend(link.stripe_link_id.as_ref().map(|id| format!("Stripe knows it as {id}")));
    if was_never_asked(link) {
        told.push("no link asked for it, and Stripe does not know of it".to_owned());
    }
    told.extend(link.purged_at.map(|at| format!("its contents were erased at {}", when(at))));
    told
}

/// Whether it stands for a payment that no link asked for.
const fn was_never_asked(link: &link::Model) -> bool {
    link.stripe_link_id.is_none() && link.elsewhere_method.is_some()
}

fn of_dispute(dispute: Dispute, word: Option<&str>) -> String {
    let stands = match dispute {
        Dispute::Open if word.is_some_and(|word| word.starts_with("warning_")) => {
            "the buyer's bank asks about the payment, and no money was taken so far"
        }
        Dispute::Open => "the buyer's bank wants the money back, and it is not decided",
        Dispute::Won => "the buyer's bank wanted the money back, and the merchant keeps it",
        Dispute::Lost => "the buyer's bank has taken the money back",
        Dispute::Closed => "the buyer's bank asked about the payment, and it came to no chargeback",
    };
    word.map_or_else(|| stands.to_owned(), |word| format!("{stands} (Stripe says {word})"))
}
