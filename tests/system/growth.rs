//! `/v1` only grows: the description of the last release still holds. `tests/fixtures/openapi-released.json` is that
//! description; a release rewrites it (`PAYLINK_RELEASES=1 cargo test --test system growth`).

use std::{env, fs};

use serde_json::{Value, json};

const RELEASED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/openapi-released.json");

#[test]
fn nothing_that_was_released_is_taken_away() {
    let now = api::description("https://pay.example.com");
    if env::var("PAYLINK_RELEASES").is_ok() {
        fs::write(RELEASED, &now).unwrap();
    }
    let released: Value = serde_json::from_str(&fs::read_to_string(RELEASED).unwrap()).unwrap();
    let now: Value = serde_json::from_str(&now).unwrap();
    let breaks = breaks(&released, &now);
    assert!(breaks.is_empty(), "this breaks clients of the last release:\n{}", breaks.join("\n"));
}

/// The parts of `new` that break clients relying on `old`.
fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (path, item) in old["paths"].as_object().unwrap() {
        for (method, before) in item.as_object().unwrap() {
            let (call, after) = (format!("{method} {path}"), &new["paths"][path][method]);
            if after.is_null() {
                found.push(format!("{call} is gone"));
                continue;
            }
            if before["operationId"] != after["operationId"] {
                found.push(format!("{call} is called something else"));
            }
            let sides = Sides { old, new };
            sides.parameters(&call, before, after, &mut found);
            sides.bodies(&call, before, after, &mut found);
            sides.answers(&call, before, after, &mut found);
        }
    }
    found
}

/// The two documents.
#[derive(Clone, Copy)]
struct Sides<'a> {
    old: &'a Value,
    new: &'a Value,
}

/// Who writes the described value: callers, or we.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writer {
    Caller,
    Us,
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn resolved<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    // A description beside a reference is a list of both.
    let schema = schema["allOf"].get(0).unwrap_or(schema);
    let reference = schema["$ref"].as_str();
    reference.map_or(schema, |reference| document.pointer(reference.trim_start_matches('#')).unwrap())
}

impl Sides<'_> {
    fn parameters(self, call: &str, before: &Value, after: &Value, found: &mut Vec<String>) {
        let is = |one: &Value, other: &Value| one["name"] == other["name"] && one["in"] == other["in"];
        for old in list(&before["parameters"]) {
            match list(&after["parameters"]).find(|new| is(old, new)) {
                Some(new) => {
                    let at = format!("{call}: {}", old["name"]);
                    self.schema(&at, [&old["schema"], &new["schema"]], Writer::Caller, found);
                }
                None => found.push(format!("{call} does not take {} any more", old["name"])),
            }
        }
        for new in list(&after["parameters"]).filter(|new| new["required"] == true) {
            if !list(&before["parameters"]).any(|old| is(old, new) && old["required"] == true) {
                found.push(format!("{call} needs {} now", new["name"]));
            }
        }
    }

    fn bodies(self, call: &str, before: &Value, after: &Value, found: &mut Vec<String>) {
        let (old, new) = (&before["requestBody"], &after["requestBody"]);
        if new["required"] == true && old["required"] != true {
            found.push(format!("{call} needs a body now"));
        }
        for (media, content) in fields(&old["content"]) {
            match new["content"].get(media) {
                Some(now) => self.schema(call, [&content["schema"], &now["schema"]], Writer::Caller, found),
                None => found.push(format!("{call} does not take {media} any more")),
            }
        }
    }

    fn answers(self, call: &str, before: &Value, after: &Value, found: &mut Vec<String>) {
        for (status, answer) in fields(&before["responses"]).filter(|(status, _)| status.starts_with('2')) {
            for (media, content) in fields(&answer["content"]) {
                match after["responses"][status]["content"].get(media) {
                    Some(now) => self.schema(call, [&content["schema"], &now["schema"]], Writer::Us, found),
                    None => found.push(format!("{call} does not answer {status} {media} any more")),
                }
            }
        }
    }

    fn schema(self, at: &str, [old, new]: [&Value; 2], by: Writer, found: &mut Vec<String>) {
        let (old, new) = (resolved(old, self.old), resolved(new, self.new));
        if old["type"] != new["type"] {
            found.push(format!("{at} is {} and no more {}", new["type"], old["type"]));
            return;
        }
        if (by == Writer::Caller && old["nullable"] == true && new["nullable"] != true)
            || (by == Writer::Us && old["nullable"] != true && new["nullable"] == true)
        {
            found.push(format!("{at} is something else when it is null"));
        }
        if by == Writer::Caller {
            tighter(at, old, new, found);
        }
        for (name, field) in fields(&old["properties"]) {
            let at = format!("{at}.{name}");
            match new["properties"].get(name) {
                Some(now) => self.schema(&at, [field, now], by, found),
                None => found.push(format!("{at} is gone")),
            }
        }
        let (had_to, has_to) = (&old["required"], &new["required"]);
        match by {
            Writer::Caller => {
                for name in list(has_to).filter(|name| !list(had_to).any(|old| old == *name)) {
                    found.push(format!("{at}.{name} is needed now"));
                }
            }
            Writer::Us => {
                for name in list(had_to).filter(|name| !list(has_to).any(|new| new == *name)) {
                    found.push(format!("{at}.{name} may be absent now"));
                }
            }
        }
        if old["type"] == "array" {
            self.schema(&format!("{at}[]"), [&old["items"], &new["items"]], by, found);
        }
    }
}

