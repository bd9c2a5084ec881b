//! What may become of the money after it has come: refunds and disputes. Shown here, made at Stripe.

use crate::column::words;

words! {
    /// How a dispute stands.
    pub enum Dispute {
        /// The buyer's bank wants the money back, and it is not decided.
        Open = "open",
        /// The merchant keeps the money.
        Won = "won",
        /// The buyer has it back.
        Lost = "lost",
        /// It was an inquiry that came to nothing.
        Closed = "closed",
    }
}
