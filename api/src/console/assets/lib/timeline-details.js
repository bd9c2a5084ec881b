// The details of entries of a timeline that are read again here, as domain/src/link/timeline_detail.rs writes them: a test ties each to it.

/** How a payment was learned of and its ids; what Stripe has confirmed; the link that was made there. */
export const PAYMENT = /^source = (\w+), (.+)$/;
export const CONFIRMED = /^Stripe confirmed: (.+)$/;
export const MADE = /^made at Stripe: (\w+)$/;
/** In what way the money came without Stripe, the day, and the merchant's note. */
export const ELSEWHERE = /^(cash|bank transfer|check|terminal|other) on (\d{4}-\d{2}-\d{2})(?:: (.+))?$/s;
/** Why a bank asks, and of which other payment. */
export const OF_ANOTHER = /^(?:(.*), )?of (pi_\w+)$/;
/** Among why it asks: no money is gone. */
export const INQUIRY = "an inquiry";
/** What was refunded, and of which other payment. */
export const WENT_BACK = /^(\d[\d,]*(?:\.\d+)?) ([A-Z]{3})(?: of (pi_\w+))?$/;
