//! The deadline for answering a dispute at Stripe: for each dispute, and for the one that a link shows.

crate::dialect::sql_step!(
    "
ALTER TABLE payment_fact ADD COLUMN respond_by {time};
ALTER TABLE payment_link ADD COLUMN respond_by {time}
"
);
