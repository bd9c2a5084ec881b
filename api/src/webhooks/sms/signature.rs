//! Twilio's webhook signature: base64 of an HMAC-SHA1 with the auth token, of the full public URL followed by the
//! form's keys and values, sorted by key.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::Secret;
use ring::hmac;

/// Whether the form was signed with this token for one of the spellings of this URL: with or without the port, and with
/// the host's case as in the URL or as in the request.
pub(super) fn verify(signature: &str, url: &str, called: &[&str], form: &[(String, String)], token: &Secret) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.expose().as_bytes());
    forms_of(url, called).iter().any(|url| hmac::verify(&key, signed(url, form).as_bytes(), &signature).is_ok())
}

/// The spellings under which a carrier may know our URL: merchants may enter it differently, and proxies and carriers
/// add or omit the port. `called` are the hosts named in the request; other hosts among them are ignored.
fn forms_of(url: &str, called: &[&str]) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let (host, port) = host_and_port(authority);
    let usual = if scheme.eq_ignore_ascii_case("https") { "443" } else { "80" };
    let called = called.iter().map(|authority| host_and_port(authority).0);
    let mut hosts = vec![host.to_owned(), host.to_ascii_lowercase(), host.to_ascii_uppercase()];
    hosts.extend(called.filter(|called| called.eq_ignore_ascii_case(host)).map(ToOwned::to_owned));
    hosts.dedup();
    let ports = [port.map(|port| format!(":{port}")), Some(String::new()), Some(format!(":{usual}"))];
    let ports: Vec<String> = ports.into_iter().flatten().collect();
    hosts.iter().flat_map(|host| ports.iter().map(move |port| format!("{scheme}://{host}{port}{path}"))).collect()
}

/// Splits off the port after the last colon, unless that colon is part of a bracketed address.
fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
        Some(_) | None => (authority, None),
    }
}

fn signed(url: &str, form: &[(String, String)]) -> String {
    let mut form: Vec<_> = form.iter().collect();
    form.sort();
    form.iter().fold(url.to_owned(), |text, (key, value)| text + key + value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Twilio's documentation: token, URL and form.
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
        assert!(verify("RSOYDt4T1cUTdK1PDd93/VVr8B8=", url, &[], &form, &token));
    }

    #[test]
    fn another_url_form_token_or_signature_is_refused() {
        let (token, url, mut form) = example();
        let signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        assert!(!verify(signature, "https://mycompany.com/", &[], &form, &token));
        assert!(!verify(signature, url, &[], &form, &Secret::new("12346")));
        assert!(!verify("", url, &[], &form, &token));
        assert!(!verify("not base64", url, &[], &form, &token));
        form[0].1.push('5');
        assert!(!verify(signature, url, &[], &form, &token));
    }

    #[test]
    fn the_port_and_the_letters_of_the_host_make_no_difference() {
        let (token, _, form) = example();
        let sign = |url: &str| {
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.expose().as_bytes());
            STANDARD.encode(hmac::sign(&key, signed(url, &form).as_bytes()))
        };
        let ours = "https://pay.example.com/webhooks/sms/mer_1?message=msg_1";
        let rest = ours.strip_prefix("https://pay.example.com").unwrap();
        for origin in [
            "https://pay.example.com",
            "https://pay.example.com:443",
            "https://PAY.EXAMPLE.COM",
            "https://Pay.Example.com",
            "https://Pay.Example.com:443",
        ] {
            let called = ["proxy.internal:8080", "Pay.Example.com"];
            assert!(verify(&sign(&format!("{origin}{rest}")), ours, &called, &form, &token), "{origin}");
        }
        let with_port = "http://127.0.0.1:8080/webhooks/sms/mer_1";
        assert!(verify(&sign("http://127.0.0.1/webhooks/sms/mer_1"), with_port, &[], &form, &token));
        assert!(verify(&sign("http://127.0.0.1:80/webhooks/sms/mer_1"), with_port, &[], &form, &token));
        for other in ["https://evil.example.com", "https://pay.example.com:8443", "http://pay.example.com"] {
            let called = ["evil.example.com"];
            assert!(!verify(&sign(&format!("{other}{rest}")), ours, &called, &form, &token), "{other}");
        }
        assert!(verify(&sign("https://[::1]/a"), "https://[::1]:8443/a", &[], &form, &token));
    }
}
