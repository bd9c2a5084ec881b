//! Twilio's webhook signature: base64 of an HMAC-SHA1 with the auth token, of the full public URL followed by the form's keys
//! and values, sorted by key.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::Secret;
use ring::hmac;

/// Whether the form was signed with this token for this URL.
pub(super) fn verify(signature: &str, url: &str, form: &[(String, String)], token: &Secret) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.expose().as_bytes());
    hmac::verify(&key, signed(url, form).as_bytes(), &signature).is_ok()
}

fn signed(url: &str, form: &[(String, String)]) -> String {
    let mut form: Vec<_> = form.iter().collect();
    form.sort();
    form.iter().fold(url.to_owned(), |text, (key, value)| text + key + value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Twilio's documentation, with its token, URL and form.
    fn example() -> (Secret, &'static str, Vec<(String, String)>) {
        let form = [
            ("Digits", "1234"),
            ("CallSid", "CA1234567890ABCDE"),
            ("To", "+18005551212"),
            ("Caller", "+14158675309"),
            ("From", "+14158675309"),
        ];
        let form = form.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        (Secret::new("12345"), "https://mycompany.com/myapp.php?foo=1&bar=2", form)
    }

    #[test]
    fn the_example_of_twilio_is_accepted() {
        let (token, url, form) = example();
        assert!(verify("RSOYDt4T1cUTdK1PDd93/VVr8B8=", url, &form, &token));
    }

    #[test]
    fn another_url_form_token_or_signature_is_refused() {
        let (token, url, mut form) = example();
        let signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        assert!(!verify(signature, "https://mycompany.com/", &form, &token));
        assert!(!verify(signature, url, &form, &Secret::new("12346")));
        assert!(!verify("", url, &form, &token));
        assert!(!verify("not base64", url, &form, &token));
        form[0].1.push('5');
        assert!(!verify(signature, url, &form, &token));
    }
}
