-- Empties the tables that webhooks fill, and makes 20,000 unpaid links of 42.00 usd for :merchant, which Stripe calls plink_00000000 and
-- so on. Beside them :yesterday rows of the day before, so that the planner knows the tables; with none of them it knows nothing.
TRUNCATE link_event, link_intent, webhook_event, webhook_outcome, job, change_set;
TRUNCATE payment_link, orders CASCADE;
INSERT INTO orders (id, merchant_id, number, customer_name, customer_phone, amount, currency, details, tag, created_at)
    SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, :merchant, n::text, 'Example Buyer', '+12025550123', 4200, 'usd',
        '{"items":[]}', 'unpaid', now()
    FROM generate_series(0, 19999) n;
INSERT INTO payment_link (id, merchant_id, order_id, state, token_hash, invoice_number, amount, currency, document, stripe_link_id,
        stripe_url, livemode, created_at, expires_at)
    SELECT id, merchant_id, id, 'unpaid', sha256(number::bytea), number, 4200, 'usd', 'x.pdf', 'plink_' || lpad(number, 8, '0'),
        'https://buy.stripe.com/x', false, now(), now() + interval '30 days'
    FROM orders;
INSERT INTO job (id, kind, dedup_key, merchant_id, payload, state, attempt, run_at, created_at, finished_at)
    SELECT ('01800000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'process_stripe_event', 'old' || n, :merchant, '{}', 'done', 1,
        now(), now(), now()
    FROM generate_series(1, :yesterday) n;
INSERT INTO webhook_event (id, merchant_id, source, external_id, kind, state, received_at, applied_at)
    SELECT ('01800000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, :merchant, 'stripe', 'evt_old' || n, 'x', 'applied', now(), now()
    FROM generate_series(1, :yesterday) n;
INSERT INTO link_event (id, link_id, at, event)
    SELECT ('01800000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        ('01900000-0000-7000-8000-' || lpad(to_hex(n % 20000), 12, '0'))::uuid, now(), 'unpaid'
    FROM generate_series(1, :yesterday) n;
DO $$ BEGIN IF :yesterday > 0 THEN EXECUTE 'ANALYZE'; END IF; END $$;
