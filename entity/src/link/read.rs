//! Reads links by the positions of their columns, where many are read at once.

use sea_orm::{ConnectionTrait, DbErr};

use super::Model;
use crate::{Rows, by_position::read_by_position};

read_by_position!(
    pub(super) Model, "payment_link":
    id, merchant_id, order_id, state, token_hash, invoice_number: optional, amount: optional, currency,
    document: optional, document_sha256: optional, document_pages: optional, stripe_attempt,
    stripe_attempted_at: optional, stripe_link_id: optional, stripe_url: optional, stripe_payment_intent: optional,
    stripe_session_id: optional, failed_sessions: optional, stripe_checked_at: optional, refunded: optional,
    dispute: optional, disputed_at: optional, dispute_status: optional, respond_by: optional, livemode: optional,
    failure: optional, review: optional, close_reason: optional, created_at, expires_at, paid_at: optional,
    viewed_at: optional, unrecognised_at: optional, purged_at: optional, reminders_stopped_at: optional,
    pay_pressed_at: optional, returned_at: optional, found_unpaid_at: optional, document_picture: optional,
    warnings: optional, document_bytes, elsewhere_method: optional, elsewhere_on: optional, elsewhere_note: optional,
    elsewhere_actor: optional, tell_buyer, metadata, refund_status: optional, expected_on: optional,
    expected_until: optional, expected_at: optional, new_link_wanted_at: optional, payment_methods: optional,
    reminding: optional, receipt: optional,
);

impl Model {
    /// The links that this `FROM …` finds for these rows.
    pub(super) async fn read_all<const N: usize>(
        db: &impl ConnectionTrait,
        rows: Rows<N>,
        found: &str,
    ) -> Result<Vec<Self>, DbErr> {
        let select = format!("SELECT {} {found}", Self::COLUMNS);
        let found = db.query_all_raw(rows.statement(db.get_database_backend(), &select, Vec::new())).await?;
        found.iter().map(Self::read).collect()
    }
}
