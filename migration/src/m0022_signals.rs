//! Whether a carrier's account is good, and which conversations hold something that the merchant has not read.
//!
//! `conversation_unread` holds no more than what is to be read: the number beside it is asked for on every page.

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
