-- How many webhooks have yet to be applied.
SELECT count(*) FROM job WHERE state = 'queued' AND kind = 'process_stripe_event';
