//! Pictures from buyers. The carrier's URL is forgotten once a picture was downloaded. Its place in the store is
//! derived from its key, so that an erasure finds it whatever happened to the download job.

crate::dialect::sql_step!(
    "
CREATE TABLE message_picture (
    message_id {id} NOT NULL REFERENCES message (id),
    position {int} NOT NULL CHECK (position >= 0),
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    state text NOT NULL CHECK (state IN ('waiting', 'stored', 'failed')),
    content_type text NOT NULL,
    source text,
    error text,
    bytes {int} NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    erased_at {time},
    PRIMARY KEY (message_id, position),
    CHECK (source IS NULL OR erased_at IS NULL)
);
CREATE INDEX message_picture_stored ON message_picture (merchant_id, bytes) WHERE state = 'stored';
CREATE INDEX message_picture_erased ON message_picture (erased_at) WHERE erased_at IS NOT NULL
"
);
