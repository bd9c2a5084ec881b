//! Texts by purpose and language, scheduled texts, and texts that follow a payment or a void.
//!
//! A row of `text_due` says that a link's buyer has yet to be told. It is written with the link's state and deleted
//! with the message that tells them, so that they are told once, whatever happens in between.

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::allow_words(manager, "message", "status", &["scheduled", "cancelled"]).await?;
        dialect::allow_words(manager, "message", "origin", &["receipt", "voided"]).await?;
        dialect::run(
            manager,
            "
ALTER TABLE message ADD COLUMN scheduled_for {time};
CREATE INDEX message_scheduled ON message (id) WHERE status = 'scheduled';

CREATE TABLE message_template (
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    purpose text NOT NULL CHECK (purpose IN ('request', 'reminder', 'receipt', 'voided')),
    language text NOT NULL,
    body text NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (merchant_id, purpose, language)
);

ALTER TABLE merchant ADD COLUMN receipts {bool} NOT NULL DEFAULT false;
ALTER TABLE merchant ADD COLUMN language text;
ALTER TABLE merchant ADD COLUMN last_reminder_days {int} NOT NULL DEFAULT 0 CHECK (last_reminder_days BETWEEN 0 AND 30);
ALTER TABLE payment_link ADD COLUMN tell_buyer {bool} NOT NULL DEFAULT false;
CREATE TABLE text_due (
    link_id {id} NOT NULL REFERENCES payment_link (id),
    purpose text NOT NULL CHECK (purpose IN ('receipt', 'voided')),
    merchant_id {id} NOT NULL REFERENCES merchant (id),
    due_at {time} NOT NULL,
    PRIMARY KEY (link_id, purpose)
)
",
        )
        .await
    }
}
