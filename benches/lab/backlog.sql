-- How many webhooks have yet to be applied. Those of the day before have no content, so that the index of contents counts the others.
SELECT (SELECT count(*) FROM webhook_event WHERE payload IS NOT NULL) - (SELECT count(*) FROM webhook_outcome);
