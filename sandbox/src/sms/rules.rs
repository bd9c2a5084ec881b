//! The carrier's checks and error codes.

use reqwest::Url;

use crate::{form::Params, model::state::Txn, options::SmsAccount};

use super::errors::SmsError;

/// The longest text, in characters.
const LONGEST_BODY: usize = 1600;

/// Refuses unknown parameters.
pub(crate) fn refuse_left_over(params: &Params) -> Result<(), SmsError> {
    match params.left_over().as_slice() {
        [] => Ok(()),
        names => Err(SmsError::refused(20001, format!("Unknown parameters: {}", names.join(", ")))),
    }
}

/// Requires a non-empty value, or else refuses with this code.
pub(crate) fn given(value: Option<String>, code: u32, message: &str) -> Result<String, SmsError> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| SmsError::refused(code, message))
}

/// A text has at most 1,600 characters.
pub(crate) fn check_body(body: &str) -> Result<(), SmsError> {
    if body.chars().count() <= LONGEST_BODY {
        return Ok(());
    }
    let message = format!("The concatenated message body exceeds the {LONGEST_BODY} character limit");
    Err(SmsError::refused(21617, message))
}

/// A text must come from the account's number or a messaging service.
pub(crate) fn check_sender(account: &SmsAccount, from: Option<&str>, service: Option<&str>) -> Result<(), SmsError> {
    match (from, service) {
        (Some(from), None) if from == account.number => Ok(()),
        (Some(from), None) => Err(SmsError::refused(
            21606,
            format!("The From phone number {from} is not a valid, SMS-capable inbound phone number for your account."),
        )),
        (None, Some(service)) if is_sid(service, "MG") => Ok(()),
        (None, Some(service)) => {
            Err(SmsError::refused(21701, format!("The Messaging Service {service} does not exist")))
        }
        (Some(_), Some(_)) => Err(SmsError::invalid_parameter("only one of From and MessagingServiceSid can be given")),
        (None, None) => Err(SmsError::refused(21603, "A 'From' phone number is required.")),
    }
}

fn is_sid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The callback must be a web address.
pub(crate) fn check_callback(callback: Option<&str>) -> Result<(), SmsError> {
    let is_web = |url: &str| Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    match callback {
        Some(url) if !is_web(url) => {
            Err(SmsError::refused(21609, format!("The StatusCallback URL {url} is not valid.")))
        }
        Some(_) | None => Ok(()),
    }
}

/// The carrier's magic test numbers, and the rules for all others.
pub(crate) fn check_recipient(txn: &Txn<'_>, account: &SmsAccount, to: &str) -> Result<(), SmsError> {
    let refusal = match to {
        "+15005550002" => Some((21612, "is not currently reachable using the 'From' phone number via SMS.")),
        "+15005550003" => Some((21408, "is in a region that permission to send an SMS has not been enabled for.")),
        "+15005550009" => Some((21614, "is not a valid mobile number.")),
        "+15005550004" => Some((21610, "has opted out: attempt to send to unsubscribed recipient.")),
        opted_out if txn.tables.opted_out.contains(opted_out) => {
            Some((21610, "has opted out: attempt to send to unsubscribed recipient."))
        }
        own if own == account.number => Some((21266, "cannot be the 'From' number.")),
        "+15005550001" => Some((21211, "is not a valid phone number.")),
        number if !is_e164(number) => Some((21211, "is not a valid phone number.")),
        _ => None,
    };
    refusal.map_or(Ok(()), |(code, why)| Err(SmsError::refused(code, format!("The 'To' number {to} {why}"))))
}

/// Whether a number is `+` and 7 to 15 digits that do not start with 0.
pub(crate) fn is_e164(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_e164_or_it_is_refused() {
        assert!(is_e164("+15551230000"));
        for wrong in ["15551230000", "+05551230000", "+1555123000O", " +15551230000", "+123456", "+1234567890123456"] {
            assert!(!is_e164(wrong), "{wrong}");
        }
    }
}
