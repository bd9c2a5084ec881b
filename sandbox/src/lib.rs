//! A stand-in for Stripe and an SMS carrier over real HTTP, for trying Paylink out and for tests.
//!
//! The product talks to it with the same code as to the real services, so it is as strict as they are: unknown
//! parameters are refused, signatures are genuine, and idempotency keys remember failures as well. In addition it can
//! be told to misbehave, through `/_control`.
//!
//! | address | what |
//! |---|---|
//! | `/` and `/outbox` | pages for a person who plays the buyer |
//! | `/shop` | a shop on another origin, with Paylink's component in its order page |
//! | `/pay/{slug}` | the hosted page of a payment link |
//! | `/stripe` | base address of the Stripe API |
//! | `/sms` | base address of the SMS API (Twilio's message API) |
//! | `/_control` | the control API for tests |
//!
//! With a journal the state survives `kill -9`: each change is written before the response is sent.

mod answer;
mod clock;
mod connections;
mod control;
mod courier;
mod delivery;
mod exchange;
mod failure;
mod faults;
mod form;
mod front;
mod html;
mod ids;
mod model;
mod money;
mod options;
mod parcel;
mod server;
mod shop;
mod sms;
mod stripe;

pub use model::journal::JournalError;
pub use options::{SandboxOptions, SmsAccount, StripeKey};
pub use server::{Sandbox, SandboxError};
