//! How a merchant was paid without Stripe.

words! {
    /// How a merchant got the money without Stripe.
    pub enum ElsewhereMethod {
        /// Notes and coins.
        Cash = "cash",
        /// A transfer to their bank account.
        BankTransfer = "bank_transfer",
        /// A check.
        Check = "check",
        /// A card at a terminal of theirs.
        Terminal = "terminal",
        /// Some other way.
        Other = "other",
    }
}
