//! Reminders, the low credit warning, carriers described in settings, the purpose of messages, and the order of ledger
//! entries.
//!
//! `credit_entry_in_order` enforces that a ledger's entries are numbered without gaps. Ids come from the clocks of
//! several machines, but numbers come from the merchant's row, whose lock is held when an entry is written.
//! `message_once` makes ten schedulers send one reminder. `origin` distinguishes texts sent by the merchant from those
//! that Paylink sent in their name.

crate::dialect::sql_step!(
    "
ALTER TABLE merchant ADD COLUMN reminders {bool} NOT NULL DEFAULT false;
ALTER TABLE merchant ADD COLUMN reminder_after_days {int} NOT NULL DEFAULT 3
    CHECK (reminder_after_days BETWEEN 1 AND 60);
ALTER TABLE merchant ADD COLUMN reminders_at_most {int} NOT NULL DEFAULT 2
    CHECK (reminders_at_most BETWEEN 1 AND 10);
ALTER TABLE merchant ADD COLUMN low_credit_threshold {int} NOT NULL DEFAULT 10 CHECK (low_credit_threshold >= 0);
ALTER TABLE merchant ADD COLUMN low_credit_since {time};
ALTER TABLE merchant ADD COLUMN plain_typography {bool} NOT NULL DEFAULT true;
ALTER TABLE merchant ADD COLUMN ledger_entries {int} NOT NULL DEFAULT 0 CHECK (ledger_entries >= 0);

ALTER TABLE credit_entry ADD COLUMN number {int} NOT NULL DEFAULT 0;
UPDATE credit_entry SET number = ranked.number
    FROM (SELECT id, row_number() OVER (PARTITION BY merchant_id ORDER BY id) AS number FROM credit_entry) AS ranked
    WHERE ranked.id = credit_entry.id;
UPDATE merchant SET ledger_entries = (SELECT count(*) FROM credit_entry WHERE credit_entry.merchant_id = merchant.id);
CREATE UNIQUE INDEX credit_entry_in_order ON credit_entry (merchant_id, number);

ALTER TABLE payment_link ADD COLUMN reminders_stopped_at {time};

ALTER TABLE message ADD COLUMN origin text NOT NULL DEFAULT 'merchant'
    CHECK (origin IN ('merchant', 'reminder', 'answer'));
ALTER TABLE message ADD COLUMN once_key text;
ALTER TABLE message ADD COLUMN parked_at {time};
CREATE UNIQUE INDEX message_once ON message (merchant_id, once_key) WHERE once_key IS NOT NULL;
CREATE INDEX message_waiting ON message (conversation_id) WHERE status = 'queued';
CREATE INDEX message_unknown ON message (id) WHERE status = 'unknown';
CREATE INDEX message_without_report ON message (sent_at) WHERE status = 'sent';

ALTER TABLE sms_integration ADD COLUMN carrier text NOT NULL DEFAULT 'twilio' CHECK (carrier IN ('twilio', 'http'));
ALTER TABLE sms_integration ADD COLUMN gateway text CHECK ((carrier = 'http') = (gateway IS NOT NULL));
ALTER TABLE sms_integration ADD COLUMN report_secret {bytes}
"
);
