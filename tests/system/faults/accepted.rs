//! Everything that was answered with 2xx, and so must be kept.

use std::time::Duration;

use domain::link::Dispute;

use crate::support::INVOICE;

/// All that the callers of a test were answered for.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    pub(crate) orders: Vec<String>,
    pub(crate) links: Vec<AcceptedLink>,
    pub(crate) texts: Vec<AcceptedText>,
    /// How many calls were answered with 5xx. Nothing was accepted by those.
    pub(crate) refused: usize,
    /// How many calls were not answered at all.
    pub(crate) unanswered: usize,
    /// How long the slowest order took, from its first command to the end: that long something may have stood still.
    pub(crate) slowest: Duration,
}

/// A link that was accepted, and what happened to it then.
#[derive(Debug, Default)]
pub(crate) struct AcceptedLink {
    pub(crate) id: String,
    pub(crate) voided: bool,
    /// Stripe has taken the buyer's money.
    pub(crate) paid: bool,
    /// It was paid in cash, and that was not taken back; what was taken back is `voided`.
    pub(crate) elsewhere: bool,
    /// How much of it Stripe has given back for good.
    pub(crate) refunded: Option<i64>,
    /// How a dispute of it stands at Stripe.
    pub(crate) dispute: Option<Dispute>,
    /// The invoice that was uploaded for it: see [`invoice_of`]. Without one it is the order's details page.
    pub(crate) invoice: Option<u32>,
}

#[derive(Debug)]
pub(crate) struct AcceptedText {
    pub(crate) id: String,
    pub(crate) phone: String,
    /// It was to be sent later, and was taken back before.
    pub(crate) cancelled: bool,
}

impl Accepted {
    /// With what was accepted of somebody else.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.orders.extend(other.orders);
        self.links.extend(other.links);
        self.texts.extend(other.texts);
        self.refused += other.refused;
        self.unanswered += other.unanswered;
        self.slowest = self.slowest.max(other.slowest);
        self
    }

    pub(crate) fn link(&mut self, id: &str) {
        let link = AcceptedLink { id: id.to_owned(), ..AcceptedLink::default() };
        self.links.push(link);
    }

    pub(crate) fn text(&mut self, id: &str, phone: &str) {
        self.texts.push(AcceptedText { id: id.to_owned(), phone: phone.to_owned(), cancelled: false });
    }

    /// A text was accepted for later, and taken back.
    pub(crate) fn cancelled_text(&mut self, id: &str, phone: &str) {
        self.texts.push(AcceptedText { id: id.to_owned(), phone: phone.to_owned(), cancelled: true });
    }
}

/// An invoice that no other link has: the number of it stands behind the end of the PDF.
pub(crate) fn invoice_of(number: u32) -> Vec<u8> {
    [INVOICE, format!("\n% {number}\n").as_bytes()].concat()
}
