//! No header, however made, is accepted but one that Stripe could have sent.
//!
//! An input is text: how many seconds ago the body was signed, the header, and the body, with a line break between. A
//! fuzzer cannot guess an HMAC, so in the header `{}` stands for the right one, `{?}` for that of another secret, and
//! `{t}` for the time. What is accepted is then judged by another reading of the same rules.

#![no_main]

use chrono::DateTime;
use libfuzzer_sys::{Corpus, fuzz_target};
use ring::hmac;

#[path = "../../api/src/webhooks/stripe_signature.rs"]
mod stripe_signature;

use stripe_signature::{signing_key, verify};

const NOW: i64 = 1_800_000_000;
const OURS: &str = "whsec_of_the_merchant";
const THEIRS: &str = "whsec_of_somebody_else";

fuzz_target!(|input: &str| -> Corpus {
    let Some((age, header, body)) = parts(input) else { return Corpus::Reject };
    let time = NOW - i64::from(age);
    let (ours, theirs) = (hex(OURS, time, body), hex(THEIRS, time, body));
    let header = header.replace("{t}", &time.to_string()).replace("{}", &ours).replace("{?}", &theirs);
    let accepts = |body: &str, secrets: &[&str]| {
        let keys: Vec<_> = secrets.iter().map(|secret| signing_key(secret)).collect();
        verify(&header, body.as_bytes(), &keys, DateTime::from_timestamp(NOW, 0).expect("it is a time")).is_ok()
    };

    if accepts(body, &[OURS]) {
        assert!(age.unsigned_abs() <= 300, "{header:?} is {age} s old");
        assert_eq!(times(&header), [time.to_string()], "{header:?} has another time than was signed");
        assert!(header.split(',').any(|part| part == format!("v1={ours}")), "{header:?} is not signed");
        assert!(!header.contains(char::is_whitespace), "{header:?} has a space");
        assert!(!accepts(&format!("{body} "), &[OURS]), "{header:?} holds for another body");
        assert!(!accepts(body, &[]), "{header:?} holds without a secret");
        assert!(accepts(body, &[THEIRS, OURS]), "{header:?} does not hold while secrets are rotated");
    } else {
        let stripe_sends = format!("t={time},v1={ours}");
        assert!(header != stripe_sends || age.unsigned_abs() > 300, "{header:?} is refused");
    }
    Corpus::Keep
});

fn parts(input: &str) -> Option<(i16, &str, &str)> {
    let (age, rest) = input.split_once('\n')?;
    let (header, body) = rest.split_once('\n')?;
    Some((age.parse().ok()?, header, body))
}

/// The signature of a body, by no code of ours.
fn hex(secret: &str, time: i64, body: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), format!("{time}.{body}").as_bytes());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every time that a header names.
fn times(header: &str) -> Vec<&str> {
    header.split(',').filter_map(|part| part.strip_prefix("t=")).collect()
}
