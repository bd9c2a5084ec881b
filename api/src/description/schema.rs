//! A schema of the description, and the validation of values against it.

mod parse;

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use regex::Regex;
use serde_json::Value;

use super::faults::Faults;
pub(super) use parse::SchemaSource;

#[derive(Debug, Default)]
pub(super) struct Schema {
    shape: Shape,
    nullable: bool,
    /// The expected value in words: `an amount such as 129.50`.
    words: Option<String>,
    /// Further schemas it must match.
    all_of: Vec<Schema>,
}

#[derive(Debug, Default)]
enum Shape {
    #[default]
    Any,
    Text(TextSchema),
    Integer(Range),
    Number,
    Boolean,
    List(Box<ListSchema>),
    Object(Box<ObjectSchema>),
    /// Any of these.
    AnyOf(Vec<Schema>),
}

#[derive(Debug, Default)]
struct TextSchema {
    one_of: Vec<String>,
    shortest: usize,
    longest: Option<usize>,
    pattern: Option<Regex>,
    is_time: bool,
}

#[derive(Debug, Default)]
struct Range {
    least: Option<i128>,
    most: Option<i128>,
}

#[derive(Debug)]
struct ListSchema {
    items: Schema,
    fewest: usize,
    most: Option<usize>,
}

#[derive(Debug)]
struct ObjectSchema {
    fields: BTreeMap<String, Schema>,
    required: Vec<String>,
    /// The schema of additional fields; `None` allows none.
    others: Option<Schema>,
    most: Option<usize>,
}

impl Schema {
    /// Whether a text in a query, a path or a header is a list.
    pub(super) const fn is_list(&self) -> bool {
        matches!(self.shape, Shape::List(_))
    }

    /// Validates a value and collects the errors.
    pub(super) fn check(&self, field: &str, value: &Value, faults: &mut Faults) {
        if value.is_null() && self.is_nullable() {
            return;
        }
        for also in &self.all_of {
            also.check(field, value, faults);
        }
        match (&self.shape, value) {
            (Shape::Any, _) | (Shape::Boolean, Value::Bool(_)) | (Shape::Number, Value::Number(_)) => {}
            (Shape::Text(text), Value::String(value)) => self.check_text(text, field, value, faults),
            (Shape::Integer(range), Value::Number(value)) => match whole(value) {
                Some(value) => range.check(field, value, faults),
                None => faults.unreadable(field, "must be a whole number"),
            },
            (Shape::List(list), Value::Array(values)) => list.check(field, values, faults),
            (Shape::Object(object), Value::Object(values)) => object.check(field, values, faults),
            (Shape::AnyOf(schemas), value) => check_any(schemas, field, value, faults),
            (shape, value) => faults.unreadable(field, format!("must be {}, not {}", shape.name(), name(value))),
        }
    }

    fn is_nullable(&self) -> bool {
        self.nullable || self.all_of.iter().any(Self::is_nullable)
    }

    /// Validates a value that is written as text, in a query, a path or a header.
    pub(super) fn check_written(&self, field: &str, written: &str, faults: &mut Faults) {
        for also in &self.all_of {
            also.check_written(field, written, faults);
        }
        match &self.shape {
            Shape::Any | Shape::AnyOf(_) | Shape::Object(_) | Shape::Number => {}
            Shape::Text(text) => self.check_text(text, field, written, faults),
            Shape::Boolean if ["true", "false"].contains(&written) => {}
            Shape::Boolean => faults.wrong(field, "must be true or false"),
            Shape::Integer(range) => match written.parse::<i128>() {
                Ok(value) if !written.starts_with('+') => range.check(field, value, faults),
                Ok(_) | Err(_) => faults.wrong(field, "must be a whole number"),
            },
            Shape::List(list) => {
                for item in written.split(',') {
                    list.items.check_written(field, item, faults);
                }
            }
        }
    }

    fn check_text(&self, text: &TextSchema, field: &str, value: &str, faults: &mut Faults) {
        let length = value.chars().count();
        if !text.one_of.is_empty() && !text.one_of.iter().any(|word| word == value) {
            faults.wrong(field, format!("must be one of: {}", text.one_of.join(", ")));
        } else if text.shortest > 0 && value.trim().is_empty() {
            faults.wrong(field, "must not be empty");
        } else if length < text.shortest {
            faults.wrong(field, format!("must have at least {} characters", text.shortest));
        } else if let Some(longest) = text.longest.filter(|longest| length > *longest) {
            faults.wrong(field, format!("must not be longer than {longest} characters"));
        } else if text.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(value)) {
            let words = self.words.as_deref().unwrap_or("of the form that the description of the API says");
            faults.wrong(field, format!("must be {words}"));
        } else if text.is_time && value.parse::<DateTime<FixedOffset>>().is_err() {
            faults.wrong(field, "must be a time with its offset from UTC, such as 2026-12-31T18:00:00Z");
        }
    }
}

