//! Metadata: named texts that a merchant's software keeps with an order or a link.

use std::{borrow::Cow, collections::BTreeMap};

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef},
    types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Prose, Written};
use crate::http::fields::Fields;

/// The most names, and the longest name and text.
const MOST: usize = 20;
const LONGEST_NAME: usize = 40;
const LONGEST_TEXT: usize = 500;

/// Texts by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Metadata(pub(crate) BTreeMap<String, String>);

impl Metadata {
    /// Checks the number and lengths of the entries.
    pub(crate) fn check(self, field: &str, fields: &mut Fields) -> Option<BTreeMap<String, String>> {
        let is_bad_name = |name: &String| name.trim().is_empty() || name.chars().count() > LONGEST_NAME;
        if self.0.len() > MOST {
            fields.refuse(field, format!("must not have more than {MOST} names"));
        } else if self.0.keys().any(is_bad_name) {
            fields.refuse(field, format!("must have names of 1 to {LONGEST_NAME} characters"));
        } else if self.0.values().any(|text| text.chars().count() > LONGEST_TEXT) {
            fields.refuse(field, format!("must have texts of no more than {LONGEST_TEXT} characters"));
        } else {
            return Some(self.0);
        }
        None
    }
}

impl Type for Metadata {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "metadata".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let text = MetaSchema { example: None, ..Prose::<LONGEST_TEXT>::schema() };
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            additional_properties: Some(Box::new(MetaSchemaRef::Inline(Box::new(text)))),
            max_properties: Some(MOST),
            example: Some(json!({"cart": "c-77"})),
            ..MetaSchema::new("object")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl ParseFromJSON for Metadata {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        serde_json::from_value(value.unwrap_or_default()).map_err(ParseError::custom)
    }
}

impl ToJSON for Metadata {
    fn to_json(&self) -> Option<Value> {
        Some(json!(self.0))
    }
}
