//! Up to which entry each ledger was audited, and the sums up to there: so that an audit reads what came since.

use crate::dialect::sql_step;

sql_step!(
    "
CREATE TABLE ledger_checkpoint (
    merchant_id {id} PRIMARY KEY REFERENCES merchant (id),
    entries {int} NOT NULL,
    available {int} NOT NULL,
    held {int} NOT NULL
)
"
);
