//! Gateways as merchants describe them, and texts that try to break out.

use serde_json::{Value, json};

use super::{Filled, Gateway, GatewayAnswer, GatewayFault, GatewayPolicy, GatewayText, Secrets};
use crate::{
    MessageId, Secret,
    plain_template::{Construct, PlainTemplateError},
    sms_event::{Progress, SmsEvent},
};

pub(super) const STRICT: GatewayPolicy = GatewayPolicy { private: false };

fn described() -> Value {
    json!({
        "url": "https://gateway.example/v1/{{secrets.account}}/messages",
        "method": "POST",
        "headers": {"Authorization": "Bearer {{secrets.key}}", "Content-Type": "application/json"},
        "body": r#"{"to": "{{to}}", "from": "{{from}}", "text": "{{text}}", "ref": "{{message_id}}", "cb": "{{report_url}}"}"#,
        "id": "/message/id",
        "code": "/error/code",
        "final_codes": ["bad_number", "422"],
        "retryable_codes": ["throttled", "503"],
        "opted_out_codes": ["stopped"],
        "reports": {"id": "/id", "status": "/status", "delivered": ["DELIVRD"], "undelivered": ["UNDELIV"], "reason": "/why"},
        "incoming": {"id": "/id", "from": "/msisdn", "text": "/text"},
    })
}

pub(super) fn gateway(change: impl FnOnce(&mut Value)) -> Gateway {
    let mut json = described();
    change(&mut json);
    serde_json::from_value(json).unwrap()
}

pub(super) fn secrets() -> Secrets {
    [("key", "k-1"), ("account", "a/../b")].map(|(name, secret)| (name.to_owned(), Secret::new(secret))).into()
}

fn fill(gateway: &Gateway, text: &str) -> Filled {
    let secrets = secrets();
    let text = GatewayText {
        to: "+12025550123",
        from: "Ada & Co",
        text,
        message_id: "msg_1",
        report_url: "https://pay.example.com/r?a=1&b=2",
        secrets: &secrets,
    };
    gateway.fill(&text).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn fault(change: impl FnOnce(&mut Value)) -> (String, GatewayFault) {
    let error = gateway(change).check(&secrets(), STRICT).unwrap_err();
    (error.field, error.why)
}

#[test]
fn a_described_gateway_is_taken_and_filled() {
    let gateway = gateway(|_| {});
    gateway.check(&secrets(), STRICT).unwrap();
    let filled = fill(&gateway, "Hello");
    assert_eq!(filled.url, "https://gateway.example/v1/a%2F%2E%2E%2Fb/messages");
    assert!(filled.headers.contains(&("Authorization".to_owned(), "Bearer k-1".to_owned())));
    let body: Value = serde_json::from_str(&filled.body.unwrap()).unwrap();
    assert_eq!(body["to"], "+12025550123");
    assert_eq!(body["cb"], "https://pay.example.com/r?a=1&b=2");
}

#[test]
fn no_text_breaks_out_of_where_it_stands() {
    let nasty = "\"}, {{secrets.key}} \\ \"\n&to=+1999<to>1</to>%00\u{1f600}\"";
    let json = fill(&gateway(|_| {}), nasty).body.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["text"], nasty);

    let form = gateway(|it| {
        it["headers"]["Content-Type"] = json!("application/x-www-form-urlencoded; charset=utf-8");
        it["body"] = json!("to={{to}}&text={{text}}");
    });
    form.check(&secrets(), STRICT).unwrap();
    let body = fill(&form, nasty).body.unwrap();
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    assert_eq!(pairs, [("to".to_owned(), "+12025550123".to_owned()), ("text".to_owned(), nasty.to_owned())]);

    let xml = gateway(|it| {
        it["headers"]["Content-Type"] = json!("text/xml");
        it["body"] = json!("<sms><to>{{to}}</to><text>{{text}}</text></sms>");
    });
    let body = fill(&xml, nasty).body.unwrap();
    assert_eq!(body.matches("<to>").count(), 1, "{body}");

    let get = gateway(|it| {
        it["method"] = json!("GET");
        it["url"] = json!("https://gateway.example/send?to={{to}}&text={{text}}");
        it.as_object_mut().unwrap().remove("body");
    });
    get.check(&secrets(), STRICT).unwrap();
    let url = url::Url::parse(&fill(&get, nasty).url).unwrap();
    let pairs: Vec<_> = url.query_pairs().collect();
    assert_eq!((pairs.len(), pairs[1].1.as_ref()), (2, nasty));
}

#[test]
fn a_value_is_escaped_as_its_content_type_wants_it() {
    for (content_type, written) in [
        ("application/xml", "A &lt;b&gt; &amp; c"),
        ("text/xml; charset=utf-8", "A &lt;b&gt; &amp; c"),
        ("Text/Plain", "A <b> & c"),
        ("application/x-www-form-urlencoded", "A%20%3Cb%3E%20%26%20c"),
        ("application/json", "A <b> & c"),
    ] {
        let gateway = gateway(|it| {
            it["headers"] = json!({"content-type": content_type});
            it["body"] = json!("\"{{to}} {{text}}\"");
        });
        gateway.check(&secrets(), STRICT).unwrap();
        assert!(fill(&gateway, "A <b> & c").body.unwrap().ends_with(&format!(" {written}\"")), "{content_type}");
    }
    let (_, why) = fault(|it| it["headers"]["Content-Type"] = json!("text/html"));
    assert!(matches!(why, GatewayFault::ContentType), "{why}");
}

