//! Ids, and cursors of lists that are not ordered by id.

use std::borrow::Cow;

use poem_openapi::registry::MetaSchema;

use super::{Written, of_pattern, parsed};

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
    entity::conversation::InboxPosition = r"^[0-9]{1,13}\.conv_[0-9a-f]{32}$", "1795694400000.conv_01936ad7f4c07d0c8e3b5a9f21c4d6e8";
    i64 = r"^[0-9]{1,18}$", "20";
    entity::session::SessionCursor = r"^[0-9]{1,13}\.ses_[0-9a-f]{32}$", "1795694400000.ses_01936ad7f4c07d0c8e3b5a9f21c4d6e8";
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
