//! Closes the schemas of requests: only the described fields are allowed, and texts have no control characters. Schemas
//! of responses stay open, because answers may gain fields.

use std::collections::BTreeSet;

use serde_json::Value;

/// The pattern of strings without one of their own; see [`crate::http::characters`].
const CHARACTERS: &str = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$";

/// Closes all request schemas.
pub(super) fn close(document: &mut Value) {
    let mut sent = BTreeSet::new();
    super::for_each_operation(document, |_, _, operation| {
        for parameter in super::parameters(operation) {
            close_schema(&mut parameter["schema"], &mut sent);
        }
        let content = operation.get_mut("requestBody").and_then(|body| body.get_mut("content"));
        for (_, media) in content.into_iter().flat_map(super::object) {
            close_schema(&mut media["schema"], &mut sent);
        }
    });
    let mut closed = BTreeSet::new();
    while let Some(name) = sent.difference(&closed).next().cloned() {
        if let Some(schema) = document.pointer_mut(&name) {
            close_schema(schema, &mut sent);
        }
        closed.insert(name);
    }
}

/// Closes a schema, and collects the schemas that it references.
fn close_schema(schema: &mut Value, referred: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        referred.insert(reference.trim_start_matches('#').to_owned());
        return;
    }
    let Some(fields) = schema.as_object_mut() else { return };
    for part in ["allOf", "anyOf", "oneOf"] {
        for schema in fields.get_mut(part).and_then(Value::as_array_mut).into_iter().flatten() {
            close_schema(schema, referred);
        }
    }
    if let Some(items) = fields.get_mut("items") {
        close_schema(items, referred);
    }
    for (_, field) in fields.get_mut("properties").into_iter().flat_map(super::object) {
        close_schema(field, referred);
    }
    match fields.get("type").and_then(Value::as_str) {
        Some("object") => match fields.get_mut("additionalProperties") {
            Some(others) => close_schema(others, referred),
            None => {
                fields.insert("additionalProperties".to_owned(), false.into());
            }
        },
        Some("string") if !["enum", "pattern", "format"].iter().any(|rule| fields.contains_key(*rule)) => {
            fields.insert("pattern".to_owned(), CHARACTERS.into());
            fields.insert("title".to_owned(), "text without control characters".into());
        }
        _ => {}
    }
}