#[test]
fn the_longest_text_fits_however_it_is_escaped() {
    let get = gateway(|it| {
        it["method"] = json!("GET");
        it["url"] = json!("https://gateway.example/send?to={{to}}&text={{text}}");
        it["body"] = Value::Null;
    });
    assert_eq!(fill(&get, &"\u{1f600}".repeat(1_600)).url.matches("%F0%9F%98%80").count(), 1_600);
}

#[test]
fn what_is_wrong_with_a_description_is_told_with_its_field() {
    use GatewayFault as Fault;
    use PlainTemplateError::{NotAVariable, UnknownVariable, Unreadable};
    macro_rules! refused {
        ($field:literal, $fault:pat, $change:expr) => {
            let (field, why) = fault($change);
            assert!(field == $field && matches!(why, $fault), "{field}: {why}");
        };
    }
    refused!("url", Fault::Scheme, |it: &mut Value| it["url"] = json!("http://gateway.example/"));
    refused!("url", Fault::Scheme, |it: &mut Value| it["url"] = json!("file:///etc/passwd"));
    for inside in ["127.0.0.1", "0x7f.1", "[::1]:8443", "[::ffff:10.0.0.5]"] {
        refused!("url", Fault::Inside, |it: &mut Value| it["url"] = json!(format!("https://{inside}/send")));
    }
    refused!("url", Fault::Url(_), |it: &mut Value| it["url"] = json!("gateway.example"));
    refused!("url", Fault::Host, |it: &mut Value| it["url"] = json!("https://{{secrets.account}}.example/"));
    refused!("url", Fault::Host, |it: &mut Value| it["url"] = json!("https://user:word@gateway.example/"));
    // URLs whose host changes when they are filled in.
    for url in [
        "https:evil.example{{!@gateway.example/}}/c?t={{to}}&x={{text}}#://gateway.example/",
        r"https:\\evil.example{{!@gateway.example/}}/c#://gateway.example/",
        "https://gateway.example{{! a comment }}.evil.example/",
    ] {
        refused!("url", _, |it: &mut Value| it["url"] = json!(url));
    }
    refused!("url", Fault::Template(UnknownVariable { line: 1, .. }), |it: &mut Value| it["url"] =
        json!("https://gateway.example/{{secrets.missing}}"));
    refused!("url", Fault::Template(NotAVariable { .. }), |it: &mut Value| it["url"] =
        json!("https://gateway.example/{{to (to)}}"));
    refused!("headers.X", Fault::Template(NotAVariable { .. }), |it: &mut Value| it["headers"]["X"] = json!("{{#to}}"));
    refused!("body", Fault::Template(Unreadable { line: 2 }), |it: &mut Value| it["body"] = json!("{\n\"to\": \"{{to"));
    for unescaped in ["{{{to}}}", "{{&to}}", "{{~{to}~}}", "{{ & to }}"] {
        refused!(
            "body",
            Fault::Template(NotAVariable { construct: Construct::Unescaped, line: 1 }),
            |it: &mut Value| it["body"] = json!(format!("{unescaped} {{{{text}}}}"))
        );
    }
    refused!(
        "body",
        Fault::Template(NotAVariable { construct: Construct::Block, line: 1 }),
        |it: &mut Value| it["body"] = json!("{{#if to}}{{text}}{{/if}}")
    );
    refused!("body", Fault::NotJson(_), |it: &mut Value| it["body"] = json!("{\"to\": {{to}}, \"text\": {{text}}}"));
    refused!("body", Fault::Incomplete, |it: &mut Value| it["body"] = json!("{\"to\": \"{{to}}\"}"));
    refused!("body", Fault::ContentType, |it: &mut Value| it["headers"] = json!({}));
    refused!("body", Fault::Body, |it: &mut Value| it["method"] = json!("GET"));
    refused!("headers.Host", Fault::Header, |it: &mut Value| it["headers"]["Host"] = json!("other.example"));
    refused!("headers.X", Fault::NotOneLine, |it: &mut Value| it["headers"]["X"] = json!("a\r\nHost: b"));
    refused!("headers.X", Fault::Template(UnknownVariable { .. }), |it: &mut Value| it["headers"]["X"] =
        json!("{{text}}"));
    let signature = |header: &str, secret: &str| json!({"header": header, "encoding": "hex", "secret": secret});
    refused!("signature.header", Fault::Header, |it: &mut Value| it["signature"] = signature("X Sign", "key"));
    refused!("signature.secret", Fault::NoSecret(_), |it: &mut Value| it["signature"] = signature("X-Sign", "other"));
    refused!("id", Fault::Pointer, |it: &mut Value| it["id"] = json!("message.id"));
    refused!("incoming.text", Fault::Pointer, |it: &mut Value| it["incoming"]["text"] = json!("text"));
    refused!("reports.delivered", Fault::NoStatus, |it: &mut Value| {
        it["reports"]["delivered"] = json!([]);
        it["reports"]["undelivered"] = json!([]);
    });
}

