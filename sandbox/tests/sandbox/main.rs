//! The sandbox from outside, over HTTP, as the product sees it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod disputes_and_refunds;
mod faults;
mod idempotency;
mod journal;
mod payments;
mod receiver;
mod sms;
mod strictness;
mod webhooks;
mod world;
