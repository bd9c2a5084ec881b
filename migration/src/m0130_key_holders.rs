//! The processes that hold idempotency keys, while the commands take longer than a moment; and whose each key is. None if
//! a version without holders has claimed it.

use crate::dialect::sql_step;

sql_step!(
    "
CREATE TABLE key_holder (
    id {id} PRIMARY KEY,
    alive_until {time} NOT NULL
);
ALTER TABLE idempotency_key ADD COLUMN holder {id}
"
);
