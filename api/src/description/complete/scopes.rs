//! Says of each call which scope of a key it needs.

use serde_json::Value;

/// What the extractors of keys name a scope by, among the security schemes.
const SCOPE: &str = "scope:";

/// Takes the scope from among the operation's security schemes to its description.
pub(super) fn describe(operation: &mut Value) {
    let Some(schemes) = operation.get_mut("security").and_then(Value::as_array_mut) else { return };
    let named =
        |scheme: &Value| scheme.as_object()?.keys().find_map(|name| name.strip_prefix(SCOPE)).map(str::to_owned);
    let Some(scope) = schemes.iter().find_map(named) else { return };
    schemes.retain(|scheme| named(scheme).is_none());
    let said = operation["description"].as_str().map_or_else(String::new, |said| format!("{said}\n\n"));
    operation["description"] = format!("{said}Scope: `{scope}`.").into();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_scope_is_told_and_is_no_security_scheme() {
        let key = json!({"api_key": []});
        let mut operation = json!({"description": "It is so.", "security": [key, {"scope:send": []}]});
        describe(&mut operation);
        assert_eq!(operation, json!({"description": "It is so.\n\nScope: `send`.", "security": [key]}));
        let mut operators = json!({"security": [{"operator_key": []}]});
        describe(&mut operators);
        assert_eq!(operators, json!({"security": [{"operator_key": []}]}));
    }
}
