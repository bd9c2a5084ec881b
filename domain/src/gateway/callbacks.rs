//! Descriptions of real gateways, and messages in the formats that they document, with made-up data. The fields were
//! held against what is published: `developers.telnyx.com/api-reference/callbacks`,
//! `dev.bandwidth.com/docs/messaging/webhooks`, Infobip's "Receive outbound SMS message report",
//! `docs.plivo.com/docs/messaging/api/message/message-status-callbacks`, Kannel's user guide, and, for those and for
//! `MessageBird` and Vonage, the calls that `github.com/nyaruka/courier` (`handlers/*/handler_test.go`) is tested with.

use chrono::Utc;
use serde_json::{Value, json};

use super::{Gateway, GatewayAnswer};
use crate::{
    MessageId,
    sms_event::{Progress, SmsEvent},
};

fn gateway(reading: Value) -> Gateway {
    let mut described = json!({
        "url": "https://gateway.example/send?to={{to}}&text={{text}}",
        "method": "GET", "headers": {}, "final_codes": [], "retryable_codes": [], "opted_out_codes": [],
    });
    let Value::Object(reading) = reading else { panic!("{reading} is no object") };
    described.as_object_mut().unwrap().extend(reading);
    let described: Gateway = serde_json::from_value(described).unwrap();
    described.check_reading().unwrap_or_else(|error| panic!("{error}"));
    described
}

fn report(id: &str, progress: Progress) -> SmsEvent {
    SmsEvent::Report { carrier_id: Some(id.to_owned()), message: None, progress }
}

fn undelivered(why: &str) -> Progress {
    Progress::Undelivered { why: format!("The carrier could not deliver the text ({why}).") }
}

fn text(id: &str, from: &str, body: &str) -> SmsEvent {
    SmsEvent::Text {
        carrier_id: id.to_owned(),
        from: from.to_owned(),
        body: body.to_owned(),
        keyword: None,
        pictures: Vec::new(),
    }
}

/// Both arrive as the same event with the full text. A received text even has the status of a delivered one.
#[test]
fn telnyx_tells_texts_from_reports_by_the_kind_of_event() {
    let gateway = gateway(json!({
        "id": "/data/id",
        "reports": {"id": "/data/payload/id", "status": "/data/payload/to/0/status", "delivered": ["delivered"],
            "undelivered": ["delivery_failed", "sending_failed", "expired"], "reason": "/data/payload/errors/0/title"},
        "incoming": {"id": "/data/payload/id", "from": "/data/payload/from/phone_number", "text": "/data/payload/text",
            "marker": {"at": "/data/event_type", "is": ["message.received"]}},
    }));
    let said = |event: &str, from: &str, status: &str| {
        let direction = if event == "message.received" { "inbound" } else { "outbound" };
        let payload = json!({"record_type": "message", "direction": direction, "id": "t-1", "type": "SMS", "text": "Hello",
            "from": {"phone_number": from, "carrier": "A carrier", "line_type": "Wireless"},
            "to": [{"phone_number": "+12025550188", "status": status, "carrier": "Another", "line_type": "VoIP"}], "cc": [], "media": [],
            "encoding": "GSM-7", "parts": 1, "cost": {"amount": "0.0051", "currency": "USD"},
            "errors": [{"code": "40001", "title": "Unreachable", "detail": "Not routable"}]});
        let data = json!({"record_type": "event", "id": "e-1", "event_type": event, "payload": payload});
        gateway.events(&json!({"data": data, "meta": {"attempt": 1}}), None)
    };
    assert_eq!(said("message.received", "+12025550123", "delivered"), [text("t-1", "+12025550123", "Hello")]);
    assert_eq!(said("message.sent", "+12025550199", "sent"), [report("t-1", Progress::UnderWay)]);
    assert_eq!(said("message.finalized", "+12025550199", "delivered"), [report("t-1", Progress::Delivered)]);
    // It is over, and nobody knows how.
    assert_eq!(said("message.finalized", "+12025550199", "delivery_unconfirmed"), [report("t-1", Progress::UnderWay)]);
    let failed = said("message.finalized", "+12025550199", "delivery_failed");
    assert_eq!(failed, [report("t-1", undelivered("Unreachable"))]);
}

