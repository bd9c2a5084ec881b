use proptest::prelude::*;

use super::*;

const BODY: &[u8] = br#"{"id":"evt_1","type":"checkout.session.completed"}"#;
const SECRET: &str = "whsec_of_the_tests";
const NOW: i64 = 1_800_000_000;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

fn hex(secret: &str, time: i64, body: &[u8]) -> String {
    let tag = hmac::sign(&signing_key(secret), &[format!("{time}.").as_bytes(), body].concat());
    tag.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// Stripe's header for a timestamp this many seconds from now.
fn header(offset: i64) -> String {
    let time = NOW + offset;
    format!("t={time},v1={}", hex(SECRET, time, BODY))
}

fn check(header: &str) -> Result<(), SignatureError> {
    verify(header, BODY, &[signing_key(SECRET)], now())
}

#[test]
fn a_known_vector_is_accepted() {
    // Computed independently: printf '1800000000.{}' | openssl dgst -sha256 -hmac whsec_test
    let header = "t=1800000000,v1=482e6337ac5272392d375c6fdc4d52a7e615dc2facedab0ffe155ddfd6a56e66";
    assert_eq!(verify(header, b"{}", &[signing_key("whsec_test")], now()), Ok(()));
}

#[test]
fn each_vector_is_judged_as_it_says() {
    use SignatureError::{Malformed, Mismatch, Time};

    let signature = hex(SECRET, NOW, BODY);
    let upper = signature.to_uppercase();
    let other = hex("whsec_of_somebody_else", NOW, BODY);
    let zeros = "0".repeat(64);
    let vectors = [
        ("valid", header(0), Ok(())),
        ("two v1, the second is right", format!("t={NOW},v1={other},v1={signature}"), Ok(())),
        ("two v1, the first is right", format!("t={NOW},v1={signature},v1={other}"), Ok(())),
        ("a v0 beside it, as in test mode", format!("t={NOW},v1={signature},v0={zeros}"), Ok(())),
        ("a scheme to come", format!("t={NOW},v1={signature},v2=abc"), Ok(())),
        ("the time last", format!("v1={signature},t={NOW}"), Ok(())),
        ("299 s old", header(-299), Ok(())),
        ("300 s old", header(-300), Ok(())),
        ("301 s old", header(-301), Err(Time)),
        ("299 s ahead", header(299), Ok(())),
        ("300 s ahead", header(300), Ok(())),
        ("301 s ahead", header(301), Err(Time)),
        ("a year ahead", header(31_536_000), Err(Time)),
        ("the time of another signature", format!("t={},v1={signature}", NOW + 1), Err(Mismatch)),
        ("another secret", format!("t={NOW},v1={other}"), Err(Mismatch)),
        ("two v1, neither right", format!("t={NOW},v1={other},v1={zeros}"), Err(Mismatch)),
        ("empty", String::new(), Err(Malformed)),
        ("no t", format!("v1={signature}"), Err(Malformed)),
        ("two t", format!("t={NOW},t={NOW},v1={signature}"), Err(Malformed)),
        ("two t, one after", format!("t={NOW},v1={signature},t={NOW}"), Err(Malformed)),
        ("an empty t", format!("t=,v1={signature}"), Err(Malformed)),
        ("a t with a sign", format!("t=+{NOW},v1={signature}"), Err(Malformed)),
        ("a t below zero", format!("t=-{NOW},v1={signature}"), Err(Malformed)),
        ("a t with a fraction", format!("t={NOW}.0,v1={signature}"), Err(Malformed)),
        ("a t in hex", format!("t=0x6b49d200,v1={signature}"), Err(Malformed)),
        ("a t too long for any clock", format!("t=1{},v1={signature}", "0".repeat(40)), Err(Malformed)),
        ("no v1", format!("t={NOW}"), Err(Malformed)),
        ("only v0", format!("t={NOW},v0={signature}"), Err(Malformed)),
        ("an empty v1", format!("t={NOW},v1="), Err(Malformed)),
        ("uppercase hex", format!("t={NOW},v1={upper}"), Err(Malformed)),
        ("an uppercase V1", format!("t={NOW},V1={signature}"), Err(Malformed)),
        ("an uppercase T", format!("T={NOW},v1={signature}"), Err(Malformed)),
        ("a space after the comma", format!("t={NOW}, v1={signature}"), Err(Malformed)),
        ("a space before the comma", format!("t={NOW} ,v1={signature}"), Err(Malformed)),
        ("a space after the sign", format!("t={NOW},v1= {signature}"), Err(Malformed)),
        ("a space before", format!(" t={NOW},v1={signature}"), Err(Malformed)),
        ("a space after", format!("t={NOW},v1={signature} "), Err(Malformed)),
        ("a tab inside", format!("t={NOW},\tv1={signature}"), Err(Malformed)),
        ("a space in another scheme", format!("t={NOW},v1={signature},v0=a b"), Err(Malformed)),
        ("truncated by one digit", format!("t={NOW},v1={}", &signature[..63]), Err(Malformed)),
        ("truncated by two digits", format!("t={NOW},v1={}", &signature[..62]), Err(Malformed)),
        ("truncated after the comma", format!("t={NOW},"), Err(Malformed)),
        ("truncated after the scheme", format!("t={NOW},v1"), Err(Malformed)),
        ("two digits too many", format!("t={NOW},v1={signature}00"), Err(Malformed)),
        ("no hex", format!("t={NOW},v1={}", "g".repeat(64)), Err(Malformed)),
        ("a comma at the end", format!("t={NOW},v1={signature},"), Err(Malformed)),
        ("a semicolon", format!("t={NOW};v1={signature}"), Err(Malformed)),
        ("one bad v1 beside a good one", format!("t={NOW},v1={signature},v1=abc"), Err(Malformed)),
        (
            "more v1 than anybody has secrets",
            format!("t={NOW}{}", format!(",v1={signature}").repeat(17)),
            Err(Malformed),
        ),
    ];
    for (name, header, ack) in vectors {
        assert_eq!(check(&header), ack, "{name}: {header:?}");
    }
}

#[test]
fn while_secrets_are_rotated_either_of_them_may_sign() {
    let (old, new) = (signing_key("whsec_before_the_rotation"), signing_key(SECRET));
    let by_old = format!("t={NOW},v1={}", hex("whsec_before_the_rotation", NOW, BODY));
    let by_both = format!("{},v1={}", by_old, hex(SECRET, NOW, BODY));
    for header in [&by_old, &by_both, &header(0)] {
        assert_eq!(verify(header, BODY, &[old.clone(), new.clone()], now()), Ok(()));
    }
    assert_eq!(verify(&by_both, BODY, std::slice::from_ref(&new), now()), Ok(()));
    assert_eq!(verify(&by_old, BODY, &[new], now()), Err(SignatureError::Mismatch));
    assert_eq!(verify(&by_old, BODY, &[], now()), Err(SignatureError::NoSecret));
}

proptest! {
    #[test]
    fn a_body_that_was_tampered_with_is_refused(
        body in proptest::collection::vec(any::<u8>(), 1..200),
        at in any::<proptest::sample::Index>(),
        bit in 0_u32..8,
    ) {
        let header = format!("t={NOW},v1={}", hex(SECRET, NOW, &body));
        let keys = [signing_key(SECRET)];
        prop_assert_eq!(verify(&header, &body, &keys, now()), Ok(()));
        let mut tampered = body.clone();
        tampered[at.index(body.len())] ^= 1 << bit;
        prop_assert_eq!(verify(&header, &tampered, &keys, now()), Err(SignatureError::Mismatch));
        for truncated in [&body[..body.len() - 1], &body[1..], &[]] {
            prop_assert_eq!(verify(&header, truncated, &keys, now()), Err(SignatureError::Mismatch));
        }
        let longer = [&body[..], b" "].concat();
        prop_assert_eq!(verify(&header, &longer, &keys, now()), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_header_that_was_tampered_with_is_refused(at in any::<proptest::sample::Index>(), byte in 0x20_u8..0x7f) {
        let good = header(0);
        let mut bytes = good.clone().into_bytes();
        bytes[at.index(good.len())] = byte;
        let tampered = String::from_utf8(bytes).unwrap();
        prop_assume!(tampered != good);
        prop_assert!(check(&tampered).is_err(), "{}", tampered);
    }

    #[test]
    fn no_header_is_too_strange_to_be_judged(header in "\\PC{0,200}") {
        prop_assert!(check(&header).is_err());
    }
}
