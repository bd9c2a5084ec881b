//! How a dispute stands in Stripe's own word, beside ours of four: that a bank only asks, that it has been answered, or that it came to
//! nothing as it was prevented. And an index of links with a dispute, which are few among many.
//!
//! A version before this one does not write the word; what it has noted otherwise since is known by its own.

crate::dialect::sql_step!(
    "
ALTER TABLE payment_link ADD COLUMN dispute_status text;

UPDATE payment_link SET dispute_status = (
    SELECT payment_fact.status FROM payment_fact
    WHERE payment_fact.link_id = payment_link.id AND payment_fact.kind = 'dispute'
        AND payment_link.dispute = CASE payment_fact.status WHEN 'won' THEN 'won' WHEN 'lost' THEN 'lost'
            WHEN 'warning_closed' THEN 'closed' WHEN 'prevented' THEN 'closed' ELSE 'open' END
    ORDER BY payment_fact.made_at DESC, payment_fact.id DESC LIMIT 1)
WHERE dispute IS NOT NULL;

CREATE INDEX payment_link_with_dispute ON payment_link (merchant_id, dispute, id) WHERE dispute IS NOT NULL
"
);
