-- A shop of a year: :links orders, links and texts, two and a half webhooks and two and a half jobs for each, nine tenths of them the
-- merchant's :merchant and the rest those of ten others. What is older than 90 days is purged. For docs/scaling.md: on a fresh database that
-- was migrated, and with :merchant made, which has no credits yet,
--     psql -v links=1000000 -v merchant="'01…'" -f benches/lab/years.sql
-- Triggers are off meanwhile, and what they write is written at the end; the index of searched texts is built last.
SET session_replication_role = replica;
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
DROP INDEX orders_search;

-- An id of this moment, by which ids sort; n makes it another one.
CREATE FUNCTION years_id(at timestamptz, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7000' || '8' || lpad(to_hex(n), 15, '0'))::uuid
$$;

INSERT INTO merchant (id, name, region, time_zone, sms_rate, created_at)
    SELECT years_id(now() - interval '366 days', n), 'Other ' || n, 'US', 'UTC', 1, now() - interval '366 days' FROM generate_series(1, 10) n;
UPDATE merchant SET created_at = now() - interval '366 days';

-- One row for each link: whose, when, and what became of it.
CREATE TABLE year AS
    SELECT n, CASE WHEN n % 10 < 9 THEN :merchant::uuid ELSE years_id(now() - interval '366 days', 1 + n / 10 % 10) END AS merchant_id,
        at, years_id(at, n) AS id, at < now() - interval '90 days' AS is_old,
        CASE
            WHEN n > :links - 6 THEN 'creating'
            WHEN at > now() - interval '20 days' AND n % 1000 = 5 THEN 'processing'
            WHEN at > now() - interval '20 days' AND n % 5 = 0 THEN 'unpaid'
            WHEN n % 2000 = 11 THEN 'failed'
            WHEN n % 50 = 3 THEN 'voided'
            WHEN n % 33 = 7 AND at < now() - interval '31 days' THEN 'expired'
            ELSE 'paid' END AS state,
        n % 100 = 17 AS is_elsewhere,
        (ARRAY['Anna', 'Ben', 'Carla', 'David', 'Eva'])[1 + n % 5] || ' ' ||
            CASE WHEN n % 10 = 1 THEN 'Weber' ELSE 'Fam' || chr(97 + (n % 211 / 26)::int) || chr(97 + (n % 211 % 26)::int) || 'son' END
            AS name,
        '+1202' || lpad((n % 9000000)::text, 7, '0') AS phone, 1000 + n * 37 % 99000 AS amount
    FROM (SELECT n::bigint, now() - interval '365 days' * (:links - n) / :links AS at FROM generate_series(1, :links) n) AS made;

INSERT INTO orders (id, merchant_id, number, number_key, customer_name, customer_phone, amount, currency, details, tag, created_at, search)
    SELECT id, merchant_id, n, n, CASE WHEN is_old THEN '' ELSE name END, CASE WHEN is_old THEN NULL ELSE phone END, amount, 'usd',
        '{"items":[]}',
        CASE state WHEN 'paid' THEN 'paid' WHEN 'voided' THEN 'none' WHEN 'failed' THEN 'none' WHEN 'creating' THEN 'none' ELSE 'unpaid' END,
        at, concat_ws(E'\n', n, CASE WHEN is_old THEN NULL ELSE lower(name) || E'\n' || phone END, amount / 100 || '.' || lpad((amount % 100)::text, 2, '0')) || E'\n'
    FROM year;
INSERT INTO payment_link (id, merchant_id, order_id, state, token_hash, invoice_number, amount, currency, document, document_bytes,
        stripe_attempt, stripe_link_id, stripe_url, stripe_payment_intent, stripe_session_id, stripe_checked_at, livemode, failure, review, created_at,
        expires_at, paid_at, viewed_at, purged_at, elsewhere_method, elsewhere_on, tell_buyer, metadata)
    SELECT id, merchant_id, id, state, sha256(uuid_send(id)), CASE WHEN is_old THEN NULL ELSE n::text END,
        CASE WHEN is_old THEN NULL ELSE amount END, 'usd', CASE WHEN is_old THEN NULL ELSE 'a.pdf' END, 0, 1, 'plink_' || lpad(n::text, 24, '0'),
        CASE WHEN is_old THEN NULL ELSE 'https://buy.stripe.com/' || n END, CASE WHEN is_paid AND NOT is_elsewhere THEN 'pi_' || lpad(n::text, 24, '0') END,
        CASE WHEN is_paid AND NOT is_elsewhere THEN 'cs_live_' || lpad(n::text, 58, '0') END, greatest(at, now() - interval '1 hour' * (n % 24)), true,
        CASE state WHEN 'failed' THEN 'refused' END, CASE WHEN n % 4000 = 9 THEN 'amount_mismatch' END, at, at + interval '30 days',
        CASE WHEN is_paid THEN paid_at END, CASE WHEN n % 10 < 8 THEN at + interval '5 minutes' END, CASE WHEN is_old THEN at + interval '90 days' END,
        CASE WHEN is_paid AND is_elsewhere THEN 'cash' END, CASE WHEN is_paid AND is_elsewhere THEN to_char(paid_at, 'YYYY-MM-DD') END, false, '{}'
    FROM (SELECT *, state = 'paid' AS is_paid, least(now(), at + interval '1 minute' * (n * 13 % 2000)) AS paid_at FROM year) AS year;
INSERT INTO link_event (id, link_id, at, event)
    SELECT years_id(at, n * 8 + k), id, at, (ARRAY['creating', 'unpaid', 'viewed', 'paid'])[k]
    FROM year, generate_series(1, 4) k WHERE NOT is_old OR k = 4;
INSERT INTO conversation (id, merchant_id, phone, phone_hash, customer_name, created_at, last_message_at, read_at, closed_at)
    SELECT id, merchant_id, CASE WHEN is_old THEN NULL ELSE phone END, sha256(id::text::bytea), CASE WHEN is_old THEN NULL ELSE name END, at, at, at,
        CASE WHEN n % 3 > 0 THEN at END
    FROM year;
INSERT INTO message (id, merchant_id, conversation_id, link_id, direction, body, segments, credits, status, carrier_id, created_at, sent_at,
        delivered_at, purged_at, origin, error)
    SELECT id, merchant_id, id, id, 'outgoing',
        CASE WHEN is_old THEN NULL ELSE name || ', your invoice ' || n || ' of USD ' || amount / 100 || ' can be paid at https://pay.example.com/p/' || left(id::text, 22) END,
        1, 1, CASE WHEN n % 3000 = 1 THEN 'failed' ELSE 'delivered' END, 'SM' || lpad(n::text, 32, '0'), at, at, at,
        CASE WHEN is_old THEN at + interval '90 days' END, 'merchant', CASE WHEN n % 3000 = 1 THEN 'refused' END
    FROM year;
INSERT INTO webhook_event (id, merchant_id, source, external_id, kind, payload, state, received_at)
    SELECT years_id(at + interval '1 minute' * k, n * 4 + k), merchant_id, CASE WHEN k = 3 THEN 'sms' ELSE 'stripe' END, 'evt_' || lpad((n * 4 + k)::text, 24, '0'),
        CASE WHEN k = 3 AND n % 10 = 2 THEN 'incoming' ELSE (ARRAY['checkout.session.completed', 'charge.updated', 'report.delivered'])[k] END,
        CASE WHEN is_old THEN NULL WHEN k = 3 AND n % 10 = 2 THEN 'incoming from ' || phone ELSE repeat('x', 700) END, 'received', at
    FROM year, generate_series(1, 3) k WHERE k < 3 OR n % 2 = 0;
INSERT INTO webhook_outcome (event_id, merchant_id, state, link_id, applied_at)
    SELECT years_id(at + interval '1 minute' * k, n * 4 + k), merchant_id,
        CASE WHEN n % 4000 = 21 THEN 'failed' WHEN k = 2 AND n % 1000 = 23 THEN 'ignored' ELSE 'applied' END, id, at
    FROM year, generate_series(1, 3) k
    -- Some wait for another try.
    WHERE (k < 3 OR n % 2 = 0) AND NOT (k = 1 AND n % (:links / 40) = 1);
INSERT INTO job (id, kind, merchant_id, payload, state, run_at, created_at, finished_at)
    SELECT years_id(at, n * 4 + k), (ARRAY['store_invoice', 'create_stripe_link', 'send_sms'])[k], merchant_id, '{"link":"' || id || '"}', 'done', at, at, at
    FROM year, generate_series(1, 3) k WHERE k < 3 OR n % 2 = 0;
INSERT INTO job (id, kind, merchant_id, payload, state, run_at, created_at)
    SELECT years_id(at, n * 4 + 3), 'process_stripe_event', merchant_id, replace('{"merchant":"mer_' || merchant_id || '","event":"evt_' || years_id(at + interval '1 minute', n * 4 + 1) || '"}', '-', ''), 'queued',
        now() + interval '1 hour', at
    FROM year WHERE n % (:links / 40) = 1;
-- A tenth of the buyers answer; what came in the last days nobody has read.
INSERT INTO message (id, merchant_id, conversation_id, direction, body, segments, credits, status, created_at, purged_at)
    SELECT years_id(at + interval '1 minute', n * 8 + 1), merchant_id, id, 'incoming', CASE WHEN NOT is_old THEN 'Thank you, I will pay on Friday' END, 1, 0, 'received',
        at + interval '1 minute', CASE WHEN is_old THEN at + interval '90 days' END
    FROM year WHERE n % 10 = 2;
UPDATE conversation SET heard_at = last_message_at + interval '1 minute', last_message_at = last_message_at + interval '1 minute',
        read_at = CASE WHEN created_at < now() - interval '5 days' THEN last_message_at + interval '2 minutes' END
    FROM year WHERE conversation.id = year.id AND n % 10 = 2;
-- The ledger: credits of a year are bought at once, and each text takes one of them.
INSERT INTO credit_entry (id, merchant_id, number, kind, available_delta, held_delta, available_after, message_id, created_at)
    SELECT years_id(now() - interval '366 days', n), id, 1, 'top_up', 2000000, 0, 2000000, NULL::uuid, now() - interval '366 days'
    FROM (SELECT id, row_number() OVER () AS n FROM merchant) AS merchant
    UNION ALL
    SELECT years_id(at + interval '1 second' * k, n * 8 + k), merchant_id, 2 * place + k - 1, (ARRAY['hold', 'capture'])[k], -(ARRAY[1, 0])[k], (ARRAY[1, -1])[k],
        2000000 - place, id, at + interval '1 second' * k
    FROM (SELECT *, row_number() OVER (PARTITION BY merchant_id ORDER BY n) AS place FROM year) AS year, generate_series(1, 2) k;
UPDATE merchant SET available = 2000000 - texts, held = 0, ledger_entries = 1 + 2 * texts
    FROM (SELECT merchant.id, count(year.id) AS texts FROM merchant LEFT JOIN year ON year.merchant_id = merchant.id GROUP BY merchant.id) AS used WHERE used.id = merchant.id;
-- The feed, which is kept for 30 days.
INSERT INTO change_set (merchant_id, last_seq, count, at, changes)
    SELECT merchant_id, row_number() OVER (PARTITION BY merchant_id ORDER BY n, k), 1, at + interval '1 minute' * k,
        (ARRAY['link.created', 'link.unpaid', 'link.viewed', 'link.paid'])[k] || ' ' || concat_ws(' ', replace(id::text, '-', ''), replace(id::text, '-', ''), replace(id::text, '-', ''), replace(id::text, '-', ''))
    FROM year, generate_series(1, 4) k WHERE at > now() - interval '30 days' ORDER BY n, k;
INSERT INTO change_feed (merchant_id, last_seq) SELECT merchant_id, max(last_seq) FROM change_set GROUP BY merchant_id
    ON CONFLICT (merchant_id) DO UPDATE SET last_seq = excluded.last_seq;
-- What needed a person, of which the newest still does.
INSERT INTO attention (id, merchant_id, kind, subject, link_id, order_id, opened_at, resolved_at, resolved_by)
    SELECT years_id(at, n * 8), merchant_id, CASE n % 3 WHEN 0 THEN 'link_failed' WHEN 1 THEN 'review' ELSE 'text_not_delivered' END, 'link_' || replace(id::text, '-', ''), id, id, at,
        CASE WHEN n < :links - 1000 THEN at + interval '1 day' END, CASE WHEN n < :links - 1000 THEN 'system' END
    FROM year WHERE n % 100 = 9;
INSERT INTO audit_entry (id, merchant_id, actor, action, subject, at)
    SELECT id, merchant_id, 'key_' || replace(merchant_id::text, '-', ''), 'link.create', 'link_' || replace(id::text, '-', ''), at FROM year;

-- What triggers would have written.
INSERT INTO open_link (order_id, link_id, expires_at, check_at, merchant_id)
    SELECT order_id, id, expires_at, COALESCE(stripe_checked_at, created_at), merchant_id FROM payment_link
    WHERE state IN ('creating', 'unpaid', 'processing', 'voiding', 'expiring', 'settling');
INSERT INTO link_intent (merchant_id, intent, link_id)
    SELECT merchant_id, stripe_payment_intent, id FROM payment_link WHERE stripe_payment_intent IS NOT NULL;
INSERT INTO closed_link (merchant_id, state, link_id, order_id) SELECT merchant_id, state, id, order_id FROM payment_link
    WHERE state IN ('voided', 'expired', 'creating', 'processing', 'voiding', 'expiring', 'settling');
INSERT INTO unasked_order (merchant_id, order_id) SELECT merchant_id, id FROM orders WHERE tag = 'none';
INSERT INTO unpaid_order (merchant_id, order_id) SELECT merchant_id, id FROM orders WHERE tag = 'unpaid';
-- The sums, by the view that splits changes into parts of them.
INSERT INTO link_sum_change (merchant_id, order_id, currency, created_at, state, amount, refunded, dispute, viewed_at, paid_at, paid_on, asked)
    SELECT merchant_id, order_id, currency, created_at, state, amount, refunded, dispute, viewed_at, paid_at,
        CASE WHEN stripe_session_id IS NULL THEN elsewhere_on END, 1
    FROM payment_link;
INSERT INTO link_sum (merchant_id, kind, slot, currency, links, amount, refunded, disputed, disputed_links, lost, viewed, paid)
    SELECT merchant_id, kind, slot, currency, SUM(links), SUM(amount), SUM(refunded), SUM(disputed), SUM(disputed_links), SUM(lost), SUM(viewed), SUM(paid)
    FROM link_sum_part GROUP BY merchant_id, kind, slot, currency;
TRUNCATE link_sum_change;
CREATE INDEX orders_search ON orders USING gin (paylink_grams(merchant_id, search));
DROP TABLE year;
DROP FUNCTION years_id;
VACUUM ANALYZE;
