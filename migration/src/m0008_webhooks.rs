//! The merchant's list of webhook events, newest first, a page at a time.

crate::dialect::sql_step!(
    "
CREATE INDEX webhook_event_by_merchant ON webhook_event (merchant_id, id)
"
);
