//! Characters that no text needs and that trip up databases, carriers and screens. They are refused everywhere in
//! input, before anything else is read.

use domain::sms_event::is_unwanted;
use serde_json::Value;

use crate::Problem;

pub(crate) const REFUSAL: &str = "must not contain control characters";

/// Refuses JSON with such a character in a text, and names the field.
pub(crate) fn check_json(value: &Value) -> Result<(), Problem> {
    match path_of_unwanted(value) {
        Some(path) => Err(Problem::field(path.trim_start_matches('.'), REFUSAL)),
        None => Ok(()),
    }
}

/// Replaces such characters in texts by blanks.
pub(crate) fn blank(value: &mut Value) {
    match value {
        Value::String(text) if text.contains(is_unwanted) => *text = text.replace(is_unwanted, " "),
        Value::Array(items) => items.iter_mut().for_each(blank),
        Value::Object(fields) => fields.values_mut().for_each(blank),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The path of the first such character, such as `.items[0].name`.
fn path_of_unwanted(value: &Value) -> Option<String> {
    let within = |step: String, value: &Value| path_of_unwanted(value).map(|rest| step + &rest);
    match value {
        Value::String(text) => text.contains(is_unwanted).then(String::new),
        Value::Array(items) => items.iter().enumerate().find_map(|(at, item)| within(format!("[{at}]"), item)),
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            let step = format!(".{}", name.replace(is_unwanted, " "));
            if name.contains(is_unwanted) { Some(step) } else { within(step, field) }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_control_character_is_found_wherever_it_is_and_a_line_break_is_none() {
        let path = |value: Value| path_of_unwanted(&value);
        assert_eq!(path(json!({"body": "two\nlines\tand\r\nmore"})), None);
        assert_eq!(path(json!({"body": "a\0"})), Some(".body".to_owned()));
        assert_eq!(path(json!({"items": [{"name": "a"}, {"name": "\u{1b}[31m"}]})), Some(".items[1].name".to_owned()));
        assert_eq!(path(json!({"metadata": {"a\0b": "c"}})), Some(".metadata.a b".to_owned()));
        assert_eq!(path(json!({"a": [1, true, null], "b": "\u{85}"})), Some(".b".to_owned()));
    }
}
