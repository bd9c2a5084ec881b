//! Every answer in every test matches `/openapi.json`.

use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock},
};

use regex::Regex;
use reqwest::Method;
use serde_json::Value;

/// The description of the API.
fn description() -> &'static Value {
    static DESCRIPTION: OnceLock<Value> = OnceLock::new();
    DESCRIPTION.get_or_init(|| serde_json::from_str(&api::description("http://127.0.0.1")).unwrap())
}

/// Fails if an answer to a call below `/v1` is not described.
pub(crate) fn check(method: &Method, path: &str, status: u16, content_type: &str, body: &[u8]) {
    let Some(operation) = operation(method, path) else { return };
    let call = format!("{method} {path}");
    let answers = &operation["responses"];
    let answer = answers.get(status.to_string()).unwrap_or_else(|| panic!("{call}: {status} is not described"));
    let media = content_type.split(';').next().unwrap_or_default();
    if body.is_empty() {
        return;
    }
    let content = answer["content"].get(media).unwrap_or_else(|| panic!("{call}: {status} {media} is not described"));
    if media.ends_with("json") {
        let json: Value = serde_json::from_slice(body).unwrap();
        if let Err(fault) = is_as_described(&content["schema"], &json, "") {
            panic!("{call}: {status} is not as described: {fault}: {json}");
        }
    }
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let parts: Vec<&str> = path.split('/').collect();
    let paths = description()["paths"].as_object()?.iter();
    let fitting = paths.filter(|(pattern, _)| {
        let pattern: Vec<&str> = pattern.split('/').collect();
        pattern.len() == parts.len() && pattern.iter().zip(&parts).all(|(it, part)| it.starts_with('{') || it == part)
    });
    // The most literal match.
    let (_, item) = fitting.min_by_key(|(pattern, _)| pattern.matches('{').count())?;
    item.get(method.as_str().to_lowercase())
}

fn is_as_described(schema: &'static Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return is_as_described(description().pointer(reference.trim_start_matches('#')).unwrap(), value, at);
    }
    for schema in schema["allOf"].as_array().into_iter().flatten() {
        is_as_described(schema, value, at)?;
    }
    let alternatives = ["oneOf", "anyOf"].iter().filter_map(|name| schema[name].as_array()).flatten();
    let outcomes: Vec<_> = alternatives.map(|schema| is_as_described(schema, value, at)).collect();
    if !outcomes.is_empty() && outcomes.iter().all(Result::is_err) {
        return outcomes.into_iter().next().unwrap();
    }
    if value.is_null() && schema["nullable"] == true {
        return Ok(());
    }
    let is_of_type = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        Some(_) | None => true,
    };
    if !is_of_type {
        return Err(format!("{at} is no {}", schema["type"]));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{at} is {value}, which is none of the words"));
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str())
        && !read(pattern).is_match(text)
    {
        return Err(format!("{at} is not of the form {pattern}"));
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            return Err(format!("{at} has no {name}"));
        }
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        match (schema["properties"].get(name), schema["additionalProperties"].as_object()) {
            (Some(known), _) => is_as_described(known, field, &at)?,
            (None, Some(_)) => is_as_described(&schema["additionalProperties"], field, &at)?,
            (None, None) if schema.get("properties").is_some() => return Err(format!("{at} is not described")),
            (None, None) => {}
        }
    }
    for item in value.as_array().into_iter().flatten() {
        is_as_described(&schema["items"], item, &format!("{at}[]"))?;
    }
    Ok(())
}

/// A pattern of the description, compiled once for all tests.
fn read(pattern: &'static str) -> Regex {
    static READ: Mutex<Option<HashMap<&'static str, Regex>>> = Mutex::new(None);
    let mut read = READ.lock().unwrap();
    let read = read.get_or_insert_default();
    read.entry(pattern).or_insert_with(|| Regex::new(pattern).unwrap()).clone()
}
