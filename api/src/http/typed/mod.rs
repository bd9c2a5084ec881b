//! Typed strings. Their words, patterns and examples in `/openapi.json` come from the types they are parsed into, so
//! the description and the parser cannot drift apart.

mod lists;
mod metadata;
mod moment;
mod texts;

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref, str::FromStr};

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

pub(crate) use self::{
    lists::{Clearable, Limit, Several},
    metadata::Metadata,
    moment::{Moment, SortOrder, period},
    texts::{
        Amount, CalendarDay, ColourCode, CountryCode, CurrencyCode, E164, EventName, HookUrl, Language, LastFour, Line,
        OriginText, PaymentMethodsText, PhoneText, Prose, Sha256, SigningSecret, StripeKey, Url, ZoneName,
    },
};

/// A value written as a string.
pub(crate) trait Written: Sized + Send + Sync {
    /// Its schema.
    fn schema() -> MetaSchema;

    /// Parses a text. The error says what is expected.
    fn read(text: &str) -> Result<Self, String>;

    /// Formats the value.
    fn write(&self) -> Cow<'_, str>;
}

/// A typed value in place of a string.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text<T>(pub(crate) T);

impl<T> Text<T> {
    /// The value.
    pub(crate) fn value(self) -> T {
        self.0
    }
}

impl<T> From<T> for Text<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

/// Uses the inner type's `Debug`, which may hide the value.
impl<T: fmt::Debug> fmt::Debug for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Written> Written for Text<T> {
    fn schema() -> MetaSchema {
        T::schema()
    }

    fn read(text: &str) -> Result<Self, String> {
        T::read(text).map(Self)
    }

    fn write(&self) -> Cow<'_, str> {
        self.0.write()
    }
}

/// Serializes the text for its readers.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TextOf<T> {
    text: String,
    of: PhantomData<fn() -> T>,
}

impl<T: Written> Written for TextOf<T> {
    fn schema() -> MetaSchema {
        T::schema()
    }

    fn read(text: &str) -> Result<Self, String> {
        T::read(text).map(|_| Self { text: text.to_owned(), of: PhantomData })
    }

    fn write(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.text)
    }
}

impl<T> Deref for TextOf<T> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl<T> fmt::Display for TextOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<T> fmt::Debug for TextOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextOf(…)")
    }
}

/// Implements the traits of poem-openapi and serde for a string type.
macro_rules! written {
    ($([$($generics:tt)*] $name:ty;)+) => { $(
        impl<$($generics)*> Type for $name {
            const IS_REQUIRED: bool = true;

            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> Cow<'static, str> {
                "text".into()
            }

            fn schema_ref() -> MetaSchemaRef {
                MetaSchemaRef::Inline(Box::new(<Self as Written>::schema()))
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        impl<$($generics)*> ParseFromJSON for $name {
            fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
                match value {
                    Some(Value::String(text)) => <Self as Written>::read(&text).map_err(ParseError::custom),
                    other => Err(ParseError::expected_type(other.unwrap_or_default())),
                }
            }
        }

        impl<$($generics)*> ParseFromParameter for $name {
            fn parse_from_parameter(text: &str) -> ParseResult<Self> {
                <Self as Written>::read(text).map_err(ParseError::custom)
            }
        }

        impl<$($generics)*> ToJSON for $name {
            fn to_json(&self) -> Option<Value> {
                Some(Value::String(self.write().into_owned()))
            }
        }

        impl<$($generics)*> Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.write())
            }
        }

        impl<'de, $($generics)*> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<str>::deserialize(deserializer)?;
                <Self as Written>::read(&text).map_err(de::Error::custom)
            }
        }
    )+ };
}

written! {
    [T: Written] Text<T>;
    [T: Written] TextOf<T>;
    [] Amount;
    [] CalendarDay;
    [] ColourCode;
    [] CountryCode;
    [] CurrencyCode;
    [] E164;
    [] EventName;
    [] HookUrl;
    [] Language;
    [] LastFour;
    [] PaymentMethodsText;
    [const MOST: usize] Line<MOST>;
    [] Moment;
    [] OriginText;
    [] PhoneText;
    [const MOST: usize] Prose<MOST>;
    [] Sha256;
    [] SigningSecret;
    [] StripeKey;
    [] Url;
    [] ZoneName;
}

/// A schema with this pattern.
fn of_pattern(title: &str, pattern: impl Into<String>, example: &str) -> MetaSchema {
    MetaSchema {
        title: Some(title.to_owned()),
        pattern: Some(pattern.into()),
        example: Some(example.into()),
        ..MetaSchema::new("string")
    }
}

fn parsed<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

macro_rules! ids {
    ($($name:ident = $prefix:literal),+ $(,)?) => { $(
        impl Written for domain::$name {
            fn schema() -> MetaSchema {
                let example = concat!($prefix, "_01936ad7f4c07d0c8e3b5a9f21c4d6e8");
                of_pattern(concat!("an id that starts with ", $prefix, "_"), concat!("^", $prefix, "_[0-9a-f]{32}$"), example)
            }

            fn read(text: &str) -> Result<Self, String> {
                parsed(text)
            }

            fn write(&self) -> Cow<'_, str> {
                self.to_string().into()
            }
        }
    )+ };
}

ids! {
    MerchantId = "mer",
    ApiKeyId = "key",
    OrderId = "ord",
    LinkId = "link",
    MessageId = "msg",
    ConversationId = "conv",
    CreditEntryId = "cred",
    CreditPurchaseId = "cpu",
    JobId = "job",
    WebhookEventId = "evt",
    AuditEntryId = "aud",
    BatchId = "bat",
    SessionId = "ses",
    WebhookEndpointId = "whe",
    WebhookDeliveryId = "whd",
    AttentionId = "att",
}

/// Cursors of lists that are not ordered by id.
macro_rules! places {
    ($($name:ty = $pattern:literal, $example:literal);+ $(;)?) => { $(
        impl Written for $name {
            fn schema() -> MetaSchema {
                of_pattern("a cursor that this list gave", $pattern, $example)
            }

            fn read(text: &str) -> Result<Self, String> {
                parsed(text)
            }

            fn write(&self) -> Cow<'_, str> {
                self.to_string().into()
            }
        }
    )+ };
}

places! {
    entity::conversation::InboxPosition = r"^[0-9]{1,13}\.conv_[0-9a-f]{32}$", "1764158400000.conv_01936ad7f4c07d0c8e3b5a9f21c4d6e8";
    i64 = r"^[0-9]{1,18}$", "20";
    entity::session::SessionCursor = r"^[0-9]{1,13}\.ses_[0-9a-f]{32}$", "1764158400000.ses_01936ad7f4c07d0c8e3b5a9f21c4d6e8";
}

impl Written for entity::conversation::Assigned {
    fn schema() -> MetaSchema {
        of_pattern(
            "an id that starts with key_, or nobody",
            "^(nobody|key_[0-9a-f]{32})$",
            "key_01936ad7f4c07d0c8e3b5a9f21c4d6e8",
        )
    }

    fn read(text: &str) -> Result<Self, String> {
        parsed(text)
    }

    fn write(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

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
    domain::link::ElsewhereMethod,
    domain::link::Review,
    domain::link::money_back::RefundState,
    domain::link::money_back::RefundStatus,
    domain::message::MessageStatus,
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
    entity::link::Dispute,
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
    entity::stripe_integration::Health,
    entity::stripe_integration::StripeStatus,
    entity::webhook_endpoint::Disabled,
    entity::webhook_endpoint::delivery::DeliveryState,
    entity::webhook_event::EventState,
    entity::webhook_event::Source,
    queue::Kind,
}
