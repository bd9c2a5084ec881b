//! A single row that is written and read back to check that the database stores what it is given.

use crate::dialect::sql_step;

sql_step!(
    "
CREATE TABLE heartbeat (
    id {int} PRIMARY KEY CHECK (id = 1),
    beats {int} NOT NULL,
    at {time} NOT NULL,
    room {bytes}
);

INSERT INTO heartbeat (id, beats, at) VALUES (1, 0, '2026-01-01 00:00:00+00:00')
"
);
