//! System tests of Paylink from outside: real Redis, a real database, and the sandbox's Stripe and carrier. The roles
//! run in the process of the tests, with one Redis and one PostgreSQL for the whole run; tests that damage a process
//! start the real binary.
//!
//! Every test runs on SQLite and on PostgreSQL. When its app is dropped, it also checks the invariants that hold after
//! all tests: see [`support::App`].

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod amounts;
mod attention;
mod audit_log;
mod backups;
mod bad_input;
mod batches;
mod buyer_page;
mod carriers;
mod changes;
mod client_tokens;
mod clients;
mod connecting;
mod conversation_lines;
mod crashes;
mod credit_purchases;
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
mod http2;
mod idempotency;
mod interleavings;
mod invoice_picture;
mod jumps;
mod limits;
mod live;
mod long_lists;
mod lying_store;
mod merchant_page;
mod migrations;
mod money;
mod money_back;
mod ninety_days;
mod operators;
mod operators_page;
mod opt_outs;
mod orders_by_number;
mod paid_elsewhere;
mod payment_methods;
mod payments;
mod people;
mod pictures;
mod plans;
mod receipts;
mod recorded;
mod reminders;
mod restorations;
mod returning;
mod round_trips;
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
mod texts_later;
mod tracing;
mod void;
mod waiting;
mod webhook_endpoints;
mod webhook_events;
mod webhooks;
mod webhooks_crowd;
mod webhooks_out;
mod who_may_what;
mod whole_orders;
mod why;
mod without_redis;
