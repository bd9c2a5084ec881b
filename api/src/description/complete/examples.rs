//! Examples of each operation's request and response, composed from the examples of their fields.

use serde_json::{Map, Value, json};

/// How deep a schema is followed.
const DEEPEST: usize = 12;

/// What is shown of an object.
#[derive(Clone, Copy)]
enum Shown {
    /// What has to be there: it can be sent as it is.
    Needed,
    /// All that can be there.
    All,
}

/// Gives every body an example that has none.
pub(super) fn add(document: &mut Value) {
    let schemas = document.clone();
    super::for_each_operation(document, |_, _, operation| {
        if let Some(body) = operation.get_mut("requestBody") {
            exemplify(&mut body["content"], &schemas, Shown::Needed);
        }
        for (status, response) in super::object(&mut operation["responses"]) {
            if status.starts_with('2')
                && let Some(content) = response.get_mut("content")
            {
                exemplify(content, &schemas, Shown::All);
            }
        }
    });
}

fn exemplify(content: &mut Value, document: &Value, shown: Shown) {
    let Some(media) = content.get_mut("application/json") else { return };
    if media["example"].is_null()
        && let Some(example) = example(&media["schema"], document, shown, DEEPEST)
    {
        media["example"] = example;
    }
}

fn example(schema: &Value, document: &Value, shown: Shown, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    if let Some(reference) = schema["$ref"].as_str() {
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
    match (schema["type"].as_str()?, schema["format"].as_str()) {
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

fn fields(schema: &Value, document: &Value, shown: Shown, depth: usize) -> Map<String, Value> {
    let needed = |name: &str| schema["required"].as_array().into_iter().flatten().any(|it| it == name);
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .filter(|(name, _)| matches!(shown, Shown::All) || needed(name))
        .filter_map(|(name, field)| Some((name.clone(), example(field, document, shown, depth)?)))
        .collect()
}
