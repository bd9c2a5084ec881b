//! Paylink from outside: real Redis, a real database, and the sandbox's Stripe and carrier. Its roles run in the process of the
//! tests, with one Redis and one PostgreSQL for the whole run; what does harm to a process starts the real binary.
//!
//! Every story is told on SQLite and on PostgreSQL. When its app goes, each of them also shows what all of them promise: see
//! [`support::App`].

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod amounts;
mod attention;
mod audit_log;
mod backups;
mod bad_input;
mod buyer_page;
mod carriers;
mod changes;
mod connecting;
mod crashes;
mod credits;
mod crowds;
mod dead_jobs;
mod described;
mod details_page;
mod doctor;
mod doctors;
mod faults;
mod finding;
mod flow;
mod gateways;
mod growth;
mod hostile_pdfs;
mod idempotency;
mod interleavings;
mod invoice_picture;
mod limits;
mod live;
mod long_lists;
mod merchant_page;
mod migrations;
mod money;
mod ninety_days;
mod operators;
mod operators_page;
mod opt_outs;
mod paid_elsewhere;
mod payments;
mod pictures;
mod plans;
mod recorded;
mod reminders;
mod returning;
mod rows;
mod s3;
mod searching;
mod secrets;
mod security;
mod seeing;
mod sessions;
mod settings;
mod signals;
mod starts_and_stops;
mod story;
mod strict;
mod stripe_trouble;
mod support;
mod suspension;
mod tenancy;
mod texting;
mod texting_faults;
mod tracing;
mod void;
mod waiting;
mod webhook_events;
mod webhooks;
mod who_may_what;
mod whole_orders;
mod without_redis;
