//! What is known of a buyer who has gone to Stripe: that they pressed Pay, that they came back, and since when we know that they
//! had not paid; and of a connection, that a payment was found by asking, of which a webhook may still tell.

crate::dialect::sql_step!(
    "
ALTER TABLE payment_link ADD COLUMN pay_pressed_at {time};
ALTER TABLE payment_link ADD COLUMN returned_at {time};
ALTER TABLE payment_link ADD COLUMN found_unpaid_at {time};

ALTER TABLE stripe_integration ADD COLUMN untold_at {time}
"
);
