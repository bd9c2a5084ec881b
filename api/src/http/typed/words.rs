//! Enums of words.

/// Describes enums of words, as [`domain::words`] defines them.
macro_rules! described_words {
    ($($name:ty),+ $(,)?) => { $(
        impl crate::http::typed::Written for $name {
            fn schema() -> poem_openapi::registry::MetaSchema {
                poem_openapi::registry::MetaSchema {
                    enum_items: Self::ALL.iter().map(|word| word.as_str().into()).collect(),
                    ..poem_openapi::registry::MetaSchema::new("string")
                }
            }

            fn read(text: &str) -> Result<Self, String> {
                text.parse::<Self>().map_err(|error| error.to_string())
            }

            fn write(&self) -> std::borrow::Cow<'_, str> {
                self.as_str().into()
            }
        }
    )+ };
}
pub(crate) use described_words;

described_words! {
    domain::LinkState,
    domain::client_token::Right,
    domain::link::Dispute,
    domain::link::ElsewhereMethod,
    domain::link::Review,
    domain::link::money_back::RefundState,
    domain::link::money_back::RefundStatus,
    domain::message::MessageStatus,
    domain::stripe_health::Health,
    domain::template::Purpose,
    domain::gateway::Method,
    domain::gateway::SignatureEncoding,
    entity::api_key::Scope,
    entity::attention::AttentionKind,
    entity::batch::BatchState,
    entity::batch::RowState,
    entity::conversation::Openness,
    entity::conversation::OptOutSource,
    entity::credits::EntryKind,
    entity::credits::purchase::PurchaseState,
    entity::job::JobState,
    entity::link::InvoiceWarning,
    entity::link::ExpectedState,
    entity::logo::PictureType,
    entity::message::Direction,
    entity::message::Origin,
    entity::order::Tag,
    entity::notice::Notice,
    entity::sms_integration::CarrierKind,
    entity::sms_integration::SmsStatus,
    entity::stripe_integration::EndpointStatus,
    entity::stripe_integration::StripeStatus,
    entity::webhook_endpoint::Disabled,
    entity::webhook_endpoint::delivery::DeliveryState,
    entity::webhook_event::EventState,
    entity::webhook_event::Source,
    queue::Kind,
}
