//! Examples of what each operation takes and returns. Those of answers are written by hand, by schema and, where an
//! operation answers something of its own, by operation; lists and bodies are assembled from them and from the fields.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// Hand-written examples by schema name. Their fields are consistent, and each can be sent as it is.
static WRITTEN: LazyLock<Map<String, Value>> =
    // A test parses this, and validates each example against its schema.
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

/// What the answer of an operation says otherwise than the example of its schema, by operation: a JSON merge patch
/// (RFC 7396), of a list one for each item.
static ANSWERS: LazyLock<Map<String, Value>> =
    // A test parses this, too.
    LazyLock::new(|| serde_json::from_str(include_str!("answers.json")).unwrap_or_default());

/// Examples of strings without one of their own, by the name of the field or parameter.
const TEXTS: &[(&str, &str)] = &[
    ("body", "Your cake is ready."),
    ("description", "Wedding cake"),
    ("invoice_number", "INV-1002"),
    ("name", "Example Buyer"),
    ("note", "As agreed by phone."),
    ("number", "1002"),
    ("reason", "As agreed by phone."),
];

/// A time as answers write it.
const TIME: &str = "2026-11-26T12:00:00+00:00";

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
        let its_own = operation["operationId"].as_str().and_then(|id| ANSWERS.get(id));
        let cursor = super::parameters(operation).find(|parameter| parameter["name"] == "cursor");
        let cursor = cursor.map(|parameter| parameter["schema"]["example"].clone());
        for (status, response) in super::object(&mut operation["responses"]) {
            if status.starts_with('2')
                && let Some(content) = response.get_mut("content")
            {
                exemplify(content, &schemas, ShownFields::All);
                if let Some(example) = content.pointer_mut("/application~1json/examples/example/value") {
                    if let Some(its_own) = its_own {
                        patch(example, its_own);
                    }
                    if let Some(cursor) = &cursor {
                        // Totals are only answered to who asks for them.
                        merge(example, &json!({"next_cursor": cursor, "totals": null}));
                    }
                }
            }
        }
    });
}

/// The example of a string, by the name of its field or parameter.
pub(super) fn text(name: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Changes an answer, or each item of a list, which has no id.
fn patch(example: &mut Value, patch: &Value) {
    let is_list = example["id"].is_null() && patch["items"].is_null();
    match example.get_mut("items").and_then(Value::as_array_mut).filter(|_| is_list) {
        Some(items) => items.iter_mut().for_each(|item| merge(item, patch)),
        None => merge(example, patch),
    }
}

/// As RFC 7396 says.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(fields) = target.as_object_mut() else { return };
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), change);
        }
    }
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
        ("string", Some("date-time")) => Some(TIME.into()),
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
    text(name).filter(|_| field["type"] == "string" && !says_more).map(Value::from)
}

#[cfg(test)]
mod tests;
