//! Jobs, idempotency keys and the progress of the scheduler's ticks.

crate::dialect::sql_step!(
    "
CREATE TABLE job (
    id {id} PRIMARY KEY,
    kind text NOT NULL,
    dedup_key text,
    merchant_id {id} REFERENCES merchant (id),
    payload text NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'done', 'dead', 'discarded')),
    attempt {int} NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    crashes {int} NOT NULL DEFAULT 0 CHECK (crashes >= 0),
    run_at {time} NOT NULL,
    last_error text,
    created_at {time} NOT NULL,
    claimed_at {time},
    finished_at {time},
    UNIQUE (kind, dedup_key),
    CHECK ((state = 'queued') = (finished_at IS NULL)),
    CHECK (state <> 'dead' OR last_error IS NOT NULL)
);
CREATE INDEX job_to_ring ON job (run_at, id) WHERE state = 'queued';
CREATE INDEX job_to_clean ON job (finished_at) WHERE state IN ('done', 'discarded');
CREATE INDEX job_dead ON job (id) WHERE state = 'dead';

CREATE TABLE idempotency_key (
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint {bytes} NOT NULL CHECK (length(fingerprint) = 32),
    status {int},
    headers text,
    body {bytes},
    created_at {time} NOT NULL,
    PRIMARY KEY (merchant_id, key),
    CHECK ((status IS NULL) = (body IS NULL))
);
CREATE INDEX idempotency_key_to_clean ON idempotency_key (created_at);

CREATE TABLE tick (
    name text PRIMARY KEY,
    last_due {time} NOT NULL
)
"
);
