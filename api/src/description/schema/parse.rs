//! Parsing the schemas of the description.

use std::{cell::RefCell, collections::BTreeMap};

use regex::Regex;
use serde_json::Value;

use super::{ListSchema, ObjectSchema, Range, Schema, Shape, TextSchema};

/// How deep schemas are followed, which ends recursive ones.
const DEEPEST: usize = 24;

/// The document that contains the schemas and the targets of references.
pub(in crate::description) struct SchemaSource<'a> {
    document: &'a Value,
    /// Compiled patterns: the same few occur hundreds of times, and compiling is the slowest part.
    patterns: RefCell<BTreeMap<String, Regex>>,
}

impl<'a> SchemaSource<'a> {
    pub(in crate::description) const fn new(document: &'a Value) -> Self {
        Self { document, patterns: RefCell::new(BTreeMap::new()) }
    }

    /// The target of a reference such as `#/components/schemas/Order`.
    fn find(&self, reference: &str) -> Option<&'a Value> {
        self.document.pointer(reference.trim_start_matches('#'))
    }

    fn pattern(&self, pattern: &str) -> Option<Regex> {
        let mut patterns = self.patterns.borrow_mut();
        if let Some(read) = patterns.get(pattern) {
            return Some(read.clone());
        }
        let read = Regex::new(pattern).ok()?;
        patterns.insert(pattern.to_owned(), read.clone());
        Some(read)
    }
}

impl Schema {
    /// Parses a schema, which may reference other parts of the document.
    pub(in crate::description) fn of(json: &Value, source: &SchemaSource<'_>) -> Self {
        Self::within(json, source, DEEPEST)
    }

    fn within(json: &Value, source: &SchemaSource<'_>, depth: usize) -> Self {
        let Some(depth) = depth.checked_sub(1) else { return Self::default() };
        if let Some(reference) = json["$ref"].as_str() {
            return source.find(reference).map(|target| Self::within(target, source, depth)).unwrap_or_default();
        }
        let list = |name: &str| -> Vec<Self> {
            json[name].as_array().into_iter().flatten().map(|it| Self::within(it, source, depth)).collect()
        };
        let alternatives = [list("anyOf"), list("oneOf")].concat_all();
        let shape = match json["type"].as_str() {
            _ if !alternatives.is_empty() => Shape::AnyOf(alternatives),
            Some("string") => Shape::Text(TextSchema {
                one_of: texts(&json["enum"]),
                shortest: number(json, "minLength").unwrap_or_default(),
                longest: number(json, "maxLength"),
                pattern: json["pattern"].as_str().and_then(|pattern| source.pattern(pattern)),
                is_time: json["format"] == "date-time",
            }),
            Some("integer") => Shape::Integer(Range { least: limit(json, "minimum"), most: limit(json, "maximum") }),
            Some("number") => Shape::Number,
            Some("boolean") => Shape::Boolean,
            Some("array") => Shape::List(Box::new(ListSchema {
                items: Self::within(&json["items"], source, depth),
                fewest: number(json, "minItems").unwrap_or_default(),
                most: number(json, "maxItems"),
            })),
            Some("object") => Shape::Object(Box::new(ObjectSchema {
                fields: json["properties"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, field)| (name.clone(), Self::within(field, source, depth)))
                    .collect(),
                required: texts(&json["required"]),
                others: json["additionalProperties"]
                    .is_object()
                    .then(|| Self::within(&json["additionalProperties"], source, depth)),
                most: number(json, "maxProperties"),
            })),
            _ => Shape::Any,
        };
        Self {
            shape,
            nullable: json["nullable"] == true,
            words: json["title"].as_str().filter(|_| json["type"] == "string").map(str::to_owned),
            all_of: list("allOf"),
        }
    }
}

fn number(json: &Value, name: &str) -> Option<usize> {
    json[name].as_u64().and_then(|number| usize::try_from(number).ok())
}

/// A limit, which the framework writes as a floating-point number.
fn limit(json: &Value, name: &str) -> Option<i128> {
    let value = &json[name];
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from)).or_else(|| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "limits are whole, and far below where a float is not exact"
        )]
        value.as_f64().map(|limit| limit as i128)
    })
}

fn texts(json: &Value) -> Vec<String> {
    json.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Flattens an array of vectors without cloning.
trait ConcatAll<T> {
    fn concat_all(self) -> Vec<T>;
}

impl<T, const N: usize> ConcatAll<T> for [Vec<T>; N] {
    fn concat_all(self) -> Vec<T> {
        self.into_iter().flatten().collect()
    }
}
