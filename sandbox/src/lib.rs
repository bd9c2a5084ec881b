//! A stand-in Stripe and a stand-in SMS carrier over real HTTP, for trying Paylink out and for tests.
//!
//! The product talks to it with the same code as to the real services, so it is strict where they are strict: an
//! unknown parameter is refused, a signature is a real signature, an idempotency key remembers a failure too. On top
//! of that it can be told to misbehave, below `/_control`.
//!
//! | address | what |
//! |---|---|
//! | `/` and `/outbox` | pages for a person who plays the buyer |
//! | `/shop` | a shop of another origin that has Paylink's component in its page of an order |
//! | `/pay/{slug}` | the hosted page of a payment link |
//! | `/stripe` | base address of the Stripe API |
//! | `/sms` | base address of the SMS API (Twilio's message API) |
//! | `/_control` | what somebody who tests tells the sandbox to do |
//!
//! With a journal everything it knows survives `kill -9`: each change is written before the answer leaves.

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
