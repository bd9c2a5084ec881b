//! Adds to the generated document what poem-openapi cannot express. Everything here is derived from the document
//! itself, so a new operation gets it without further work.

mod closed;
mod examples;
mod ids;
mod links;
mod problems;
mod scopes;

use serde_json::{Map, Value, json};

/// The longest idempotency key.
const LONGEST_KEY: usize = 255;

/// Default descriptions of parameters that many calls share.
const SHARED: &[(&str, &str)] = &[
    ("limit", "How many at most; a page may be shorter."),
    ("cursor", "The `next_cursor` of the page before; absent: the first page."),
    ("sort", "`-created_at`, the newest first, or `created_at`. Absent: the newest first."),
    ("created_from", "Created then or later: a day, as the merchant counts days, or a time."),
    ("created_to", "Created then or before: a day, which is included, or a time."),
    (
        "paid_from",
        "Paid then or later: a day, as the merchant counts days, or a time. What was paid elsewhere counts by its day.",
    ),
    ("paid_to", "Paid then or before: a day, which is included, or a time. What was paid elsewhere counts by its day."),
    ("tag", "The order's tag."),
    ("language", "BCP 47, such as `en` or `de-AT`."),
];

/// Completes the document.
pub(super) fn complete(document: &mut Value) {
    rename_media(document);
    say_once(document);
    for_each_operation(document, |method, path, operation| {
        describe_parameters(operation);
        describe_success(operation);
        scopes::describe(operation);
        problems::add(method, path, operation);
        if operation["operationId"].is_null() {
            operation["operationId"] = ids::of(method, path).into();
        }
    });
    bound_numbers(document);
    order_tags(document);
    closed::close(document);
    examples::add(document);
    links::add(document);
}

fn for_each_operation(document: &mut Value, mut change: impl FnMut(&str, &str, &mut Value)) {
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            change(method, path, operation);
        }
    }
}

fn parameters(operation: &mut Value) -> impl Iterator<Item = &mut Value> {
    operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten()
}

fn object(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}

