//! When the installation was restored to an earlier time.

use crate::dialect::sql_step;

sql_step!(
    "
CREATE TABLE restoration (
    restored_at {time} PRIMARY KEY,
    restored_to {time} NOT NULL
)
"
);
