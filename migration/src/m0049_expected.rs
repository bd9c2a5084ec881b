//! What a buyer can say on their page besides paying: when they will pay, and that they want a new link.

crate::dialect::sql_step!(
    "
ALTER TABLE payment_link ADD COLUMN expected_on text CHECK (length(expected_on) = 10);
ALTER TABLE payment_link ADD COLUMN expected_until {time};
ALTER TABLE payment_link ADD COLUMN expected_at {time};
ALTER TABLE payment_link ADD COLUMN new_link_wanted_at {time}
"
);
