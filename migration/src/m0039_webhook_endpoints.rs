//! Webhooks to merchants' systems: their endpoints and deliveries.
//!
//! A delivery has ids and no contents, like its change. `job_id` is the job that delivers to an endpoint now or next;
//! there is only one at a time, which keeps the order.

crate::dialect::sql_step!(
    "
CREATE TABLE webhook_endpoint (
    id {id} NOT NULL PRIMARY KEY,
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    url text NOT NULL,
    description text,
    events text NOT NULL,
    secrets {bytes} NOT NULL,
    last_seq {int},
    disabled_at {time},
    disabled_because text,
    failures {int} NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failing_since {time},
    is_slow {bool} NOT NULL DEFAULT FALSE,
    job_id {id},
    job_due_at {time},
    created_at {time} NOT NULL
);
CREATE INDEX webhook_endpoint_by_merchant ON webhook_endpoint (merchant_id, id);

CREATE TABLE webhook_delivery (
    id {id} NOT NULL PRIMARY KEY,
    endpoint_id {id} NOT NULL REFERENCES webhook_endpoint (id) ON DELETE CASCADE,
    merchant_id {id} NOT NULL,
    seq {int},
    previous_seq {int},
    kind text NOT NULL,
    subject_id {id} NOT NULL,
    at {time} NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    tries {int} NOT NULL DEFAULT 0 CHECK (tries >= 0),
    due_at {time} NOT NULL,
    attempted_at {time},
    answered_status {int},
    answered_in_ms {int},
    error text
);
CREATE UNIQUE INDEX webhook_delivery_once ON webhook_delivery (endpoint_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX webhook_delivery_by_endpoint ON webhook_delivery (endpoint_id, id);
CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, due_at, id) WHERE state = 'pending'
"
);
