//! Links that the merchant was paid for outside Stripe: how, when and according to whom.
//!
//! A link in `settling` is open: its order cannot have another one (see [`m0028_open_links`](crate::m0028_open_links)).

use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::allow_words(manager, "payment_link", "state", &["settling"]).await?;
        dialect::allow_words(manager, "payment_link", "review", &["paid_twice"]).await?;
        dialect::run(
            manager,
            "
ALTER TABLE payment_link ADD COLUMN elsewhere_method text
    CHECK (elsewhere_method IN ('cash', 'bank_transfer', 'check', 'terminal', 'other'));
ALTER TABLE payment_link ADD COLUMN elsewhere_on text CHECK (length(elsewhere_on) = 10);
ALTER TABLE payment_link ADD COLUMN elsewhere_note text;
ALTER TABLE payment_link ADD COLUMN elsewhere_actor text
",
        )
        .await
    }
}
