//! Why a number gets no texts and who said so, and whether a carrier replies to buyers' keywords itself.
//!
//! `opted_in_at` is when the buyer last opted in again; an earlier opt-out that is read later changes nothing.
//! `keywords_answered` is null if nobody has chosen, which means the carrier's usual behaviour.

crate::dialect::sql_step!(
    "
ALTER TABLE conversation ADD COLUMN opt_out_source text CHECK (opt_out_source IN ('buyer', 'carrier', 'merchant'));
ALTER TABLE conversation ADD COLUMN opt_out_reason text;
ALTER TABLE conversation ADD COLUMN opted_in_at {time};
CREATE INDEX conversation_opted_out ON conversation (merchant_id, opted_out_at, id) WHERE opted_out_at IS NOT NULL;

ALTER TABLE sms_integration ADD COLUMN keywords_answered {bool}
"
);
