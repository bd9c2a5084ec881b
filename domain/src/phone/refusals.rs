//! What is no number, and why.

use super::{PhoneError, tests::parse};

#[test]
fn what_is_not_a_number_is_refused_with_a_reason() {
    use PhoneError::{Empty, NotAssigned, NotDigits, TooLong, TooShort, Unreadable};
    let refusal = |text| parse(text, "US").unwrap_err();
    for text in ["", "   ", "+", "()", "-"] {
        assert!(matches!(refusal(text), Empty), "{text:?}");
    }
    for text in ["abc", "+1 202 555 0123 or 4", "+1+2025550123", "12 call 34"] {
        assert!(matches!(refusal(text), NotDigits), "{text:?}");
    }
    for text in ["202+5550123", "+12025550123 x5 x6", "202, 5550123", "+12025550123, +12025550124", "+1202555012²"] {
        assert!(matches!(refusal(text), NotDigits), "{text:?}");
    }
    for text in ["+1234567890123456", "+12345678901234567890", "999999999999999999999"] {
        assert!(matches!(refusal(text), TooLong), "{text:?}");
    }
    for text in ["+0012025550123", "+2101234567"] {
        assert!(matches!(refusal(text), Unreadable(_)), "{text:?}");
    }
    for text in ["+1 555 555 5555", "+1 202 555 012", "+447700900123", "911", "+1 202 555 01234"] {
        assert!(matches!(refusal(text), NotAssigned | TooShort), "{text:?}");
    }
}

#[test]
fn the_most_digits_of_any_number_are_not_too_many() {
    for text in ["+123456789012345", "99555123456789012345"] {
        assert!(!matches!(parse(text, "FI"), Err(PhoneError::TooLong)), "{text}");
    }
}

#[test]
fn a_number_that_exists_in_neither_form_of_a_handsets_is_refused() {
    for text in ["+52 00 1234 5678", "+54 00 1234 5678"] {
        assert!(matches!(parse(text, "US"), Err(PhoneError::NotAssigned)), "{text}");
    }
}

#[test]
fn no_refusal_repeats_the_number() {
    for text in ["+1 555 555 5555", "+12345678901234567890", "2025550123 or 5", "+2101234567"] {
        let error = parse(text, "US").unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.chars().any(|c| c.is_ascii_digit()), "{shown}");
    }
}
