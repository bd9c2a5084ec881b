//! Sums of days, beside those of quarters of an hour, so that a summary of a year reads a few hundred of them.
//!
//! A day begins at another time in each time zone: a merchant's days are kept for each shift that its zone has over the
//! year, and `day` is the quarter of an hour plus the shift, divided by 96. A tick writes the shifts and the days from
//! before them. From then on a trigger of `link_sum`, which only a tick writes, adds to the days: whichever version
//! that tick is of.

use sea_orm_migration::prelude::*;

use crate::{dialect, m0112_link_sums::SUMMED};

const TABLES: &str = "
CREATE TABLE link_sum_shift (
    merchant_id {id} NOT NULL,
    shift {int} NOT NULL,
    PRIMARY KEY (merchant_id, shift)
);
CREATE TABLE link_sum_day (
    merchant_id {id} NOT NULL,
    kind text NOT NULL CHECK (kind IN ('made', 'paid')),
    shift {int} NOT NULL,
    day {int} NOT NULL,
    currency text NOT NULL,
    links {int} NOT NULL,
    amount {int} NOT NULL,
    refunded {int} NOT NULL,
    disputed {int} NOT NULL,
    disputed_links {int} NOT NULL,
    lost {int} NOT NULL,
    viewed {int} NOT NULL,
    paid {int} NOT NULL,
    PRIMARY KEY (merchant_id, kind, shift, day, currency)
)";

/// The triggers of `link_sum`: name, event, and what each column adds to the day.
const TRIGGERS: [(&str, &str, &str); 2] =
    [("by_day", "INSERT", "NEW.{column}"), ("by_day_again", "UPDATE", "NEW.{column} - OLD.{column}")];

/// What a trigger does.
fn add(column: &str) -> String {
    let each = |of: &str| SUMMED.map(|name| of.replace("{column}", name)).join(", ");
    format!(
        "INSERT INTO link_sum_day (merchant_id, kind, shift, day, currency, {})
            SELECT NEW.merchant_id, NEW.kind, shift, (NEW.slot + shift) / 96, NEW.currency, {}
            FROM link_sum_shift WHERE link_sum_shift.merchant_id = NEW.merchant_id
            ON CONFLICT (merchant_id, kind, shift, day, currency) DO UPDATE SET {};",
        each("{column}"),
        each(column),
        each("{column} = link_sum_day.{column} + excluded.{column}"),
    )
}

#[derive(DeriveMigrationName)]
pub(crate) struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, TABLES).await?;
        for (name, event, column) in TRIGGERS {
            let when = format!("{event} ON link_sum FOR EACH ROW WHEN (NEW.kind IN ('made', 'paid'))");
            dialect::create_trigger(manager, &format!("link_sum_{name}"), &when, &add(column)).await?;
        }
        Ok(())
    }
}
