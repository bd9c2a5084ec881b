//! The variables of templates.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::Language;
use crate::money::Money;

/// A template variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// `{{merchant_name}}`: who sends the invoice.
    MerchantName,
    /// `{{customer_name}}`: who receives it.
    CustomerName,
    /// `{{order_number}}`: the merchant's order number.
    OrderNumber,
    /// `{{invoice_number}}`: the merchant's invoice number.
    InvoiceNumber,
    /// `{{amount}}`: the amount to pay, such as `1,234.50 EUR`.
    Amount,
    /// `{{link}}`: our page with the invoice and the payment.
    Link,
    /// `{{expires_on}}`: the last day on which the link can be paid, such as `1 Dec 2026`.
    ExpiresOn,
}

impl Variable {
    /// Every variable, in the order shown to people.
    pub const ALL: [Self; 7] = [
        Self::MerchantName,
        Self::CustomerName,
        Self::OrderNumber,
        Self::InvoiceNumber,
        Self::Amount,
        Self::Link,
        Self::ExpiresOn,
    ];

    /// The name between the braces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MerchantName => "merchant_name",
            Self::CustomerName => "customer_name",
            Self::OrderNumber => "order_number",
            Self::InvoiceNumber => "invoice_number",
            Self::Amount => "amount",
            Self::Link => "link",
            Self::ExpiresOn => "expires_on",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variable| variable.name() == name)
    }

    /// All names, for error messages.
    pub(super) fn list() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// Prefix of variables that are metadata keys.
const METADATA: &str = "metadata";

/// The metadata key of a variable such as `metadata.table`, if it is a plain identifier.
pub(super) fn metadata_key(name: &str) -> Option<&str> {
    let key = name.strip_prefix(METADATA)?.strip_prefix('.')?;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let begins_well = key.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    (begins_well && key.bytes().all(is_word)).then_some(key)
}

/// The values for one message. No `Debug`, because the link is as good as a password.
#[derive(Clone, Copy)]
pub struct Variables<'a> {
    /// Who sends the invoice.
    pub merchant_name: &'a str,
    /// Who receives it.
    pub customer_name: &'a str,
    /// The merchant's order number.
    pub order_number: &'a str,
    /// The merchant's invoice number.
    pub invoice_number: &'a str,
    /// The amount to pay.
    pub amount: Money,
    /// The URL of the buyer's page.
    pub link: &'a str,
    /// The last day on which the link can be paid, in the merchant's time zone.
    pub expires_on: NaiveDate,
    /// The metadata of the link and its order; `None` in an example, which shows the keys themselves.
    pub metadata: Option<&'a BTreeMap<String, String>>,
}

impl Variables<'_> {
    /// The value of a variable, on one line whatever was entered.
    #[must_use]
    pub fn value(&self, variable: Variable) -> String {
        match variable {
            Variable::MerchantName => on_one_line(self.merchant_name),
            Variable::CustomerName => on_one_line(self.customer_name),
            Variable::OrderNumber => on_one_line(self.order_number),
            Variable::InvoiceNumber => on_one_line(self.invoice_number),
            Variable::Amount => Language::En.amount(self.amount),
            Variable::Link => on_one_line(self.link),
            Variable::ExpiresOn => Language::En.day(self.expires_on),
        }
    }

    /// The value of a metadata key; empty if there is none.
    fn metadata_value(&self, key: &str) -> String {
        let Some(metadata) = self.metadata else { return key.to_owned() };
        metadata.get(key).map(|value| on_one_line(value)).unwrap_or_default()
    }

    /// Whether a metadata key has no value.
    pub(super) fn lacks(&self, key: &str) -> bool {
        self.metadata_value(key).is_empty()
    }

    pub(super) fn values<'k>(&self, language: Language, keys: impl Iterator<Item = &'k str>) -> Map<String, Value> {
        let value = |variable| match variable {
            Variable::ExpiresOn => language.day(self.expires_on),
            Variable::Amount => language.amount(self.amount),
            other => self.value(other),
        };
        let mut values: Map<String, Value> = Variable::ALL
            .into_iter()
            .map(|variable| (variable.name().to_owned(), Value::String(value(variable))))
            .collect();
        let metadata = keys.map(|key| (key.to_owned(), Value::String(self.metadata_value(key)))).collect();
        values.insert(METADATA.to_owned(), Value::Object(metadata));
        values
    }
}

/// Collapses line breaks, control characters and runs of spaces into one space, and removes bidirectional marks, with
/// which a name could reverse the rest of the text.
fn on_one_line(value: &str) -> String {
    let visible: String = value.chars().filter(|&character| !turns_direction(character)).collect();
    visible
        .split(|character: char| character.is_whitespace() || character.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

const fn turns_direction(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{Variable, on_one_line};

    #[test]
    fn a_value_is_on_one_line_without_control_characters() {
        for (typed, value) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("  Ada \n\t Lovelace\r\n", "Ada Lovelace"),
            ("Ada\u{a0}\u{2028}Lovelace", "Ada Lovelace"),
            ("A\0d\u{1b}a\u{85}", "A d a"),
            ("\u{202e}adA\u{2066}", "adA"),
            ("👩\u{200d}👧", "👩\u{200d}👧"),
            ("\n", ""),
            ("", ""),
        ] {
            assert_eq!(on_one_line(typed), value, "{typed:?}");
        }
    }

    #[test]
    fn each_variable_is_found_by_its_name_and_by_no_other() {
        for variable in Variable::ALL {
            assert_eq!(Variable::named(variable.name()), Some(variable));
        }
        for name in ["", "Link", "LINK", "links", "this", "link "] {
            assert_eq!(Variable::named(name), None, "{name:?}");
        }
    }
}
