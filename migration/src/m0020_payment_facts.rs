//! What Stripe tells of a payment after it was made: refunds, the sums of refunds that charges tell, and disputes; and payments of a
//! link that is paid already.
//!
//! A fact may come before the payment that it is about, which names the link: until then it has none, and one that never gets one was
//! about a payment of other software. What was known of refunds so far is the sum that a charge told last.

crate::dialect::sql_step!(
    "
CREATE TABLE payment_fact (
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    kind text NOT NULL CHECK (kind IN ('refund', 'refund_sum', 'dispute')),
    id text NOT NULL,
    payment_intent text NOT NULL,
    link_id {id} REFERENCES payment_link (id),
    amount {int} CHECK (amount >= 0),
    currency text,
    status text NOT NULL,
    reason text,
    made_at {time} NOT NULL,
    told_at {time} NOT NULL,
    failed_at {time},
    heard_at {time} NOT NULL,
    PRIMARY KEY (merchant_id, kind, id)
);
CREATE INDEX payment_fact_of_link ON payment_fact (link_id) WHERE link_id IS NOT NULL;
CREATE INDEX payment_fact_of_no_link ON payment_fact (merchant_id, payment_intent) WHERE link_id IS NULL;

CREATE TABLE further_payment (
    link_id {id} NOT NULL REFERENCES payment_link (id),
    session text NOT NULL,
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    payment_intent text,
    amount {int} CHECK (amount >= 0),
    currency text,
    at {time} NOT NULL,
    PRIMARY KEY (link_id, session)
);
CREATE INDEX further_payment_by_intent ON further_payment (merchant_id, payment_intent)
    WHERE payment_intent IS NOT NULL;

ALTER TABLE payment_link ADD COLUMN refund_status text CHECK (refund_status IN ('none', 'partial', 'full'));

INSERT INTO payment_fact
    (merchant_id, kind, id, payment_intent, link_id, amount, currency, status, made_at, told_at, heard_at)
SELECT merchant_id, 'refund_sum', stripe_payment_intent, stripe_payment_intent, id, refunded, currency,
    CASE WHEN refunded >= amount THEN 'full' ELSE 'partial' END,
    told_at, told_at, told_at
FROM (SELECT payment_link.*, COALESCE(
        (SELECT max(at) FROM link_event WHERE link_event.link_id = payment_link.id AND event = 'refunded'),
        payment_link.paid_at, payment_link.created_at) AS told_at
    FROM payment_link WHERE refunded IS NOT NULL AND stripe_payment_intent IS NOT NULL) AS known;

INSERT INTO payment_fact
    (merchant_id, kind, id, payment_intent, link_id, status, made_at, told_at, heard_at)
SELECT merchant_id, 'dispute', stripe_payment_intent, stripe_payment_intent, id,
    CASE dispute WHEN 'open' THEN 'needs_response' WHEN 'closed' THEN 'warning_closed' ELSE dispute END,
    disputed_at, disputed_at, disputed_at
FROM payment_link WHERE dispute IS NOT NULL AND disputed_at IS NOT NULL AND stripe_payment_intent IS NOT NULL
"
);
