//! Rules that need no database table: money, phone numbers, SMS segments, templates, gateways, link states, ids, the
//! clock, secrets and sealing. No HTTP, Redis or database; with the feature `sea-orm` the types can be stored in
//! columns.

#[macro_use]
mod stored;
#[macro_use]
mod words;

pub mod change;
pub mod client_token;
mod clock;
mod colour;
mod credit_pack;
mod error_chain;
pub mod gateway;
mod id;
mod language_tag;
pub mod limits;
pub mod link;
pub mod message;
pub mod money;
pub mod payment_methods;
pub mod phone;
pub mod plain_template;
mod reminding;
pub mod search;
mod secret;
pub mod sms;
pub mod sms_event;
pub mod stripe_health;
pub mod template;
mod vault;
pub mod webhook;
mod written_day;
mod zone;

pub use clock::Clock;
pub use colour::{Colour, ColourError};
pub use credit_pack::{CreditPack, CreditPackError, credits_kept};
pub use error_chain::{error_chain, with_sources};
pub use id::{
    ApiKeyId, AttentionId, AuditEntryId, BatchId, ConversationId, CreditEntryId, CreditPurchaseId, IdError, JobId,
    KeyHolderId, LinkEventId, LinkId, MerchantId, MessageId, OrderId, RequestId, SessionId, WebhookDeliveryId,
    WebhookEndpointId, WebhookEventId,
};
pub use language_tag::is_of_language;
pub use link::LinkState;
pub use money::{Currency, Money};
pub use payment_methods::PaymentMethods;
pub use phone::{PhoneNumber, Region};
pub use reminding::{OwnReminding, OwnRemindingError, Reminding, RemindingError};
pub use secret::Secret;
pub use vault::{LinkToken, Vault, VaultError, key_bytes, random_secret, random_token, sha256};
pub use written_day::written_day;
pub use zone::{Zone, ZoneError};
