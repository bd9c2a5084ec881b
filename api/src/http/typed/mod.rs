//! Typed strings. Their words, patterns and examples in `/openapi.json` come from the types they are parsed into, so
//! the description and the parser cannot drift apart.

mod ids;
mod lists;
mod metadata;
mod moment;
mod text_for;
mod texts;
mod words;

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
    text_for::{CalendarDay, ColourCode, CountryCode, CurrencyCode, PaymentMethodsText},
    texts::{
        Amount, E164, EventName, HookUrl, Language, LastFour, Line, OriginText, PhoneText, Prose, Sha256,
        SigningSecret, StripeKey, Url, ZoneName,
    },
    words::described_words,
};

use self::text_for::{FromText, TextFor};

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
    [T: FromText] TextFor<T>;
    [] Amount;
    [] E164;
    [] EventName;
    [] HookUrl;
    [] Language;
    [] LastFour;
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
