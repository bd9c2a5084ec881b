//! The trace of a job, and an index that finds the first job of each kind in constant time, because operators look at
//! it every few seconds however long the backlog is.

crate::dialect::sql_step!(
    "
ALTER TABLE job ADD COLUMN traceparent text CHECK (length(traceparent) <= 64);
CREATE INDEX job_in_line ON job (kind, run_at) WHERE state = 'queued'
"
);