impl Shape {
    const fn name(&self) -> &'static str {
        match self {
            Self::Any | Self::AnyOf(_) => "something else",
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

const fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn whole(number: &serde_json::Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

impl Range {
    fn check(&self, field: &str, value: i128, faults: &mut Faults) {
        let is_below = self.least.is_some_and(|least| value < least);
        if !is_below && self.most.is_none_or(|most| value <= most) {
            return;
        }
        faults.wrong(
            field,
            match (self.least, self.most) {
                (Some(least), Some(most)) => format!("must be from {least} to {most}"),
                (Some(least), None) => format!("must be at least {least}"),
                (None, Some(most)) => format!("must be at most {most}"),
                (None, None) => return,
            },
        );
    }
}

impl ListSchema {
    fn check(&self, field: &str, values: &[Value], faults: &mut Faults) {
        if values.len() < self.fewest {
            faults.wrong(field, format!("must not have fewer items than {}", self.fewest));
        }
        if let Some(most) = self.most.filter(|most| values.len() > *most) {
            faults.wrong(field, format!("must not be more than {most}"));
            return;
        }
        for (at, value) in values.iter().enumerate() {
            self.items.check(&format!("{field}[{at}]"), value, faults);
        }
    }
}

impl ObjectSchema {
    fn check(&self, field: &str, values: &serde_json::Map<String, Value>, faults: &mut Faults) {
        for name in self.required.iter().filter(|name| !values.contains_key(*name)) {
            faults.unreadable(&format!("{field}.{name}"), "is missing");
        }
        if let Some(most) = self.most.filter(|most| values.len() > *most) {
            faults.wrong(field, format!("must not be more than {most}"));
        }
        for (name, value) in values {
            let path = format!("{field}.{name}");
            match (self.fields.get(name), &self.others) {
                (Some(schema), _) | (None, Some(schema)) => schema.check(&path, value, faults),
                (None, None) => faults.unknown(&path),
            }
        }
    }
}

/// Validates against any of the schemas. On failure, reports the errors of the closest one.
fn check_any(schemas: &[Schema], field: &str, value: &Value, faults: &mut Faults) {
    let mut nearest: Option<Faults> = None;
    for schema in schemas {
        let mut found = Faults::default();
        schema.check(field, value, &mut found);
        if found.is_none() {
            return;
        }
        let is_nearer = nearest.as_ref().is_none_or(|nearest| found.unreadable.len() < nearest.unreadable.len());
        if is_nearer {
            nearest = Some(found);
        }
    }
    if let Some(nearest) = nearest {
        faults.unknown.extend(nearest.unknown);
        faults.unreadable.extend(nearest.unreadable);
        faults.wrong.extend(nearest.wrong);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(schema: &Value, value: &Value) -> Option<(&'static str, String)> {
        let mut faults = Faults::default();
        let document = json!({"a": {"type": "string", "enum": ["x"]}});
        Schema::of(schema, &SchemaSource::new(&document)).check("", value, &mut faults);
        faults.into_result().err().map(|problem| (problem.code(), problem.to_string()))
    }

    #[test]
    fn what_is_not_described_is_named_wherever_it_is() {
        let item = json!({"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}});
        let schema = json!({"type": "object", "properties": {"items": {"type": "array", "items": item}}});
        assert_eq!(told(&schema, &json!({"items": [{"name": "a"}]})), None);
        let (code, text) = told(&schema, &json!({"items": [{"name": "a"}, {"name": 1, "colour": "red"}]})).unwrap();
        assert_eq!(code, "unknown_field");
        assert!(text.contains("items[1].colour: is not known here"), "{text}");
        let (code, text) = told(&schema, &json!({"items": [{}]})).unwrap();
        assert_eq!(code, "malformed_request");
        assert!(text.contains("items[0].name"), "{text}");
    }

    #[test]
    fn null_is_taken_only_where_it_is_described() {
        assert!(told(&json!({"type": "string"}), &Value::Null).is_some());
        assert_eq!(told(&json!({"type": "string", "nullable": true}), &Value::Null), None);
    }

    #[test]
    fn words_lengths_and_limits_are_held_to() {
        for (schema, good, bad) in [
            (json!({"$ref": "#/a"}), json!("x"), json!("y")),
            (json!({"type": "string", "minLength": 1}), json!("x"), json!(" ")),
            (json!({"type": "string", "maxLength": 2}), json!("éé"), json!("ééé")),
            (json!({"type": "string", "pattern": "^[0-9]+$"}), json!("12"), json!("12a")),
            (
                json!({"type": "string", "format": "date-time"}),
                json!("2026-12-31T18:00:00+01:00"),
                json!("2026-12-31T18:00"),
            ),
            (json!({"type": "integer", "minimum": 1.0, "maximum": 5.0}), json!(5), json!(6)),
            (json!({"type": "array", "minItems": 1, "items": {}}), json!([1]), json!([])),
            (json!({"type": "array", "maxItems": 1, "items": {}}), json!([1]), json!([1, 2])),
            (json!({"allOf": [{"$ref": "#/a"}, {"description": "it"}]}), json!("x"), json!("y")),
            (json!({"anyOf": [{"$ref": "#/a"}, {"type": "integer"}]}), json!(3), json!("y")),
        ] {
            assert_eq!(told(&schema, &good), None, "{schema}");
            assert_eq!(told(&schema, &bad).map(|(code, _)| code), Some("invalid_input"), "{schema}");
        }
    }
}
