//! What Stripe reports about a payment after it was made: refunds, charges' refund totals and disputes. Also further
//! payments of a link that is already paid.
//!
//! A fact may arrive before its payment, which names the link. Until then the fact has no link; if it never gets one,
//! the payment belongs to other software. Refunds known so far are the last total that a charge reported.

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
