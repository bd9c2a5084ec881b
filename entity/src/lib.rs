//! The tables, and the queries on them.
//!
//! This crate knows neither HTTP nor Redis. Finders take the merchant: no query reads a tenant's row without the
//! tenant, except by a buyer's token, which is itself the permission to see the link.

pub mod api_key;
pub mod attention;
pub mod audit;
pub mod batch;
pub mod buyer;
mod by_position;
pub mod change;
pub mod conversation;
pub mod credits;
mod db;
pub mod documents;
pub mod heartbeat;
pub mod idempotency;
pub mod installation;
pub mod job;
mod json_column;
pub mod link;
pub mod link_text;
pub mod list;
pub mod logo;
mod looking;
pub mod merchant;
pub mod message;
pub mod message_template;
pub mod metrics;
mod money_column;
pub mod notice;
pub mod operator;
pub mod order;
pub mod pause;
pub mod picture;
pub mod queue_minute;
pub mod reminder;
pub mod reseal;
pub mod restoration;
pub mod revocation;
mod rows;
pub mod search;
pub mod session;
pub mod sms_integration;
pub mod stripe_integration;
pub mod summary;
pub mod suspension;
pub mod text_due;
pub mod tick;
pub mod webhook_endpoint;
pub mod webhook_event;

pub use audit::AuditAction;
pub use batch::Batch;
pub use conversation::Conversation;
pub use db::{
    DatabaseTime, Db, DbFault, DbLimits, DbOptions, PoolUse, Pooling, SKEW_LIMIT, Transaction, is_conflict,
    retry_conflicts,
};
pub use documents::{Documents, Reading};
pub use json_column::stored_json;
pub use merchant::Merchant;
pub use message::Message;
pub use order::Order;
pub use picture::Picture;
pub use rows::Rows;
pub use search::contains;
