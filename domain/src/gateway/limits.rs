//! How long the parts of a description may be, and where a request goes.

use serde_json::{Value, json};

use super::{
    Gateway, GatewayFault, GatewayPolicy,
    tests::{STRICT, fault, gateway, secrets},
};

fn is_taken(change: impl FnOnce(&mut Value)) -> bool {
    gateway(change).check(&secrets(), STRICT).is_ok()
}

#[test]
fn a_template_of_4000_bytes_is_the_longest() {
    let filled_up = |bytes: usize| {
        let url = "https://gateway.example/?to={{to}}&text={{text}}&x=";
        format!("{url}{}", "x".repeat(bytes - url.len()))
    };
    assert!(is_taken(|it| it["url"] = json!(filled_up(4_000))));
    let (field, why) = fault(|it| it["url"] = json!(filled_up(4_001)));
    assert!(field == "url" && matches!(why, GatewayFault::TooLong), "{field}: {why}");
}

#[test]
fn a_list_has_50_codes_of_100_bytes_at_most() {
    let codes = |number: usize, bytes: usize| json!(vec!["x".repeat(bytes); number]);
    for field in ["success_codes", "final_codes", "retryable_codes", "opted_out_codes"] {
        assert!(is_taken(|it| it[field] = codes(50, 100)), "{field}");
        for too_long in [codes(51, 1), codes(1, 101)] {
            let (at, why) = fault(|it| it[field] = too_long);
            assert!(at == field && matches!(why, GatewayFault::TooLong), "{at}: {why}");
        }
    }
    for field in ["delivered", "undelivered"] {
        let (at, why) = fault(|it| it["reports"][field] = codes(51, 1));
        assert!(at == format!("reports.{field}") && matches!(why, GatewayFault::TooLong), "{at}: {why}");
        assert!(is_taken(|it| it["reports"][field] = json!([])), "the other list is enough");
    }
    let marker = |is: Value| json!({"at": "/kind", "is": is});
    assert!(is_taken(|it| it["incoming"]["marker"] = marker(codes(50, 100))));
    let (at, _) = fault(|it| it["incoming"]["marker"] = marker(codes(51, 1)));
    assert_eq!(at, "incoming.marker.is");
}

#[test]
fn a_pointer_has_255_bytes_at_most() {
    let pointer = |bytes: usize| json!(format!("/{}", "x".repeat(bytes - 1)));
    for field in ["id", "code", "batch"] {
        assert!(is_taken(|it| it[field] = pointer(255)), "{field}");
        let (at, why) = fault(|it| it[field] = pointer(256));
        assert!(at == field && matches!(why, GatewayFault::Pointer), "{at}: {why}");
    }
}

#[test]
fn a_header_has_a_plain_name_and_something_printable_on_one_line() {
    let with = |name: &str, value: &str| {
        let (name, value) = (name.to_owned(), value.to_owned());
        move |it: &mut Value| it["headers"][name] = json!(value)
    };
    for (name, value) in [("X-Api_Key2", "a b~"), (&*"x".repeat(100), "1")] {
        assert!(is_taken(with(name, value)), "{name}");
    }
    for name in ["", "X Key", "X:Key", "Schlüssel", &*"x".repeat(101), "content-length", "Transfer-Encoding", "TE"] {
        let (field, why) = fault(with(name, "1"));
        assert!(field == format!("headers.{name}") && matches!(why, GatewayFault::Header), "{field}: {why}");
    }
    for value in ["", "  ", "a\tb", "é", "a\u{7f}"] {
        let (_, why) = fault(with("X-Key", value));
        assert!(matches!(why, GatewayFault::NotOneLine), "{value:?}: {why}");
    }
}

#[test]
fn a_signature_names_a_header_and_a_secret_that_there_is() {
    let signature = json!({"header": "X-Sign", "encoding": "hex", "secret": "key"});
    assert!(is_taken(|it| it["signature"] = signature));
}

#[test]
fn the_number_and_the_text_may_be_in_the_url_or_in_the_body() {
    assert!(is_taken(|it| {
        it["url"] = json!("https://gateway.example/send?to={{to}}");
        it["body"] = json!("{\"text\": \"{{text}}\"}");
    }));
    for body in ["{\"to\": \"{{to}}\"}", "{\"text\": \"{{text}}\"}"] {
        let (field, why) = fault(|it| it["body"] = json!(body));
        assert!(field == "body" && matches!(why, GatewayFault::Incomplete), "{field}: {why}");
    }
}

#[test]
fn what_is_no_get_needs_a_body() {
    for method in ["POST", "PUT"] {
        let (field, why) = fault(|it| {
            it["method"] = json!(method);
            it["url"] = json!("https://gateway.example/send?to={{to}}&text={{text}}");
            it["body"] = Value::Null;
        });
        assert!(field == "body" && matches!(why, GatewayFault::Body), "{field}: {why}");
    }
}

#[test]
fn a_request_goes_to_the_described_origin_and_to_no_other() {
    let at = |url: &str| Gateway { url: url.to_owned(), ..gateway(|_| {}) };
    for (url, host, origin) in [
        ("https://Gateway.Example/send?to={{to}}", "Gateway.Example", "https://gateway.example"),
        ("https://gateway.example:443", "gateway.example:443", "https://gateway.example"),
        ("https://gateway.example:8443#x", "gateway.example:8443", "https://gateway.example:8443"),
        ("http://10.0.0.5:8080?to={{to}}", "10.0.0.5:8080", "http://10.0.0.5:8080"),
        ("https://[fd00::5]/send", "[fd00::5]", "https://[fd00::5]"),
    ] {
        assert_eq!((at(url).host().as_deref(), at(url).origin().as_deref()), (Some(host), Some(origin)), "{url}");
    }
    for url in
        ["gateway.example", "https:///send", "https://a@gateway.example", "ftp://gateway.example", "https://{{to}}"]
    {
        assert_eq!((at(url).host(), at(url).origin()), (None, None), "{url}");
        assert!(!at(url).leads_to(&"https://gateway.example".parse().unwrap()), "{url}");
    }
    let gateway = at("https://gateway.example/send");
    assert!(gateway.leads_to(&"https://GATEWAY.example:443/other?x=1".parse().unwrap()));
    for other in ["http://gateway.example/send", "https://gateway.example:8443/send", "https://other.example/send"] {
        assert!(!gateway.leads_to(&other.parse().unwrap()), "{other}");
    }
}

#[test]
fn an_operator_who_allows_private_gateways_allows_http_and_nothing_else() {
    let allowed = |url: &str| {
        let gateway = Gateway { url: url.to_owned(), ..gateway(|_| {}) };
        gateway.check(&secrets(), GatewayPolicy { private: true }).is_ok()
    };
    assert!(allowed("http://gateway.example/send") && allowed("https://10.0.0.5/send"));
    assert!(!allowed("ftp://gateway.example/send") && !allowed("file:///send"));
}
