//! Whether a carrier's account works, and which conversations have unread texts.
//!
//! `conversation_unread` holds only unread conversations, because every page shows their number.

crate::dialect::sql_step!(
    "
ALTER TABLE sms_integration ADD COLUMN status text CHECK (status IN ('checking', 'connected', 'failed', 'unknown'));
ALTER TABLE sms_integration ADD COLUMN reason text;

ALTER TABLE conversation ADD COLUMN heard_at {time};
UPDATE conversation SET heard_at = (
    SELECT max(message.created_at) FROM message
    WHERE message.conversation_id = conversation.id AND message.direction = 'incoming');
CREATE INDEX conversation_unread ON conversation (merchant_id)
    WHERE heard_at IS NOT NULL AND (read_at IS NULL OR read_at < heard_at)
"
);