#[test]
fn plain_http_is_taken_where_the_operator_allows_it() {
    let private = gateway(|it| it["url"] = json!("http://10.0.0.5:8080/send"));
    assert!(private.check(&secrets(), STRICT).is_err());
    private.check(&secrets(), GatewayPolicy { private: true }).unwrap();
    let private = gateway(|it| it["url"] = json!("https://[fd00::5]/send"));
    private.check(&secrets(), GatewayPolicy { private: true }).unwrap();
}

#[test]
fn an_answer_is_read_by_its_codes_and_then_as_http_means_it() {
    use GatewayAnswer::{Accepted, Busy, Refused, Unknown};
    let refused = |code: &str, opted_out| Refused { code: code.to_owned(), opted_out };
    let gateway = gateway(|_| {});
    for (status, body, expected) in [
        (202, r#"{"message": {"id": "g-1"}}"#, Accepted { id: Some("g-1".to_owned()) }),
        (200, r#"{"message": {"id": 17}}"#, Accepted { id: Some("17".to_owned()) }),
        (200, r#"{"error": {"code": "bad_number"}}"#, refused("bad_number", false)),
        (200, r#"{"error": {"code": "throttled"}}"#, Busy),
        (400, r#"{"error": {"code": "stopped"}}"#, refused("stopped", true)),
        (422, "", refused("422", false)),
        (401, "no JSON", refused("401", false)),
        (429, "", Busy),
        (503, "", Busy),
    ] {
        assert_eq!(gateway.read(status, body.as_bytes()), expected, "{status} {body}");
    }
    for (status, body) in [(200, "{}"), (200, r#"{"message": {"id": ""}}"#), (302, ""), (408, ""), (409, ""), (500, "")]
    {
        assert!(matches!(gateway.read(status, body.as_bytes()), Unknown(_)), "{status} {body}");
    }
    let without_id = Gateway { id: None, ..gateway };
    assert_eq!(without_id.read(204, b""), Accepted { id: None });
}

#[test]
fn a_report_that_has_its_text_is_a_report_by_its_status_or_by_our_message() {
    let gateway = gateway(|_| {});
    let message = MessageId::new(chrono::Utc::now());
    let told = |status: &str| json!({"id": "g-1", "status": status, "msisdn": "12025550123", "text": "Hello"});
    let is_report = |status: &str, message| {
        let events = gateway.events(&told(status), message);
        assert_eq!(events.len(), 1, "{status}");
        matches!(events[0], SmsEvent::Report { .. })
    };
    assert!(is_report("DELIVRD", None) && is_report("UNDELIV", None) && is_report("ACCEPTD", Some(message)));
    assert!(!is_report("RECEIVED", None));
}

#[test]
fn what_a_gateway_tells_is_read_by_its_description() {
    let gateway = gateway(|_| {});
    let message: MessageId = MessageId::new(chrono::Utc::now());
    let report = |told: Value, message| {
        let mut events = gateway.events(&told, message);
        assert!(events.len() <= 1);
        events.pop()
    };
    let expected = |carrier_id: Option<&str>, message, progress| {
        Some(SmsEvent::Report { carrier_id: carrier_id.map(ToOwned::to_owned), message, progress })
    };
    assert_eq!(
        report(json!({"id": "g-1", "status": "DELIVRD"}), None),
        expected(Some("g-1"), None, Progress::Delivered)
    );
    assert_eq!(report(json!({"status": "ACCEPTD"}), Some(message)), expected(None, Some(message), Progress::UnderWay));
    let undelivered = report(json!({"id": 5, "status": "UNDELIV", "why": "absent"}), None);
    let why = "The carrier could not deliver the text (absent).".to_owned();
    assert_eq!(undelivered, expected(Some("5"), None, Progress::Undelivered { why }));
    let undelivered = report(json!({"id": 5, "status": "UNDELIV", "why": format!("a\u{7}b{}", "c".repeat(100))}), None);
    let why = format!("The carrier could not deliver the text (ab{}).", "c".repeat(78));
    assert_eq!(undelivered, expected(Some("5"), None, Progress::Undelivered { why }), "a line that can be shown");
    // A report on a text that we cannot identify.
    assert_eq!(report(json!({"status": "DELIVRD"}), None), None);

    let text = report(json!({"id": "t-1", "msisdn": "12025550123", "text": "STOP"}), None);
    let expected = SmsEvent::Text {
        carrier_id: "t-1".to_owned(),
        from: "+12025550123".to_owned(),
        body: "STOP".to_owned(),
        keyword: None,
        pictures: Vec::new(),
    };
    assert_eq!(text, Some(expected));
    assert_eq!(report(json!({"hello": "world"}), None), None);
}
