//! `OpenAPI` links between operations: the id of an order is what `GET /v1/orders/{id}` and the calls below it take.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// An operation that takes an id.
struct Taker {
    operation: String,
    parameter: String,
}

/// Adds links to all responses that contain an id.
pub(super) fn add(document: &mut Value) {
    let takers = takers(document);
    let schemas = document.clone();
    super::for_each_operation(document, |_, _, operation| {
        for (status, response) in super::object(&mut operation["responses"]) {
            if !status.starts_with('2') {
                continue;
            }
            let links = links(&response["content"]["application/json"]["schema"], &schemas, &takers);
            if !links.as_object().is_none_or(serde_json::Map::is_empty) {
                response["links"] = links;
            }
        }
    });
}

/// The operations by the pattern of the id they take, which identifies its type.
fn takers(document: &Value) -> BTreeMap<String, Vec<Taker>> {
    let mut takers: BTreeMap<String, Vec<Taker>> = BTreeMap::new();
    for (_, item) in document["paths"].as_object().into_iter().flatten() {
        for (_, operation) in item.as_object().into_iter().flatten() {
            let in_path: Vec<&Value> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .collect();
            let [parameter] = in_path[..] else { continue };
            let (Some(pattern), Some(operation), Some(parameter)) = (
                parameter["schema"]["pattern"].as_str(),
                operation["operationId"].as_str(),
                parameter["name"].as_str(),
            ) else {
                continue;
            };
            let taker = Taker { operation: operation.to_owned(), parameter: parameter.to_owned() };
            takers.entry(pattern.to_owned()).or_default().push(taker);
        }
    }
    takers
}

fn resolved<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#')));
    target.unwrap_or(schema)
}

fn links(schema: &Value, document: &Value, takers: &BTreeMap<String, Vec<Taker>>) -> Value {
    let mut links = json!({});
    let schema = resolved(schema, document);
    let is_there = |name: &str| schema["required"].as_array().into_iter().flatten().any(|it| it == name);
    for (name, field) in schema["properties"].as_object().into_iter().flatten().filter(|(name, _)| is_there(name)) {
        let pattern = field["pattern"].as_str().unwrap_or_default();
        for taker in takers.get(pattern).into_iter().flatten() {
            links[format!("{}_by_{name}", taker.operation)] = json!({
                "operationId": taker.operation,
                "parameters": {taker.parameter.as_str(): format!("$response.body#/{name}")},
            });
        }
    }
    links
}
