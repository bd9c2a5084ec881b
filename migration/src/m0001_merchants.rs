//! Merchants, their keys and integrations. Secrets are stored sealed (see `entity::vault`), keys only as hashes.

crate::dialect::sql_step!(
    "
CREATE TABLE merchant (
    id {id} PRIMARY KEY,
    name text NOT NULL CHECK (length(name) > 0),
    contact text,
    region text NOT NULL CHECK (length(region) = 2),
    time_zone text NOT NULL,
    message_template text,
    sms_rate {int} NOT NULL CHECK (sms_rate > 0),
    available {int} NOT NULL DEFAULT 0 CHECK (available >= 0),
    held {int} NOT NULL DEFAULT 0 CHECK (held >= 0),
    created_at {time} NOT NULL
);

CREATE TABLE api_key (
    id {id} PRIMARY KEY,
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    name text NOT NULL,
    hash {bytes} NOT NULL UNIQUE CHECK (length(hash) = 32),
    last_four text NOT NULL,
    scope text NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
    created_at {time} NOT NULL,
    last_used_at {time},
    revoked_at {time}
);
CREATE INDEX api_key_by_merchant ON api_key (merchant_id);

CREATE TABLE stripe_integration (
    merchant_id {id} PRIMARY KEY REFERENCES merchant (id),
    secret_key {bytes} NOT NULL,
    secret_key_last_four text NOT NULL,
    webhook_secrets {bytes},
    webhook_secret_last_four text,
    livemode {bool} NOT NULL,
    status text NOT NULL CHECK (status IN ('checking', 'connected', 'failed')),
    reason text,
    last_event_at {time},
    updated_at {time} NOT NULL,
    CHECK (status <> 'failed' OR reason IS NOT NULL)
);

CREATE TABLE sms_integration (
    merchant_id {id} PRIMARY KEY REFERENCES merchant (id),
    account text NOT NULL,
    auth_token {bytes} NOT NULL,
    auth_token_last_four text NOT NULL,
    sender text NOT NULL,
    updated_at {time} NOT NULL
);

CREATE TABLE audit_entry (
    id {id} PRIMARY KEY,
    merchant_id {id} REFERENCES merchant (id),
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail text,
    at {time} NOT NULL
);
CREATE INDEX audit_entry_by_merchant ON audit_entry (merchant_id, at)
"
);