/// What was accepted still is.
fn tighter(at: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    let words = list(&new["enum"]).count() > 0;
    if words && old["enum"].is_null()
        || list(&old["enum"]).any(|word| words && !list(&new["enum"]).any(|it| it == word))
    {
        found.push(format!("{at} does not take every word any more"));
    }
    for (name, is_upper) in
        [("maxLength", true), ("maximum", true), ("maxItems", true), ("minLength", false), ("minimum", false)]
    {
        let (before, now) = (old[name].as_f64(), new[name].as_f64());
        let is_tighter = match (before, now) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(before), Some(now)) => {
                if is_upper {
                    now < before
                } else {
                    now > before
                }
            }
        };
        if is_tighter {
            found.push(format!("{at} has a tighter {name}"));
        }
    }
    if !new["pattern"].is_null() && new["pattern"] != old["pattern"] {
        found.push(format!("{at} has another pattern"));
    }
}

#[test]
fn a_break_is_found_and_growth_is_none() {
    let description = |parameters: Value, sent: Value, answered: Value| {
        json!({"paths": {"/v1/things": {"post": {
            "operationId": "create_thing",
            "parameters": parameters,
            "requestBody": {"content": {"application/json": {"schema": sent}}},
            "responses": {"201": {"content": {"application/json": {"schema": answered}}}},
        }}}})
    };
    let object =
        |required: Value, properties: Value| json!({"type": "object", "required": required, "properties": properties});
    let text = json!({"type": "string", "maxLength": 10});
    let released = description(
        json!([{"name": "limit", "in": "query", "schema": {"type": "integer"}}]),
        object(json!(["name"]), json!({"name": text, "colour": {"type": "string", "enum": ["red"]}})),
        object(json!(["id"]), json!({"id": {"type": "string"}})),
    );
    let grown = description(
        json!([{"name": "limit", "in": "query", "schema": {"type": "integer"}}, {"name": "q", "in": "query", "schema": {"type": "string"}}]),
        object(
            json!(["name"]),
            json!({"name": {"type": "string", "maxLength": 20}, "colour": {"type": "string", "enum": ["red", "blue"]}, "size": text}),
        ),
        object(json!(["id", "name"]), json!({"id": {"type": "string"}, "name": text})),
    );
    assert_eq!(breaks(&released, &grown), [] as [String; 0]);
    let broken = breaks(&grown, &released);
    for told in [
        "does not take \"q\" any more",
        ".size is gone",
        ".name has a tighter maxLength",
        ".colour does not take every word any more",
        ".name is gone",
        ".\"name\" may be absent now",
    ] {
        assert!(broken.iter().any(|found| found.contains(told)), "{told}: {broken:?}");
    }
    assert_eq!(breaks(&released, &json!({"paths": {}})), ["post /v1/things is gone"]);
}
