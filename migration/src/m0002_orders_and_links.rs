//! Orders, payment links and their timelines.
//!
//! `payment_link_one_open` enforces "at most one open link per order". The CHECKs say what each state requires, and
//! what a purge must have erased.

crate::dialect::sql_step!(
    "
CREATE TABLE orders (
    id {id} PRIMARY KEY,
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    number text NOT NULL CHECK (length(number) > 0),
    customer_name text NOT NULL,
    customer_phone text,
    amount {int} NOT NULL CHECK (amount > 0),
    currency text NOT NULL CHECK (length(currency) = 3),
    details text NOT NULL,
    tag text NOT NULL CHECK (tag IN ('none', 'unpaid', 'paid')),
    created_at {time} NOT NULL
);
CREATE INDEX orders_by_merchant ON orders (merchant_id, id);

CREATE TABLE payment_link (
    id {id} PRIMARY KEY,
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    order_id {id} NOT NULL REFERENCES orders (id),
    state text NOT NULL CHECK (state IN
        ('creating', 'failed', 'unpaid', 'processing', 'paid', 'voiding', 'voided', 'expiring', 'expired')),
    token_hash {bytes} NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    invoice_number text,
    amount {int} CHECK (amount > 0),
    currency text NOT NULL CHECK (length(currency) = 3),
    document text,
    document_sha256 {bytes} CHECK (length(document_sha256) = 32),
    document_pages {int} CHECK (document_pages > 0),
    stripe_attempt {int} NOT NULL DEFAULT 0,
    stripe_attempted_at {time},
    stripe_link_id text UNIQUE,
    stripe_url text,
    stripe_payment_intent text,
    livemode {bool},
    failure text,
    review text CHECK (review IN
        ('paid_after_void', 'paid_after_expiry', 'amount_mismatch', 'currency_mismatch', 'livemode_mismatch')),
    close_reason text,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    paid_at {time},
    viewed_at {time},
    purged_at {time},
    CHECK (purged_at IS NULL OR (amount IS NULL AND invoice_number IS NULL AND document IS NULL)),
    CHECK (purged_at IS NOT NULL OR (amount IS NOT NULL AND invoice_number IS NOT NULL AND document IS NOT NULL)),
    CHECK (state IN ('creating', 'failed') OR stripe_link_id IS NOT NULL),
    CHECK (state <> 'failed' OR failure IS NOT NULL),
    CHECK ((state = 'paid') = (paid_at IS NOT NULL))
);
CREATE UNIQUE INDEX payment_link_one_open ON payment_link (order_id)
    WHERE state IN ('creating', 'unpaid', 'processing', 'voiding', 'expiring');
CREATE INDEX payment_link_by_merchant ON payment_link (merchant_id, id);
CREATE INDEX payment_link_by_order ON payment_link (order_id);
CREATE INDEX payment_link_to_expire ON payment_link (expires_at) WHERE state = 'unpaid';
CREATE INDEX payment_link_to_purge ON payment_link (created_at) WHERE purged_at IS NULL;
CREATE INDEX payment_link_by_intent ON payment_link (merchant_id, stripe_payment_intent)
    WHERE stripe_payment_intent IS NOT NULL;

CREATE TABLE link_event (
    id {id} PRIMARY KEY,
    link_id {id} NOT NULL REFERENCES payment_link (id),
    at {time} NOT NULL,
    event text NOT NULL,
    detail text
);
CREATE INDEX link_event_by_link ON link_event (link_id, id)
"
);
