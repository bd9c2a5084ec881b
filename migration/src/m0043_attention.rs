//! Matters that need a person's attention. At most one of each kind and subject is open, so that finding it again has
//! no effect.

crate::dialect::sql_step!(
    "
CREATE TABLE attention (
    id {id} PRIMARY KEY,
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    kind text NOT NULL CHECK (kind IN
        ('review', 'dispute', 'link_failed', 'text_not_delivered', 'unrecognised', 'unread_reply', 'stripe_connection',
         'low_credit', 'link_wanted')),
    subject text NOT NULL,
    reason text,
    link_id {id},
    order_id {id},
    message_id {id},
    conversation_id {id},
    opened_at {time} NOT NULL,
    resolved_at {time},
    resolved_by text,
    note text,
    CHECK ((resolved_at IS NULL) = (resolved_by IS NULL))
);
CREATE UNIQUE INDEX attention_once ON attention (merchant_id, kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX attention_open ON attention (merchant_id, id) WHERE resolved_at IS NULL;
CREATE INDEX attention_resolved ON attention (merchant_id, id) WHERE resolved_at IS NOT NULL;
CREATE INDEX attention_of_link ON attention (link_id) WHERE link_id IS NOT NULL
"
);
