//! Why a person should look at a payment.

words! {
    /// A reason for a person to look at the payment in Stripe's dashboard.
    pub enum Review {
        /// The buyer paid although the link was voided, was being voided, or had failed.
        PaidAfterVoid = "paid_after_void",
        /// The buyer paid although the link had expired.
        PaidAfterExpiry = "paid_after_expiry",
        /// The buyer paid a different amount than requested, or paid twice.
        AmountMismatch = "amount_mismatch",
        /// The buyer paid in a different currency than requested.
        CurrencyMismatch = "currency_mismatch",
        /// A test payment for a live link, or the reverse.
        LivemodeMismatch = "livemode_mismatch",
        /// The merchant was paid in another way, and the buyer also paid at Stripe.
        PaidTwice = "paid_twice",
    }
}

impl Review {
    /// What it means and what to do about it.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::PaidAfterVoid => {
                "The buyer paid although the link was withdrawn. Keep the payment or refund it in Stripe's dashboard."
            }
            Self::PaidAfterExpiry => {
                "The buyer paid after the link's time was over. Keep the payment or refund it in Stripe's dashboard."
            }
            Self::AmountMismatch => {
                "The buyer paid another amount than was asked, or more than once. Look at the payments in Stripe's dashboard."
            }
            Self::CurrencyMismatch => {
                "The buyer paid in another currency than was asked. Look at the payment in Stripe's dashboard."
            }
            Self::LivemodeMismatch => {
                "A test payment came for a live link, or the reverse: test and live keys are mixed up in the settings."
            }
            Self::PaidTwice => {
                "The buyer paid at Stripe although you had marked the link as paid elsewhere. Refund one of the two payments."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_review_says_in_a_sentence_of_its_own_what_to_do() {
        let sentences: std::collections::BTreeSet<_> = Review::ALL.iter().map(|review| review.sentence()).collect();
        assert_eq!(sentences.len(), Review::ALL.len());
        assert!(Review::PaidTwice.sentence().contains("Refund one of the two payments"));
    }
}
