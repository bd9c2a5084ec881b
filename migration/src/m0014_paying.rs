//! What is known about a buyer who went to Stripe: that they pressed Pay, that they came back, and when we learnt that
//! they had not paid. For a connection, that a payment was found by asking, which a webhook may still report.

crate::dialect::sql_step!(
    "
ALTER TABLE payment_link ADD COLUMN pay_pressed_at {time};
ALTER TABLE payment_link ADD COLUMN returned_at {time};
ALTER TABLE payment_link ADD COLUMN found_unpaid_at {time};

ALTER TABLE stripe_integration ADD COLUMN untold_at {time}
"
);