#[test]
fn bandwidth_sends_a_list_in_which_reports_have_an_empty_text() {
    let gateway = gateway(json!({
        "reports": {"id": "/message/id", "status": "/type", "delivered": ["message-delivered"],
            "undelivered": ["message-failed"], "reason": "/errorCode"},
        "incoming": {"id": "/message/id", "from": "/message/from", "text": "/message/text",
            "marker": {"at": "/message/direction", "is": ["in"]}},
    }));
    // A number, as Bandwidth writes it.
    let said = |kind: &str, id: &str, direction: &str, words: &str| {
        json!({"type": kind, "time": "2026-11-26T15:00:00Z", "description": "forbidden to country", "to": "+12025550188",
            "errorCode": 4432,
            "message": {"id": id, "owner": "+12025550188", "applicationId": "a-1", "time": "2026-11-26T15:00:00Z", "segmentCount": 1,
                "direction": direction, "to": ["+12025550188"], "from": "+12025550123", "text": words, "tag": "t"}})
    };
    let batch = json!([
        said("message-sending", "b-0", "out", ""),
        said("message-delivered", "b-1", "out", ""),
        said("message-failed", "b-2", "out", ""),
        said("message-received", "b-3", "in", "STOP"),
    ]);
    let expected = [
        report("b-0", Progress::UnderWay),
        report("b-1", Progress::Delivered),
        report("b-2", undelivered("4432")),
        text("b-3", "+12025550123", "STOP"),
    ];
    assert_eq!(gateway.events(&batch, None), expected);
    // A callback URL names a single message, so with several reports it is ignored.
    assert_eq!(gateway.events(&batch, Some(MessageId::new(Utc::now()))), expected);
}

