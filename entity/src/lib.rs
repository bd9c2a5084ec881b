//! Everything that Paylink persists, and its rules: tables, ids, money, the link's state machine, the credit ledger.
//!
//! No HTTP and no Redis. Finders take the merchant: there is no query for a tenant's row without the tenant, except by a
//! buyer's token, which is a right of its own.

mod column;

pub mod api_key;
pub mod audit;
mod clock;
mod colour;
pub mod conversation;
pub mod credits;
mod db;
pub mod documents;
pub mod gateway;
pub mod heartbeat;
mod id;
pub mod idempotency;
pub mod installation;
pub mod job;
pub mod link;
pub mod logo;
pub mod merchant;
pub mod message;
pub mod meter;
pub mod money;
mod money_column;
pub mod news;
pub mod operator;
pub mod order;
pub mod pause;
pub mod phone;
mod phone_column;
pub mod plain_template;
pub mod reminder;
pub mod reseal;
mod rows;
mod search;
mod secret;
pub mod session;
pub mod sms;
pub mod sms_event;
pub mod sms_integration;
pub mod stripe_integration;
pub mod suspension;
pub mod template;
pub mod tick;
mod vault;
pub mod webhook_event;

pub use clock::{Clock, DatabaseTime, SKEW_LIMIT};
pub use colour::{Colour, ColourError};
pub use conversation::Conversation;
pub use db::{Db, PoolUse, Transaction, is_conflict, retry_conflicts};
pub use documents::Documents;
pub use id::{
    ApiKeyId, AuditEntryId, ConversationId, CreditEntryId, IdError, JobId, LinkEventId, LinkId, MerchantId, MessageId,
    OrderId, RequestId, SessionId, WebhookEventId,
};
pub use link::LinkState;
pub use merchant::Merchant;
pub use message::Message;
pub use money::{Currency, Money};
pub use order::Order;
pub use phone::{PhoneNumber, Region};
pub use rows::Rows;
pub use search::contains;
pub use secret::Secret;
pub use vault::{LinkToken, Vault, VaultError, random_secret, random_token, sha256};
