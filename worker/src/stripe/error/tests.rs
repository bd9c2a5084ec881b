use super::*;

/// An answer of Stripe: status, `type` of the error, `Stripe-Should-Retry`, and whether it was replayed.
type Given = (u16, &'static str, Option<&'static str>, bool);

fn refused((status, kind, should_retry, replayed): Given) -> StripeError {
    let facts = ResponseFacts {
        status: StatusCode::from_u16(status).unwrap(),
        request: "req_1".to_owned(),
        should_retry: should_retry.map(ToOwned::to_owned),
        replayed,
        retry_after: (status == 429).then_some(Duration::from_secs(7)),
    };
    facts.refusal(format!(r#"{{"error":{{"type":"{kind}","code":"c","message":"Because."}}}}"#).as_bytes())
}

#[test]
fn each_of_stripes_errors_is_tried_again_told_or_looked_up() {
    let table: [(Given, Advice); 25] = [
        // A wrong request, a wrong key, a refused card, a missing permission, a missing object: never retried.
        ((400, "invalid_request_error", None, false), Advice::Tell),
        ((401, "invalid_request_error", None, false), Advice::Tell),
        ((402, "card_error", None, false), Advice::Tell),
        ((403, "invalid_request_error", None, false), Advice::Tell),
        ((404, "invalid_request_error", None, false), Advice::Tell),
        ((422, "invalid_request_error", None, false), Advice::Tell),
        // Temporary errors.
        ((409, "idempotency_error", None, false), Advice::Retry),
        ((409, "invalid_request_error", None, false), Advice::Retry),
        ((429, "invalid_request_error", None, false), Advice::Retry),
        ((500, "api_error", None, false), Advice::Retry),
        ((502, "api_error", None, false), Advice::Retry),
        ((503, "api_error", None, false), Advice::Retry),
        ((504, "api_error", None, false), Advice::Retry),
        // Stripe's header overrides the status.
        ((400, "invalid_request_error", Some("true"), false), Advice::Retry),
        ((402, "card_error", Some("true"), false), Advice::Retry),
        ((500, "api_error", Some("true"), false), Advice::Retry),
        ((400, "invalid_request_error", Some("false"), false), Advice::Tell),
        ((500, "api_error", Some("false"), false), Advice::LookUp),
        ((503, "api_error", Some("false"), false), Advice::LookUp),
        ((409, "idempotency_error", Some("false"), false), Advice::Retry),
        // The key holds another request, or a failure that it repeats for a day.
        ((400, "idempotency_error", None, false), Advice::LookUp),
        ((500, "api_error", None, true), Advice::LookUp),
        ((500, "api_error", Some("true"), true), Advice::LookUp),
        ((400, "invalid_request_error", None, true), Advice::LookUp),
        ((402, "card_error", None, true), Advice::LookUp),
    ];
    for (given, advice) in table {
        assert_eq!(refused(given).advice(), advice, "{given:?}");
    }
}

#[test]
fn what_is_never_tried_again_says_to_the_merchant_what_to_change() {
    let says = |status| refused((status, "invalid_request_error", None, false)).for_merchant();
    assert!(says(401).contains("Connect Stripe again"));
    assert!(says(403).contains("Payment Links (write)") && says(403).contains("Checkout Sessions (write)"));
    for status in [400, 402, 404] {
        assert_eq!(says(status), "Stripe refused: Because. (request req_1)");
    }
}

#[test]
fn an_error_keeps_stripes_request_and_what_it_asked_for() {
    let error = refused((429, "invalid_request_error", None, false));
    assert_eq!(error.to_string(), "Stripe answered 429 Too Many Requests c (Because.), request req_1");
    assert!(
        matches!(error.into_retry(), JobError::Retry { after: Some(after), .. } if after == Duration::from_secs(7))
    );
    let source = serde_json::from_str::<u8>("x").unwrap_err();
    let unreadable = StripeError::Unreadable { request: "req_2".to_owned(), source };
    assert_eq!(unreadable.advice(), Advice::LookUp);
    assert!(unreadable.to_string().contains("req_2"));
}

#[test]
fn an_answer_that_is_no_envelope_is_judged_by_its_status() {
    let facts = |status| ResponseFacts {
        status,
        request: "req_1".to_owned(),
        should_retry: None,
        replayed: false,
        retry_after: None,
    };
    assert_eq!(facts(StatusCode::BAD_GATEWAY).refusal(b"<html>").advice(), Advice::Retry);
    assert_eq!(facts(StatusCode::BAD_REQUEST).refusal(b"").advice(), Advice::Tell);
}

#[test]
fn only_what_says_so_means_that_stripe_is_down() {
    let down = |status, replayed| refused((status, "api_error", None, replayed)).means_down();
    assert!([500, 502, 503].into_iter().all(|status| down(status, false)));
    assert!(![400, 401, 404, 409, 429].into_iter().any(|status| down(status, false)));
    assert!(!down(500, true), "an old failure, repeated");
}
