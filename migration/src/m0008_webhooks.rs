//! An index for the merchant's list of webhook events, newest first.

crate::dialect::sql_step!(
    "
CREATE INDEX webhook_event_by_merchant ON webhook_event (merchant_id, id)
"
);
