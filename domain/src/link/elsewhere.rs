//! Payments that a merchant received outside Stripe.

words! {
    /// How a merchant was paid outside Stripe.
    pub enum ElsewhereMethod {
        /// Cash.
        Cash = "cash",
        /// A transfer to their bank account.
        BankTransfer = "bank_transfer",
        /// A check.
        Check = "check",
        /// A card at their own terminal.
        Terminal = "terminal",
        /// Another way.
        Other = "other",
    }
}
