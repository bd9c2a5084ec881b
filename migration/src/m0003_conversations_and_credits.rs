//! Conversations, messages, the credit ledger and incoming webhooks.
//!
//! `credit_entry_one_settlement` enforces "a hold is captured or released once". The CHECK on the deltas says how each
//! kind of entry may change the two balances.

crate::dialect::sql_step!(
    "
CREATE TABLE conversation (
    id {id} PRIMARY KEY,
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    phone text,
    phone_hash {bytes} NOT NULL CHECK (length(phone_hash) = 32),
    customer_name text,
    opted_out_at {time},
    created_at {time} NOT NULL,
    last_message_at {time} NOT NULL,
    UNIQUE (merchant_id, phone_hash)
);

CREATE TABLE message (
    id {id} PRIMARY KEY,
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    conversation_id {id} NOT NULL REFERENCES conversation (id),
    link_id {id} REFERENCES payment_link (id),
    direction text NOT NULL CHECK (direction IN ('outgoing', 'incoming')),
    body text,
    segments {int} NOT NULL CHECK (segments >= 0),
    credits {int} NOT NULL CHECK (credits >= 0),
    status text NOT NULL CHECK (status IN
        ('received', 'queued', 'sending', 'unknown', 'sent', 'delivered', 'undelivered', 'failed')),
    error text,
    carrier_id text,
    created_at {time} NOT NULL,
    sent_at {time},
    delivered_at {time},
    purged_at {time},
    UNIQUE (merchant_id, carrier_id),
    CHECK (purged_at IS NULL OR body IS NULL),
    CHECK ((direction = 'incoming') = (status = 'received')),
    CHECK (status <> 'failed' OR error IS NOT NULL)
);
CREATE INDEX message_by_conversation ON message (conversation_id, id);
CREATE INDEX message_by_link ON message (link_id) WHERE link_id IS NOT NULL;

CREATE TABLE credit_entry (
    id {id} PRIMARY KEY,
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    kind text NOT NULL,
    available_delta {int} NOT NULL,
    held_delta {int} NOT NULL,
    available_after {int} NOT NULL CHECK (available_after >= 0),
    message_id {id} REFERENCES message (id),
    note text,
    created_at {time} NOT NULL,
    UNIQUE (message_id, kind),
    CHECK (
        (kind = 'top_up' AND message_id IS NULL AND available_delta > 0 AND held_delta = 0)
        OR (kind = 'hold' AND message_id IS NOT NULL AND available_delta < 0 AND held_delta = -available_delta)
        OR (kind = 'capture' AND message_id IS NOT NULL AND available_delta = 0 AND held_delta < 0)
        OR (kind = 'release' AND message_id IS NOT NULL AND available_delta > 0 AND held_delta = -available_delta)
    )
);
CREATE UNIQUE INDEX credit_entry_one_settlement ON credit_entry (message_id) WHERE kind IN ('capture', 'release');
CREATE INDEX credit_entry_by_merchant ON credit_entry (merchant_id, id);

CREATE TABLE webhook_event (
    id {id} PRIMARY KEY,
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    source text NOT NULL CHECK (source IN ('stripe', 'sms')),
    external_id text NOT NULL,
    kind text NOT NULL,
    payload text,
    state text NOT NULL CHECK (state IN ('received', 'applied', 'ignored', 'failed')),
    error text,
    link_id {id} REFERENCES payment_link (id),
    received_at {time} NOT NULL,
    applied_at {time},
    UNIQUE (merchant_id, source, external_id)
);
CREATE INDEX webhook_event_by_link ON webhook_event (link_id) WHERE link_id IS NOT NULL;
CREATE INDEX webhook_event_to_erase ON webhook_event (received_at) WHERE payload IS NOT NULL
"
);
