//! The state of a connection's webhooks, and further data of a payment: the session that paid, failed sessions, refunds
//! and disputes, and when Stripe was last asked about a link. Also the installation's root, from which tokens are
//! derived.

crate::dialect::sql_step!(
    "
ALTER TABLE stripe_integration ADD COLUMN account text;
ALTER TABLE stripe_integration ADD COLUMN endpoint_id text;
ALTER TABLE stripe_integration ADD COLUMN endpoint_status text
    CHECK (endpoint_status IN ('registering', 'registered', 'failed'));
ALTER TABLE stripe_integration ADD COLUMN endpoint_reason text;
ALTER TABLE stripe_integration ADD COLUMN endpoint_attempt {int} NOT NULL DEFAULT 0 CHECK (endpoint_attempt >= 0);
ALTER TABLE stripe_integration ADD COLUMN endpoint_attempted_at {time};
ALTER TABLE stripe_integration ADD COLUMN signature_failures {int} NOT NULL DEFAULT 0 CHECK (signature_failures >= 0);
ALTER TABLE stripe_integration ADD COLUMN signature_failing_since {time};
ALTER TABLE stripe_integration ADD COLUMN signature_failed_at {time};
ALTER TABLE stripe_integration ADD COLUMN other_mode_at {time};
ALTER TABLE stripe_integration ADD COLUMN health text CHECK (health IN
    ('healthy', 'no_secret', 'never_received', 'wrong_secret', 'endpoint_missing', 'endpoint_disabled',
     'modes_mixed', 'events_missing'));
ALTER TABLE stripe_integration ADD COLUMN health_at {time};

ALTER TABLE payment_link ADD COLUMN stripe_session_id text;
ALTER TABLE payment_link ADD COLUMN failed_sessions text;
ALTER TABLE payment_link ADD COLUMN stripe_checked_at {time};
ALTER TABLE payment_link ADD COLUMN refunded {int} CHECK (refunded > 0);
ALTER TABLE payment_link ADD COLUMN dispute text CHECK (dispute IN ('open', 'won', 'lost', 'closed'));
ALTER TABLE payment_link ADD COLUMN disputed_at {time};
CREATE TABLE installation (
    id {int} PRIMARY KEY CHECK (id = 1),
    root {bytes} NOT NULL,
    created_at {time} NOT NULL
);
CREATE INDEX payment_link_to_check ON payment_link (COALESCE(stripe_checked_at, created_at))
    WHERE state IN ('unpaid', 'processing', 'voiding', 'expiring')
"
);
