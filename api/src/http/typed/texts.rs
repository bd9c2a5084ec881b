//! Strings with a checked format that keep their original spelling; their users interpret them.

use std::{borrow::Cow, fmt, ops::Deref};

use poem_openapi::registry::MetaSchema;

use super::{Written, of_pattern};

/// Any character except controls other than tab and line break; see [`crate::http::characters`].
const ANY: &str = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]";
/// Any character except controls.
const IN_LINE: &str = r"[^\x00-\x1f\x7f-\x9f]";
/// A visible character.
const SEEN: &str = r"[^\s\x00-\x1f\x7f-\x9f]";

/// A string whose example depends on what it is of.
fn unshown(title: &str, pattern: String) -> MetaSchema {
    MetaSchema { title: Some(title.to_owned()), pattern: Some(pattern), ..MetaSchema::new("string") }
}

macro_rules! texts {
    ($( $(#[$meta:meta])* $name:ident $(<const $most:ident: usize>)? = $schema:expr; )+) => { $(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq)]
        pub(crate) struct $name $(<const $most: usize>)? (pub(crate) String);

        impl $(<const $most: usize>)? Written for $name $(<$most>)? {
            fn schema() -> MetaSchema {
                $schema
            }

            fn read(text: &str) -> Result<Self, String> {
                Ok(Self(text.to_owned()))
            }

            fn write(&self) -> Cow<'_, str> {
                Cow::Borrowed(&self.0)
            }
        }

        impl $(<const $most: usize>)? From<String> for $name $(<$most>)? {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl $(<const $most: usize>)? From<&str> for $name $(<$most>)? {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl $(<const $most: usize>)? Deref for $name $(<$most>)? {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        /// Hides the text, which may be a buyer's phone number or message.
        impl $(<const $most: usize>)? fmt::Debug for $name $(<$most>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+ };
}

texts! {
    /// An amount in whole units with a decimal point. Never a number, which some programs round.
    Amount = MetaSchema {
        max_length: Some(14),
        ..of_pattern("an amount such as 129.50", r"^[0-9]{1,11}(\.[0-9]{1,2})?$", "129.50")
    };
    /// A phone number as people write it.
    PhoneText = MetaSchema {
        max_length: Some(60),
        ..of_pattern("a phone number", format!(r"^{IN_LINE}*[^\x00-\x2f\x3a-\x9f]{IN_LINE}*$"), "+12025550123")
    };
    /// A phone number in E.164.
    E164 = of_pattern("a phone number in E.164", r"^\+[1-9][0-9]{6,14}$", "+12025550123");
    /// One line that is not blank.
    Line<const MOST: usize> = MetaSchema {
        min_length: Some(1),
        max_length: Some(MOST),
        ..unshown("a line of text that is not blank, without control characters", format!("^{IN_LINE}*{SEEN}{IN_LINE}*$"))
    };
    /// Text of any number of lines, which may be empty.
    Prose<const MOST: usize> = MetaSchema {
        max_length: Some(MOST),
        ..unshown("text without control characters", format!("^{ANY}*$"))
    };
    /// An IANA time zone.
    ZoneName = MetaSchema {
        max_length: Some(64),
        ..of_pattern("the name of a time zone, such as Europe/Berlin", "^[A-Za-z0-9_+/-]+$", "Europe/Berlin")
    };
    /// A BCP 47 language tag.
    Language = MetaSchema {
        max_length: Some(35),
        ..of_pattern("a language such as en or pt-BR", "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "en")
    };
    /// The last four characters of a secret.
    LastFour = MetaSchema { example: Some("a1b2".into()), max_length: Some(4), ..MetaSchema::new("string") };
    /// A secret or restricted key of a Stripe account.
    StripeKey = MetaSchema {
        max_length: Some(255),
        ..of_pattern("a secret (sk_…) or restricted (rk_…) key; pk_… is the public one",
            r"^ *(sk|rk)_(test|live)_[!-~]* *$", "sk_test_51Example")
    };
    /// The signing secret of a Stripe webhook endpoint.
    SigningSecret = MetaSchema {
        max_length: Some(255),
        ..of_pattern("a signing secret: it begins with whsec_ and has no spaces", r"^ *whsec_[!-~]* *$", "whsec_Example")
    };
    /// A checksum.
    Sha256 = of_pattern("a SHA-256 in hexadecimal", "^[0-9a-f]{64}$",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
    /// An event that a webhook endpoint can subscribe to.
    EventName = MetaSchema {
        enum_items: domain::webhook::Events::every_word().map(Into::into).collect(),
        ..MetaSchema::new("string")
    };
    /// The URL of a webhook endpoint.
    HookUrl = MetaSchema {
        max_length: Some(2_000),
        ..of_pattern("the URL of an endpoint, such as https://example.com/hooks", r"^https?://[!-~]+$", "https://example.com/hooks")
    };
    /// The origin of a page.
    OriginText = MetaSchema {
        max_length: Some(255),
        ..of_pattern("the origin of a page, such as https://shop.example.com", r"^https?://[!-.0-~]+/?$", "https://shop.example.com")
    };
    /// A web address.
    Url = MetaSchema {
        format: Some("uri"),
        example: Some("https://pay.example.com/p/3kTzq0uYw1nVxG5hE8rLmA".into()),
        ..MetaSchema::new("string")
    };
}

impl fmt::Display for LastFour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MOST: usize> Line<MOST> {
    pub(crate) fn trimmed(&self) -> String {
        self.0.trim().to_owned()
    }
}
