//! The schema, one file per step. Unique keys, CHECKs and foreign keys enforce the invariants on both SQLite and
//! PostgreSQL, so that a bug above them causes an error instead of a wrong row. [`m0012_hot_keys`] explains the few
//! keys that PostgreSQL does without.
//!
//! Steps are SQL, written once for both databases; `{{placeholders}}` stand for the few types that differ (see
//! [`dialect`]). A step runs alongside the previous version of the program, so it only adds. A step that removes
//! something earlier versions use comes a release later and has `_contract_` in its name, so that those versions know
//! that they cannot run (see [`SchemaState`]). Migrations never import entities: a step describes the schema at its
//! time, not today's code.
//!
//! A number that is not there was a step that nobody was ever given: numbers are taken before a step is written, and
//! some were not needed.

pub mod ahead;
mod dialect;
mod fill;
mod m0001_merchants;
mod m0002_orders_and_links;
mod m0003_conversations_and_credits;
mod m0004_jobs;
mod m0005_flow;
mod m0006_traces;
mod m0007_stripe;
mod m0008_webhooks;
mod m0009_texting;
mod m0010_front;
mod m0011_hot_rows;
mod m0012_hot_keys;
mod m0013_operators;
mod m0014_paying;
mod m0015_invoice_pictures;
mod m0016_heartbeat;
mod m0019_quotas;
mod m0020_payment_facts;
mod m0021_actors;
mod m0022_signals;
mod m0024_opt_outs;
mod m0025_pictures;
mod m0026_search;
mod m0027_invoices;
mod m0028_open_links;
mod m0029_webhook_outcomes;
mod m0032_restoration;
mod m0034_whole_orders;
mod m0038_changes;
mod m0039_webhook_endpoints;
mod m0042_paid_elsewhere;
mod m0043_attention;
mod m0044_texts;
mod m0045_batches;
mod m0048_people;
mod m0049_expected;
mod m0053_payment_methods;
mod m0056_change_sets;
mod m0057_rare_rows;
mod m0058_room_for_payments;
mod m0064_buyers_kept;
mod m0066_order_volume;
mod m0073_to_erase;
mod m0076_credit_purchases;
mod m0077_pauses_and_assignments;
mod m0086_dispute_words;
mod m0090_own_reminders;
mod m0091_evidence_notice;
mod m0093_unasked_orders;
mod m0094_unasked_orders_from_before;
mod m0095_rare_rows_of_years;
mod m0096_closed_links;
mod m0097_closed_links_from_before;
mod m0099_batch_rows_shown;
mod m0100_earlier_search;
mod m0101_dispute_deadline;
mod m0102_paid_without_link;
mod m0110_unpaid_orders;
mod m0111_unpaid_orders_from_before;
mod m0112_link_sums;
mod m0113_link_sums_from_before;
mod m0114_batches_in_the_log;
mod m0115_log_outside_batches;
mod m0116_invoice_dates;
mod m0117_links_by_state;
mod m0118_links_by_state_from_before;
mod m0119_link_sum_days;
mod m0122_receipt_of_a_link;
mod m0123_text_hours;
mod m0124_few_of_years;
mod m0125_orders_of_rare_links;
mod m0126_orders_of_rare_links_from_before;
mod m0127_queue_minutes;
mod m0128_told_numbers;
mod m0129_events_stand_for_jobs;
mod m0130_key_holders;
mod m0132_ledger_checkpoints;
mod schema;

use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};

/// Every step, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_merchants::Step),
            Box::new(m0002_orders_and_links::Step),
            Box::new(m0003_conversations_and_credits::Step),
            Box::new(m0004_jobs::Step),
            Box::new(m0005_flow::Step),
            Box::new(m0006_traces::Step),
            Box::new(m0007_stripe::Step),
            Box::new(m0008_webhooks::Step),
            Box::new(m0009_texting::Step),
            Box::new(m0010_front::Step),
            Box::new(m0011_hot_rows::Step),
            Box::new(m0012_hot_keys::Step),
            Box::new(m0013_operators::Step),
            Box::new(m0014_paying::Step),
            Box::new(m0015_invoice_pictures::Step),
            Box::new(m0016_heartbeat::Step),
            Box::new(m0019_quotas::Step),
            Box::new(m0020_payment_facts::Step),
            Box::new(m0021_actors::Step),
            Box::new(m0022_signals::Step),
            Box::new(m0024_opt_outs::Step),
            Box::new(m0025_pictures::Step),
            Box::new(m0026_search::Step),
            Box::new(m0027_invoices::Step),
            Box::new(m0028_open_links::Step),
            Box::new(m0029_webhook_outcomes::Step),
            Box::new(m0032_restoration::Step),
            Box::new(m0034_whole_orders::Step),
            Box::new(m0038_changes::Step),
            Box::new(m0039_webhook_endpoints::Step),
            Box::new(m0042_paid_elsewhere::Step),
            Box::new(m0043_attention::Step),
            Box::new(m0044_texts::Step),
            Box::new(m0045_batches::Step),
            Box::new(m0048_people::Step),
            Box::new(m0049_expected::Step),
            Box::new(m0053_payment_methods::Step),
            Box::new(m0056_change_sets::Step),
            Box::new(m0057_rare_rows::Step),
            Box::new(m0058_room_for_payments::Step),
            Box::new(m0064_buyers_kept::Step),
            Box::new(m0066_order_volume::Step),
            Box::new(m0073_to_erase::Step),
            Box::new(m0076_credit_purchases::Step),
            Box::new(m0077_pauses_and_assignments::Step),
            Box::new(m0086_dispute_words::Step),
            Box::new(m0090_own_reminders::Step),
            Box::new(m0091_evidence_notice::Step),
            Box::new(m0093_unasked_orders::Step),
            Box::new(m0094_unasked_orders_from_before::Step),
            Box::new(m0095_rare_rows_of_years::STEP),
            Box::new(m0096_closed_links::Step),
            Box::new(m0097_closed_links_from_before::Step),
            Box::new(m0099_batch_rows_shown::Step),
            Box::new(m0100_earlier_search::STEP),
            Box::new(m0101_dispute_deadline::Step),
            Box::new(m0102_paid_without_link::Step),
            Box::new(m0110_unpaid_orders::Step),
            Box::new(m0111_unpaid_orders_from_before::Step),
            Box::new(m0112_link_sums::Step),
            Box::new(m0113_link_sums_from_before::Step),
            Box::new(m0114_batches_in_the_log::Step),
            Box::new(m0115_log_outside_batches::STEP),
            Box::new(m0116_invoice_dates::Step),
            Box::new(m0117_links_by_state::Step),
            Box::new(m0118_links_by_state_from_before::Step),
            Box::new(m0119_link_sum_days::Step),
            Box::new(m0122_receipt_of_a_link::Step),
            Box::new(m0123_text_hours::Step),
            Box::new(m0124_few_of_years::STEP),
            Box::new(m0125_orders_of_rare_links::Step),
            Box::new(m0126_orders_of_rare_links_from_before::Step),
            Box::new(m0127_queue_minutes::Step),
            Box::new(m0128_told_numbers::STEP),
            Box::new(m0129_events_stand_for_jobs::Step),
            Box::new(m0130_key_holders::Step),
            Box::new(m0132_ledger_checkpoints::Step),
        ]
    }
}

pub use fill::Fill;
pub use schema::SchemaState;
pub use sea_orm_migration::MigratorTrait as Migrate;
