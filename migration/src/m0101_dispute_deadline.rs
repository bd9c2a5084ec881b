//! Until when Stripe lets a dispute be answered: of each dispute, and of the one that a link shows.

crate::dialect::sql_step!(
    "
ALTER TABLE payment_fact ADD COLUMN respond_by {time};
ALTER TABLE payment_link ADD COLUMN respond_by {time}
"
);
