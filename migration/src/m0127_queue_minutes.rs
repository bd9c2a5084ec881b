//! How the queues stood at the end of each minute, and what was done in it: for the operator's charts. Kept for two days,
//! a row a minute.

use crate::dialect::sql_step;

sql_step!(
    "
CREATE TABLE queue_minute (
    minute {time} PRIMARY KEY,
    done text NOT NULL,
    depths text
)
"
);
