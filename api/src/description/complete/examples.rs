//! Examples of what each operation takes and returns, assembled from the examples of the fields. Those of the most
//! visited schemas are written by hand.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// Hand-written examples by schema name. Their fields are consistent, and each can be sent as it is.
static WRITTEN: LazyLock<Map<String, Value>> =
    // A test parses this, and validates each example against its schema.
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

/// Examples of strings without one of their own, by field name.
const TEXTS: &[(&str, &str)] = &[
    ("actor", "key_01936ad7f4c07d0c8e3b5a9f21c4d6e8"),
    ("actor_name", "Front office"),
    ("body", "Your cake is ready."),
    ("customer_name", "Example Buyer"),
    ("description", "Wedding cake"),
    ("invoice_number", "INV-1002"),
    ("next_cursor", "ord_01936ad7f4c07d0c8e3b5a9f21c4d6e8"),
    ("note", "As agreed by phone."),
    ("number", "1002"),
    ("order_number", "1002"),
    ("reason", "As agreed by phone."),
    ("resolved_by", "key_01936ad7f4c07d0c8e3b5a9f21c4d6e8"),
    ("text", "Your cake is ready."),
];

/// How deep schemas are followed.
const DEEPEST: usize = 12;

/// Which fields of an object to show.
#[derive(Clone, Copy)]
enum ShownFields {
    /// The required ones: the example can be sent as it is.
    Needed,
    /// All of them.
    All,
}

/// Adds an example to each body without one.
pub(super) fn add(document: &mut Value) {
    let schemas = document.clone();
    super::for_each_operation(document, |_, _, operation| {
        if let Some(body) = operation.get_mut("requestBody") {
            exemplify(&mut body["content"], &schemas, ShownFields::Needed);
        }
        for (status, response) in super::object(&mut operation["responses"]) {
            if status.starts_with('2')
                && let Some(content) = response.get_mut("content")
            {
                exemplify(content, &schemas, ShownFields::All);
            }
        }
    });
}

fn exemplify(content: &mut Value, document: &Value, shown: ShownFields) {
    let Some(media) = content.get_mut("application/json").and_then(Value::as_object_mut) else { return };
    let given = media.remove("example").filter(|given| !given.is_null());
    let example = given.or_else(|| example(media.get("schema")?, document, shown, DEEPEST));
    if let Some(example) = example {
        // Under a name, since some readers take an unnamed example for a list.
        media.insert("examples".to_owned(), json!({"example": {"value": without_nulls(example)}}));
    }
}

/// Removes nulls: the framework writes absent fields as null, which no call accepts.
fn without_nulls(example: Value) -> Value {
    match example {
        Value::Object(fields) => {
            let said = fields.into_iter().filter(|(_, field)| !field.is_null());
            Value::Object(said.map(|(name, field)| (name, without_nulls(field))).collect())
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => example,
    }
}

fn example(schema: &Value, document: &Value, shown: ShownFields, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        if let Some(written) = WRITTEN.get(name) {
            return Some(written.clone());
        }
        return example(document.pointer(reference.trim_start_matches('#'))?, document, shown, depth);
    }
    if !schema["example"].is_null() {
        return Some(schema["example"].clone());
    }
    for parts in ["allOf", "anyOf", "oneOf"] {
        if let Some(first) = schema[parts].get(0) {
            return example(first, document, shown, depth);
        }
    }
    if let Some(first) = schema["enum"].get(0) {
        return Some(first.clone());
    }
    if !schema["default"].is_null() {
        return Some(schema["default"].clone());
    }
    // A value of any type may be an object.
    let Some(kind) = schema["type"].as_str() else { return Some(json!({})) };
    match (kind, schema["format"].as_str()) {
        ("string", Some("date-time")) => Some("2026-11-26T12:00:00Z".into()),
        ("string", Some("date")) => Some("2026-12-31".into()),
        ("string", Some("binary")) => None,
        ("string", _) => Some("Example".into()),
        ("integer" | "number", _) => Some(
            schema["minimum"].as_f64().filter(|least| *least > 1.0).map_or(json!(1), |_| schema["minimum"].clone()),
        ),
        ("boolean", _) => Some(true.into()),
        ("array", _) => Some(example(&schema["items"], document, shown, depth).into_iter().collect()),
        ("object", _) => Some(Value::Object(fields(schema, document, shown, depth))),
        _ => None,
    }
}

fn fields(schema: &Value, document: &Value, shown: ShownFields, depth: usize) -> Map<String, Value> {
    let needed = |name: &str| schema["required"].as_array().into_iter().flatten().any(|it| it == name);
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .filter(|(name, _)| matches!(shown, ShownFields::All) || needed(name))
        .filter_map(|(name, field)| {
            let example = text_of(name, field).or_else(|| example(field, document, shown, depth))?;
            Some((name.clone(), example))
        })
        .collect()
}

/// The example of a string that its schema does not describe further.
fn text_of(name: &str, field: &Value) -> Option<Value> {
    let says_more = ["example", "enum", "default", "format"].iter().any(|key| !field[*key].is_null());
    let (_, text) = TEXTS.iter().find(|(known, _)| *known == name)?;
    (field["type"] == "string" && !says_more).then(|| (*text).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::{
        faults::Faults,
        schema::{Schema, SchemaSource},
    };

    fn faults(schema: &Value, document: &Value, example: &Value) -> String {
        let mut faults = Faults::default();
        Schema::of(schema, &SchemaSource::new(document)).check("", example, &mut faults);
        faults.into_result().err().map(|problem| format!("{problem:?}")).unwrap_or_default()
    }

    #[test]
    fn what_is_shown_is_as_it_is_described() {
        let document: Value =
            serde_json::from_str(&crate::v1::description().text_at("https://pay.example.com")).unwrap();
        let mut looked_at = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let answers = operation["responses"].as_object().unwrap().values();
                for part in answers.chain([&operation["requestBody"]]) {
                    let media = &part["content"]["application/json"];
                    let Some(example) = media.pointer("/examples/example/value") else { continue };
                    assert_eq!(faults(&media["schema"], &document, example), "", "{method} {path}: {example}");
                    looked_at += 1;
                }
            }
        }
        assert!(looked_at > 100, "{looked_at}");
    }

    #[test]
    fn what_is_written_by_hand_is_of_a_schema() {
        let document: Value =
            serde_json::from_str(&crate::v1::description().text_at("https://pay.example.com")).unwrap();
        assert!(WRITTEN.contains_key("Order"));
        for (name, example) in &*WRITTEN {
            let schema = json!({"$ref": format!("#/components/schemas/{name}")});
            assert!(document["components"]["schemas"][name].is_object(), "{name} is no schema");
            assert_eq!(faults(&schema, &document, example), "", "{name}");
        }
    }

    #[test]
    fn a_field_that_is_not_there_is_not_shown() {
        let mut content =
            json!({"application/json": {"schema": {}, "example": {"a": null, "b": [{"c": null, "d": 1}]}}});
        exemplify(&mut content, &json!({}), ShownFields::All);
        assert_eq!(content["application/json"]["examples"]["example"]["value"], json!({"b": [{"d": 1}]}));
    }
}
