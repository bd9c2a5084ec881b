//! What was answered with 2xx, and so has to be kept.

/// Every promise that was made to the callers of a test.
#[derive(Debug, Default)]
pub(crate) struct Promised {
    pub(crate) orders: Vec<String>,
    pub(crate) links: Vec<PromisedLink>,
    pub(crate) texts: Vec<PromisedText>,
    /// How many calls were answered with 5xx. Nothing was promised by those.
    pub(crate) refused: usize,
    /// How many calls were not answered at all.
    pub(crate) unanswered: usize,
}

/// A link that was promised, and what happened to it then.
#[derive(Debug)]
pub(crate) struct PromisedLink {
    pub(crate) id: String,
    /// A void was promised.
    pub(crate) voided: bool,
    /// Stripe has taken the buyer's money.
    pub(crate) paid: bool,
}

/// A text that was promised.
#[derive(Debug)]
pub(crate) struct PromisedText {
    pub(crate) id: String,
    pub(crate) phone: String,
}

impl Promised {
    /// With the promises that were made to somebody else.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.orders.extend(other.orders);
        self.links.extend(other.links);
        self.texts.extend(other.texts);
        self.refused += other.refused;
        self.unanswered += other.unanswered;
        self
    }

    /// A link was promised.
    pub(crate) fn link(&mut self, id: &str) {
        self.links.push(PromisedLink { id: id.to_owned(), voided: false, paid: false });
    }

    /// A text was promised.
    pub(crate) fn text(&mut self, id: &str, phone: &str) {
        self.texts.push(PromisedText { id: id.to_owned(), phone: phone.to_owned() });
    }
}
