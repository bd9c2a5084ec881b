//! Senders of texts.

use crate::{PhoneNumber, Region};

/// The longest alphanumeric sender that phones show.
const LONGEST_NAME: usize = 11;

/// The number of digits in a short code.
const SHORT_CODE: std::ops::RangeInclusive<usize> = 3..=8;

/// The number of characters after the `MG` of a messaging service.
const SERVICE: usize = 32;

/// The text is not a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a phone number, a short code of 3 to 8 digits, a name of at most 11 letters and digits, or a messaging service (MG…)"
)]
pub struct SenderError;

/// Parses a sender: a phone number, which is returned in E.164, a short code, a name, or a Twilio messaging service.
///
/// # Errors
/// Returns [`SenderError`] for anything else.
pub fn parse_sender(text: &str, region: Region) -> Result<String, SenderError> {
    let text = text.trim();
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_messaging_service(text) {
        return Ok(text.to_owned());
    }
    if let Ok(phone) = PhoneNumber::from_e164(text).or_else(|_| PhoneNumber::parse(text, region))
        // With letters it is a name; merchants do not spell out their own number.
        && !text.bytes().any(|byte| byte.is_ascii_alphabetic())
    {
        return Ok(phone.as_e164().to_owned());
    }
    let is_short_code = is_digits && SHORT_CODE.contains(&text.len());
    if is_short_code || is_name(text) { Ok(text.to_owned()) } else { Err(SenderError) }
}

/// Whether a sender is a Twilio messaging service, which chooses the number itself.
#[must_use]
pub fn is_messaging_service(sender: &str) -> bool {
    let is_id = |id: &str| id.len() == SERVICE && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    sender.strip_prefix("MG").is_some_and(is_id)
}

fn is_name(text: &str) -> bool {
    let may_be = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'_' | b'+' | b'&' | b'.');
    !text.is_empty()
        && text.len() <= LONGEST_NAME
        && text.bytes().all(may_be)
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_a_number_a_short_code_a_name_or_a_service() {
        let service = format!("MG{}", "0123456789abcdef".repeat(2));
        for (text, region, sender) in [
            ("+12025550100", "US", "+12025550100"),
            ("(202) 555-0100", "US", "+12025550100"),
            ("34412345", "DK", "+4534412345"),
            ("729725", "US", "729725"),
            ("123", "US", "123"),
            ("12345678", "US", "12345678"),
            ("Bakery", "US", "Bakery"),
            (" A-1 Taxi ", "US", "A-1 Taxi"),
            ("MGM Grand", "US", "MGM Grand"),
            ("Elf letters", "US", "Elf letters"),
            (&service, "US", &service),
        ] {
            assert_eq!(parse_sender(text, Region::parse(region).unwrap()).as_deref(), Ok(sender), "{text}");
        }
        for text in [
            "",
            "12",
            "123456789012345678",
            "Twelve-signs",
            "A Bakery with a name",
            "Bäckerei",
            "+",
            "MG",
            "a\nb",
            "1-2",
        ] {
            let read = parse_sender(text, Region::parse("US").unwrap());
            assert!(read.is_err() || text == "MG", "{text}: {read:?}");
        }
        assert!(is_messaging_service(&service));
        assert!(!is_messaging_service("MG") && !is_messaging_service(&service[2..]));
        assert!(!is_messaging_service(&format!("MG{}", "g".repeat(32))) && !is_messaging_service(&service[..33]));
    }
}
