use chrono::{DateTime, Utc};
use poem_openapi::types::ToJSON;

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

/// The answers of 2xx and the bodies that are shown, by operation.
fn shown(document: &Value) -> Vec<(&str, bool, &Value, &Value)> {
    let mut shown = Vec::new();
    for (_, item) in document["paths"].as_object().unwrap() {
        for (_, operation) in item.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap().values().map(|answer| (true, answer));
            for (is_answer, part) in answers.chain([(false, &operation["requestBody"])]) {
                let media = &part["content"]["application/json"];
                let example = media.pointer("/examples/example/value");
                let id = operation["operationId"].as_str().unwrap();
                shown.extend(example.map(|example| (id, is_answer, &media["schema"], example)));
            }
        }
    }
    shown
}

fn description() -> Value {
    serde_json::from_str(&crate::v1::description().text_at("https://pay.example.com")).unwrap()
}

#[test]
fn what_is_shown_is_as_it_is_described() {
    let document = description();
    let shown = shown(&document);
    for (operation, _, schema, example) in &shown {
        assert_eq!(faults(schema, &document, example), "", "{operation}: {example}");
    }
    assert!(shown.len() > 100, "{}", shown.len());
}

/// Calls `look` with each object in a value.
fn each_object(value: &Value, look: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            look(fields);
            fields.values().for_each(|field| each_object(field, look));
        }
        Value::Array(items) => items.iter().for_each(|item| each_object(item, look)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn texts(fields: &Map<String, Value>) -> impl Iterator<Item = (&str, &str)> {
    fields.iter().filter_map(|(name, field)| Some((name.as_str(), field.as_str()?)))
}

#[test]
fn what_is_shown_of_an_answer_is_one_that_can_be_given() {
    const GIVES_A_SECRET: &[&str] = &[
        "create_admin_merchant_key",
        "create_api_key",
        "create_client_token",
        "create_webhook_endpoint",
        "rotate_secret_webhook_endpoint",
    ];
    let document = description();
    let mut give_secrets = Vec::new();
    for (operation, is_answer, _, example) in shown(&document) {
        each_object(example, &mut |fields| {
            let created = fields.get("created_at").and_then(Value::as_str);
            for (name, text) in texts(fields) {
                assert_ne!(text, "Example", "{operation}: {name} of {fields:?}");
                if !is_answer {
                    continue;
                }
                if ["pk_", "whsec_", "ct_"].iter().any(|prefix| text.starts_with(prefix)) {
                    give_secrets.push(operation);
                }
                if let Ok(time) = text.parse::<DateTime<Utc>>() {
                    assert_eq!(time.to_json(), Some(text.into()), "{operation}: {name}");
                    let began = created.filter(|_| name.ends_with("_at")).and_then(|at| at.parse().ok());
                    assert!(began.is_none_or(|began: DateTime<Utc>| began <= time), "{operation}: {name}");
                }
            }
            // A link.
            if let Some(status) = fields.get("status").filter(|_| fields.contains_key("timeline")) {
                let is_paid = status == "paid";
                assert_eq!(fields.contains_key("paid_at"), is_paid, "{operation}: {fields:?}");
                assert!(fields.contains_key("paid_by") == is_paid || status == "settling", "{operation}");
            }
        });
    }
    give_secrets.sort_unstable();
    assert_eq!(give_secrets, GIVES_A_SECRET);
}

#[test]
fn what_an_operation_answers_of_its_own_is_shown() {
    let document = description();
    let shown = shown(&document);
    for (operation, own) in &*ANSWERS {
        let mut answers = shown.iter().filter(|(id, is_answer, ..)| id == operation && *is_answer).peekable();
        assert!(answers.peek().is_some(), "no {operation} answers JSON");
        for (.., example) in answers {
            let mut same = (*example).clone();
            patch(&mut same, own);
            assert_eq!(same, **example, "{operation}");
        }
    }
    let answered = |operation: &str| shown.iter().find(|(id, is_answer, ..)| *id == operation && *is_answer).unwrap().3;
    assert_eq!(answered("void_payment_link")["status"], "voiding");
    assert!(answered("get_webhook_endpoint").get("secret").is_none());
    assert_eq!(answered("list_payment_links")["next_cursor"], "link_01936ad7f4c07d0c8e3b5a9f21c4d6e8");
}

#[test]
fn what_is_written_by_hand_is_of_a_schema() {
    let document = description();
    assert!(WRITTEN.contains_key("Order"));
    for (name, example) in &*WRITTEN {
        let schema = json!({"$ref": format!("#/components/schemas/{name}")});
        assert!(document["components"]["schemas"][name].is_object(), "{name} is no schema");
        assert_eq!(faults(&schema, &document, example), "", "{name}");
    }
}

#[test]
fn a_field_that_is_not_there_is_not_shown() {
    let mut content = json!({"application/json": {"schema": {}, "example": {"a": null, "b": [{"c": null, "d": 1}]}}});
    exemplify(&mut content, &json!({}), ShownFields::All);
    assert_eq!(content["application/json"]["examples"]["example"]["value"], json!({"b": [{"d": 1}]}));
}
