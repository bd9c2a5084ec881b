//! Paylink from outside: the real binary, real Redis, a real database, and the sandbox's Stripe and carrier.
//!
//! Every story is told on SQLite and on PostgreSQL. When its app goes, each of them also shows what all of them promise: see
//! [`support::App`].

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod amounts;
mod bad_input;
mod buyer_page;
mod carriers;
mod connecting;
mod crashes;
mod credits;
mod dead_jobs;
mod described;
mod details_page;
mod doctor;
mod faults;
mod flow;
mod gateways;
mod idempotency;
mod interleavings;
mod live;
mod merchant_page;
mod migrations;
mod ninety_days;
mod operators_page;
mod payments;
mod recorded;
mod reminders;
mod rows;
mod s3;
mod secrets;
mod security;
mod seeing;
mod sessions;
mod settings;
mod starts_and_stops;
mod story;
mod stripe_trouble;
mod support;
mod tenancy;
mod texting;
mod texting_faults;
mod tracing;
mod void;
mod webhook_events;
mod webhooks;
mod without_redis;