/// Removes the charset from JSON media types, since JSON is always UTF-8.
fn rename_media(document: &mut Value) {
    match document {
        Value::Object(fields) => {
            if let Some(media) = fields.remove("application/json; charset=utf-8") {
                fields.insert("application/json".to_owned(), media);
            }
            fields.values_mut().for_each(rename_media);
        }
        Value::Array(items) => items.iter_mut().for_each(rename_media),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Puts the description next to a reference. The framework repeats it as a second part of an `allOf`, which some client
/// generators cannot merge with a union.
fn say_once(document: &mut Value) {
    match document {
        Value::Object(fields) => {
            let said = fields.get("description").cloned();
            if let Some(parts) = fields.get_mut("allOf").and_then(Value::as_array_mut) {
                parts.retain(|part| said.as_ref().is_none_or(|said| *part != json!({"description": said})));
            }
            fields.values_mut().for_each(say_once);
        }
        Value::Array(items) => items.iter_mut().for_each(say_once),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn describe_parameters(operation: &mut Value) {
    if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
        // The response's media types are described with the responses.
        parameters
            .retain(|parameter| !parameter["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("accept")));
    }
    for parameter in parameters(operation) {
        let shared = SHARED.iter().find(|(name, _)| parameter["name"] == **name);
        if let (true, Some((_, meaning))) = (parameter["description"].is_null(), shared) {
            parameter["description"] = (*meaning).into();
        }
        if parameter["schema"]["type"] == "array" {
            // Comma-separated.
            (parameter["style"], parameter["explode"]) = ("form".into(), false.into());
        }
        if parameter["in"] == "path"
            && parameter["schema"]["type"] == "string"
            && parameter["schema"]["example"].is_null()
        {
            let word = parameter["name"].as_str().and_then(examples::text);
            let word = word.or(parameter["schema"]["enum"][0].as_str()).unwrap_or("1").to_owned();
            parameter["schema"]["example"] = word.into();
        }
        if parameter["required"] != true {
            // `/docs` prefills examples; lists must not be filtered by parameters that were not asked for.
            parameter["x-fill-example"] = "no".into();
        }
        if parameter["name"] == "Idempotency-Key" {
            parameter["description"] =
                "The same key and body get the first answer again for 24 hours, and nothing is done twice.".into();
            let schema = &mut parameter["schema"];
            (schema["minLength"], schema["maxLength"]) = (1.into(), LONGEST_KEY.into());
            (schema["pattern"], schema["example"]) = ("^[ -~]+$".into(), "order-1002-link-1".into());
        }
    }
}

/// Sorts the tags in the order of use: an order, its link, a text; the operator's come last.
fn order_tags(document: &mut Value) {
    const ORDER: &[&str] = &[
        "Orders",
        "Payment links",
        "Messages",
        "Conversations",
        "Templates",
        "Batches",
        "Feed and events",
        "Webhooks",
        "Embedding",
        "Attention",
        "Credits",
        "Connections",
        "Merchant",
        "Keys and people",
        "Admin",
    ];
    let place = |tag: &Value| ORDER.iter().position(|name| tag["name"] == **name);
    if let Some(tags) = document.get_mut("tags").and_then(Value::as_array_mut) {
        tags.sort_by_key(|tag| place(tag).unwrap_or(ORDER.len()));
    }
}

/// Describes responses that have no description.
fn describe_success(operation: &mut Value) {
    for (status, response) in object(&mut operation["responses"]) {
        if response["description"] == "" {
            response["description"] = if status == "200" { "The answer." } else { "It is done." }.into();
        }
    }
}

/// Adds the bounds of numbers, of which the framework only gives the width.
fn bound_numbers(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            bound_number(fields);
            fields.values_mut().for_each(bound_numbers);
        }
        Value::Array(items) => items.iter_mut().for_each(bound_numbers),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn bound_number(schema: &mut Map<String, Value>) {
    if schema.get("type").is_none_or(|kind| kind != "integer") {
        return;
    }
    let Some(format) = schema.get("format").and_then(Value::as_str) else { return };
    let (least, most) = match format {
        "uint8" => (json!(0), json!(u8::MAX)),
        "uint16" => (json!(0), json!(u16::MAX)),
        "uint32" => (json!(0), json!(u32::MAX)),
        // Some languages have no larger integers.
        "uint64" => (json!(0), json!(i64::MAX)),
        "int32" => (json!(i32::MIN), json!(i32::MAX)),
        _ => (json!(i64::MIN), json!(i64::MAX)),
    };
    if matches!(format, "uint8" | "uint16" | "uint32" | "uint64") {
        // Not standard formats.
        schema.insert(
            "format".to_owned(),
            if format == "uint64" || format == "uint32" { "int64" } else { "int32" }.into(),
        );
    }
    schema.entry("minimum").or_insert(least);
    schema.entry("maximum").or_insert(most);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_described_beside_it_and_not_by_a_part() {
        let reference = json!({"$ref": "#/components/schemas/Changed"});
        let mut schema = json!({"allOf": [reference, {"description": "As it is."}], "description": "As it is."});
        say_once(&mut schema);
        assert_eq!(schema, json!({"allOf": [reference], "description": "As it is."}));
        let nullable = json!({"allOf": [reference, {"nullable": true}]});
        let mut schema = nullable.clone();
        say_once(&mut schema);
        assert_eq!(schema, nullable);
    }

    #[test]
    fn numbers_begin_and_end_somewhere() {
        let mut schema = json!({"type": "integer", "format": "uint32", "minimum": 1});
        bound_numbers(&mut schema);
        assert_eq!(schema, json!({"type": "integer", "format": "int64", "minimum": 1, "maximum": u32::MAX}));
    }
}
