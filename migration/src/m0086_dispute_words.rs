//! Stripe's own status of a dispute, in addition to our four: whether a bank only asks, whether it was answered, or
//! whether the dispute was prevented. Also an index of the few links with a dispute.
//!
//! Earlier versions do not write this status. Disputes that they have updated since are recognised by our own status.

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
