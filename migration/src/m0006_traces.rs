//! The trace that a job is part of, and an index that finds the first job of each kind at once however many wait: what an
//! operator looks at every few seconds must not cost more when there is more to see.

crate::dialect::sql_step!(
    "
ALTER TABLE job ADD COLUMN traceparent text CHECK (length(traceparent) <= 64);
CREATE INDEX job_in_line ON job (kind, run_at) WHERE state = 'queued'
"
);