#[test]
fn infobip_sends_results_and_numbers_without_a_plus() {
    let gateway = gateway(json!({
        "id": "/messages/0/messageId", "code": "/messages/0/status/groupId", "success_codes": ["1"],
        "batch": "/results",
        "reports": {"id": "/messageId", "status": "/status/groupName", "delivered": ["DELIVERED"],
            "undelivered": ["UNDELIVERABLE", "EXPIRED", "REJECTED"], "reason": "/status/name"},
        "incoming": {"id": "/messageId", "from": "/from", "text": "/text"},
    }));
    let reports = json!({"results": [
        {"bulkId": "x", "messageId": "i-1", "to": "447400123456", "sentAt": "2026-11-26T15:00:00.000+0000", "smsCount": 1,
            "price": {"pricePerMessage": 0.01, "currency": "EUR"}, "error": {"groupId": 0, "groupName": "OK", "permanent": false},
            "status": {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET"}},
        {"messageId": "i-2", "to": "447400123456", "status": {"groupId": 4, "groupName": "EXPIRED", "name": "EXPIRED_EXPIRED"}},
        {"messageId": "i-3", "to": "447400123456", "status": {"groupId": 1, "groupName": "PENDING", "name": "PENDING_ENROUTE"}},
    ]});
    let expected = [
        report("i-1", Progress::Delivered),
        report("i-2", undelivered("EXPIRED_EXPIRED")),
        report("i-3", Progress::UnderWay),
    ];
    assert_eq!(gateway.events(&reports, None), expected);
    let texts = json!({"messageCount": 1, "pendingMessageCount": 0, "results": [{"messageId": "i-4", "from": "447400123456",
        "to": "447400654321", "text": "QUIZ Paris", "cleanText": "Paris", "keyword": "QUIZ", "receivedAt": "2026-11-26T15:00:00Z"}]});
    assert_eq!(gateway.events(&texts, None), [text("i-4", "+447400123456", "QUIZ Paris")]);

    // A number again, in an answer with status 200.
    let answer = |group: i64| {
        gateway
            .read(200, json!({"messages": [{"messageId": "i-5", "status": {"groupId": group}}]}).to_string().as_bytes())
    };
    assert_eq!(answer(1), GatewayAnswer::Accepted { id: Some("i-5".to_owned()) });
    assert_eq!(answer(5), GatewayAnswer::Refused { code: "5".to_owned(), opted_out: false });
}

/// It calls with GET; the query arrives as an object of strings.
#[test]
fn messagebird_and_vonage_write_numbers_without_a_plus() {
    let messagebird = gateway(json!({
        "reports": {"id": "/id", "status": "/status", "delivered": ["delivered"], "undelivered": ["delivery_failed", "expired"],
            "reason": "/statusErrorCode"},
        "incoming": {"id": "/id", "from": "/originator", "text": "/body"},
    }));
    let told = json!({"id": "m-1", "reference": "r", "recipient": "31612345678", "status": "delivery_failed", "mccmnc": "20408",
        "ported": "0", "price[amount]": "0.000", "price[currency]": "EUR", "statusErrorCode": "103",
        "statusDatetime": "2026-11-26T15:00:00+00:00"});
    assert_eq!(messagebird.events(&told, None), [report("m-1", undelivered("103"))]);
    let told = json!({"id": "m-2", "originator": "0031612345678", "sender": "0031612345678", "recipient": "3197", "body": "Ja",
        "reference": "1", "receive_datetime": "2026-11-26T15:00:00+00:00", "mms": "false", "status": "received"});
    assert_eq!(messagebird.events(&told, None), [text("m-2", "+31612345678", "Ja")], "a text that looks like a report");

    let vonage = gateway(json!({
        "id": "/messages/0/message-id", "code": "/messages/0/status", "success_codes": ["0"], "retryable_codes": ["1"],
        "reports": {"id": "/messageId", "status": "/status", "delivered": ["delivered"], "undelivered": ["failed", "rejected", "expired"],
            "reason": "/err-code"},
        "incoming": {"id": "/messageId", "from": "/msisdn", "text": "/text"},
    }));
    let told = json!({"messageId": "v-1", "msisdn": "447400123456", "to": "Bakery", "network-code": "23410", "price": "0.03330000",
        "status": "failed", "scts": "2611261500", "err-code": "6", "message-timestamp": "2026-11-26 15:00:00"});
    assert_eq!(vonage.events(&told, None), [report("v-1", undelivered("6"))]);
    let told = json!({"messageId": "v-2", "msisdn": "447400123456", "to": "447700900000", "text": "Hello", "type": "text",
        "keyword": "HELLO", "message-timestamp": "2026-11-26 15:00:00"});
    assert_eq!(vonage.events(&told, None), [text("v-2", "+447400123456", "Hello")]);

    // All of these come with status 200.
    let answer = |status: &str| {
        let body = json!({"message-count": "1", "messages": [{"to": "447400123456", "message-id": "v-3", "status": status,
            "error-text": "Throughput Rate Exceeded - please wait [ 250 ] and retry"}]});
        vonage.read(200, body.to_string().as_bytes())
    };
    assert_eq!(answer("0"), GatewayAnswer::Accepted { id: Some("v-3".to_owned()) });
    assert_eq!(answer("1"), GatewayAnswer::Busy);
    assert_eq!(answer("6"), GatewayAnswer::Refused { code: "6".to_owned(), opted_out: false });
    assert!(matches!(vonage.read(200, b"<html>"), GatewayAnswer::Unknown(_)));
}

#[test]
fn kannel_tells_by_numbers_and_plivo_by_a_form() {
    let kannel = gateway(json!({
        "success_codes": ["202"], "retryable_codes": ["503"],
        "reports": {"status": "/type", "delivered": ["1"], "undelivered": ["2", "16"], "reason": "/answer"},
        "incoming": {"id": "/id", "from": "/from", "text": "/text"},
    }));
    let message = MessageId::new(Utc::now());
    let told = json!({"type": "16", "answer": "NACK/0x0b", "message": message.to_string()});
    let expected = SmsEvent::Report { carrier_id: None, message: Some(message), progress: undelivered("NACK/0x0b") };
    assert_eq!(kannel.events(&told, Some(message)), [expected]);
    let told = json!({"id": "k-1", "from": "07400123456", "text": "Hello"});
    assert_eq!(
        kannel.events(&told, None),
        [text("k-1", "07400123456", "Hello")],
        "the merchant's region is known later"
    );
    for told in [json!({"type": "4"}), json!({"type": "8", "answer": "ACK/"})] {
        let expected = SmsEvent::Report { carrier_id: None, message: Some(message), progress: Progress::UnderWay };
        assert_eq!(kannel.events(&told, Some(message)), [expected], "queued, or with the carrier");
    }
    assert_eq!(kannel.read(202, b"0: Accepted for delivery"), GatewayAnswer::Accepted { id: None });
    assert_eq!(kannel.read(202, b"3: Queued for later delivery"), GatewayAnswer::Accepted { id: None });
    assert_eq!(kannel.read(503, b"Temporal failure, try again later."), GatewayAnswer::Busy);
    let refused = GatewayAnswer::Refused { code: "403".to_owned(), opted_out: false };
    assert_eq!(kannel.read(403, b"Not routable. Do not try again."), refused);
    assert!(matches!(kannel.read(200, b"<html>"), GatewayAnswer::Unknown(_)));

    let plivo = gateway(json!({
        "id": "/message_uuid/0",
        "reports": {"id": "/MessageUUID", "status": "/Status", "delivered": ["delivered"], "undelivered": ["undelivered", "failed"],
            "reason": "/ErrorCode"},
        "incoming": {"id": "/MessageUUID", "from": "/From", "text": "/Text"},
    }));
    let told = json!({"MessageUUID": "p-1", "ParentMessageUUID": "p-1", "From": "12025550199", "To": "12025550123", "Type": "sms",
        "Status": "undelivered", "Units": "1", "TotalRate": "0.0035", "TotalAmount": "0.0035", "Sequence": "3", "ErrorCode": "30",
        "QueuedTime": "2026-11-26 15:00:00.000000"});
    assert_eq!(plivo.events(&told, None), [report("p-1", undelivered("30"))]);
    let told = json!({"MessageUUID": "p-2", "From": "12025550123", "To": "12025550199", "Text": "Hi", "Type": "sms", "Units": "1",
        "TotalRate": "0", "TotalAmount": "0"});
    assert_eq!(plivo.events(&told, None), [text("p-2", "+12025550123", "Hi")]);
    let queued = json!({"api_id": "a", "message": "message(s) queued", "message_uuid": ["p-3"]});
    let accepted = GatewayAnswer::Accepted { id: Some("p-3".to_owned()) };
    assert_eq!(plivo.read(202, queued.to_string().as_bytes()), accepted);
}
