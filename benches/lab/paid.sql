-- How many links are paid, and when the last of them was.
SELECT count(*), extract(epoch FROM max(paid_at)) FROM payment_link WHERE state = 'paid';
