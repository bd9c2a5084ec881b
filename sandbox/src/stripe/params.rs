//! Parsing parameters as strictly as Stripe does.

use std::collections::BTreeMap;

use reqwest::Url;

use crate::{exchange::IncomingRequest, form::Params};

use super::errors::StripeError;

/// The most entries of a metadata hash, and the longest key and value in characters.
const METADATA: (usize, usize, usize) = (50, 40, 500);

/// The parameters of a request: its query and its form body.
pub(crate) fn read(incoming: &IncomingRequest) -> Result<Params, StripeError> {
    let logged = &incoming.logged;
    let content_type = incoming.header("content-type").unwrap_or_default();
    let is_form = content_type.split(';').next().is_some_and(|kind| kind == "application/x-www-form-urlencoded");
    if !logged.body.is_empty() && !is_form {
        return Err(StripeError::invalid(
            "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have \
             any questions, we can help at https://support.stripe.com/.",
        ));
    }
    let query = logged.query.as_deref().unwrap_or_default();
    Ok(Params::parse(&format!("{query}&{}", logged.body))?)
}

/// Refuses unknown parameters.
pub(crate) fn finish(params: &Params) -> Result<(), StripeError> {
    match params.left_over().as_slice() {
        [] => Ok(()),
        names => Err(StripeError::unknown(names)),
    }
}

/// Requires a non-empty value.
pub(crate) fn required(value: Option<String>, name: &str) -> Result<String, StripeError> {
    present(value, name)?.ok_or_else(|| StripeError::missing(name))
}

/// Accepts a missing but not an empty value.
pub(crate) fn present(value: Option<String>, name: &str) -> Result<Option<String>, StripeError> {
    match value {
        Some(empty) if empty.is_empty() => Err(StripeError::empty(name)),
        other => Ok(other),
    }
}

/// An integer within `range`.
pub(crate) fn integer(value: &str, name: &str, range: std::ops::RangeInclusive<i64>) -> Result<i64, StripeError> {
    let wrong = |message| StripeError::param(name, "parameter_invalid_integer", message);
    let number: i64 = value.parse().map_err(|_| wrong(format!("Invalid integer: {value}")))?;
    if number < *range.start() {
        return Err(wrong(format!("This value must be greater than or equal to {}.", range.start())));
    }
    if number > *range.end() {
        return Err(wrong(format!("This value must be less than or equal to {}.", range.end())));
    }
    Ok(number)
}

/// `true` or `false`.
pub(crate) fn boolean(value: &str, name: &str) -> Result<bool, StripeError> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(StripeError::param_without_code(name, format!("Invalid boolean: {other}"))),
    }
}

/// A text of at most `most` characters.
pub(crate) fn text(value: String, name: &str, most: usize) -> Result<String, StripeError> {
    let length = value.chars().count();
    if length > most {
        let message = format!(
            "Invalid string: {}…; must be at most {most} characters",
            value.chars().take(20).collect::<String>()
        );
        return Err(StripeError::param_without_code(name, message));
    }
    Ok(value)
}

/// One of a closed set of words.
pub(crate) fn one_of(value: &str, name: &str, words: &[&str]) -> Result<(), StripeError> {
    if words.contains(&value) {
        return Ok(());
    }
    let message = format!("Invalid {name}: must be one of {}", words.join(", "));
    Err(StripeError::param_without_code(name, message))
}

/// An absolute web address.
pub(crate) fn url(value: String, name: &str) -> Result<String, StripeError> {
    let is_web = Url::parse(&value).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if is_web { Ok(value) } else { Err(StripeError::param(name, "url_invalid", "Not a valid URL")) }
}

/// A metadata hash as sent; an empty value unsets its key.
pub(crate) fn metadata(params: &mut Params, name: &str) -> Result<BTreeMap<String, String>, StripeError> {
    let given = params.take_map(name)?;
    let (_, longest_key, longest_value) = METADATA;
    for (key, value) in &given {
        let param = format!("{name}[{key}]");
        if key.chars().count() > longest_key {
            let message = format!("Metadata keys can have up to {longest_key} characters: '{key}'");
            return Err(StripeError::param_without_code(&param, message));
        }
        if value.chars().count() > longest_value {
            let message = format!("Metadata values can have up to {longest_value} characters, as '{key}' has not");
            return Err(StripeError::param_without_code(&param, message));
        }
    }
    Ok(given)
}

/// Merges the sent values into `before`.
pub(crate) fn merged(
    before: &BTreeMap<String, String>,
    given: BTreeMap<String, String>,
    name: &str,
) -> Result<BTreeMap<String, String>, StripeError> {
    let mut merged = before.clone();
    merged.extend(given);
    merged.retain(|_, value| !value.is_empty());
    let (most, _, _) = METADATA;
    if merged.len() > most {
        let message = format!("Metadata can have up to {most} keys.");
        return Err(StripeError::param_without_code(name, message));
    }
    Ok(merged)
}
