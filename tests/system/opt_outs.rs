//! Opt-outs: said in many ways, by one handset under any form of its number, and by hand.

use serde_json::{Value, json};

use crate::{
    flow::workers_know_what_is_paused,
    support::{App, Merchant, eventually, on_both_databases},
};

on_both_databases!(
    the_word_counts_with_anything_around_it_and_no_sentence_does,
    what_twilio_took_a_text_for_counts_in_any_language,
    a_handset_is_one_buyer_under_every_form_of_its_number,
    help_that_the_carrier_answers_is_not_answered_again,
    numbers_are_opted_out_and_in_by_hand_with_a_reason,
    the_carriers_signature_is_known_however_it_writes_our_address,
    a_buyer_who_texts_stop_gets_no_more_texts,
);

/// The buyer's text is there, and this is what became of their wish.
async fn is_opted_out(merchant: &Merchant, phone: &str, texts: usize) -> bool {
    let conversation = merchant.conversation_with(phone).await;
    let path = format!("/v1/conversations/{}/messages", conversation["id"].as_str().unwrap());
    eventually("the text is read", async || {
        let incoming =
            merchant.http.whole_list(&path, 100).await.iter().filter(|it| it["direction"] == "incoming").count();
        (incoming == texts).then_some(())
    })
    .await;
    merchant.conversation_with(phone).await["opted_out_at"].is_string()
}

async fn the_word_counts_with_anything_around_it_and_no_sentence_does(app: &mut App) {
    let merchant = app.merchant();
    let said = [
        ("Stop. Thank you", true),
        ("“STOP”", true),
        ("STOP\u{200b}", true),
        ("STOP\n\nSent from my iPhone", true),
        ("opt out", true),
        ("ARRET", true),
        ("RED", false),
        ("NO", false),
        ("wrong number", false),
        ("I will stop by tomorrow", false),
        ("STOP 12345", false),
        ("please cancel my order", false),
    ];
    for (at, (text, means_stop)) in said.into_iter().enumerate() {
        let phone = format!("+120255571{at:02}");
        app.hush(&phone);
        app.buyer_texts_with(&format!("SM71{at:02}"), &phone, text, &[]).await;
        assert_eq!(is_opted_out(&merchant, &phone, 1).await, means_stop, "{text:?}");
    }
}

async fn what_twilio_took_a_text_for_counts_in_any_language(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let phone = "+12025557201";
    app.hush(phone);
    app.buyer_texts_with("SM7201", phone, "Nie wieder", &[("OptOutType", "STOP")]).await;
    assert!(is_opted_out(&merchant, phone, 1).await);
    app.buyer_texts_with("SM7202", phone, "OUI", &[("OptOutType", "START")]).await;
    assert!(!is_opted_out(&merchant, phone, 2).await);

    let carrier = merchant.http.get("/v1/sms-integration").await.json();
    assert_eq!(carrier["answers_keywords"], true, "{carrier}");
    app.buyer_texts_with("SM7203", phone, "Ayuda", &[("OptOutType", "HELP")]).await;
    assert!(!is_opted_out(&merchant, phone, 3).await);
    assert!(sandbox.texts_to(phone).await.is_empty(), "Twilio has answered that");
    // Its other fields mean nothing, and are no error.
    app.buyer_texts_with("SM7204", phone, "hello", &[("OptOutType", "MAYBE")]).await;
    assert!(!is_opted_out(&merchant, phone, 4).await);
}

async fn a_handset_is_one_buyer_under_every_form_of_its_number(app: &mut App) {
    let merchant = app.merchant();
    for (at, (ours, theirs)) in [
        ("+525512345678", "+5215512345678"),
        ("+5491123456789", "+541123456789"),
        ("+5511987654321", "+551187654321"),
        ("+5511987654322", "whatsapp:+551187654322"),
        ("+14155550123", "rcs:+14155550123"),
    ]
    .into_iter()
    .enumerate()
    {
        app.hush(theirs.trim_start_matches(|c: char| c != '+'));
        let order = merchant.opens_an_order_of(&format!("730{at}"), ours).await;
        let link = merchant.makes_a_link(&order).await;
        let message = merchant.sends(&link).await;
        merchant.sees_message(&message, "delivered").await;

        app.buyer_texts_with(&format!("SM730{at}"), theirs, "stop", &[]).await;

        assert!(is_opted_out(&merchant, ours, 1).await, "{theirs}");
        merchant.asks_to_send(&link).await.problem(422, "opted_out");
    }
    let conversations = merchant.http.whole_list("/v1/conversations", 100).await;
    assert_eq!(conversations.len(), 5, "{conversations:?}");
}

async fn help_that_the_carrier_answers_is_not_answered_again(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let answers = async |phone: &str| sandbox.texts_to(phone).await.len();
    let phone = "+12025557401";
    app.hush(phone);
    app.buyer_texts_with("SM7401", phone, "help", &[]).await;
    is_opted_out(&merchant, phone, 1).await;
    assert_eq!(answers(phone).await, 0);
    // In other words than Twilio's own it has not answered.
    app.buyer_texts_with("SM7402", phone, "Help, please!", &[]).await;
    eventually("the buyer is answered", async || (answers(phone).await == 1).then_some(())).await;

    let carrier = merchant.http.get("/v1/sms-integration").await.json();
    let mut without = json!({"account_sid": carrier["account_sid"], "auth_token": crate::support::SMS_TOKEN});
    without["from"] = carrier["from"].clone();
    without["answers_keywords"] = json!(false);
    let carrier = merchant.http.put("/v1/sms-integration", &without).await.with_status(200).json();
    assert_eq!(carrier["answers_keywords"], false);
    let phone = "+12025557402";
    app.hush(phone);
    app.buyer_texts_with("SM7403", phone, "HELP", &[]).await;
    eventually("the buyer is answered", async || (answers(phone).await == 1).then_some(())).await;
}

async fn numbers_are_opted_out_and_in_by_hand_with_a_reason(app: &mut App) {
    let merchant = app.merchant();
    let http = &merchant.http;
    let order = merchant.opens_an_order("7501").await;
    let link = merchant.makes_a_link(&order).await;
    let send_sms = json!({"kind": "send_sms", "reason": "so that it waits"});
    app.operator().0.post("/v1/admin/jobs/pause", &send_sms).await.with_status(200);
    workers_know_what_is_paused(app).await;
    let waiting = merchant.sends(&link).await;

    let by_hand = json!({"phone": order.phone, "reason": "said so on the phone"});
    for (wrong, field) in [
        (json!({"phone": "nobody", "reason": "x"}), "phone"),
        (json!({"phone": order.phone, "reason": " "}), "reason"),
        (json!({"phone": order.phone, "reason": "a".repeat(501)}), "reason"),
    ] {
        let problem = http.post("/v1/opt-outs", &wrong).await.problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let made = http.post("/v1/opt-outs", &by_hand).await.with_status(201).json();
    assert_eq!(
        (&made["phone"], &made["source"], &made["reason"]),
        (&json!(order.phone), &json!("merchant"), &json!("said so on the phone"))
    );
    assert_eq!(made["customer_name"], "Example Buyer");
    let path = format!("/v1/orders/{}", order.id);
    assert_eq!(http.get(&path).await.with_status(200).json()["opted_out"], true);
    let again = http.post("/v1/opt-outs", &json!({"phone": order.phone, "reason": "again"})).await;
    assert_eq!(again.with_status(200).json()["reason"], "said so on the phone");

    // Waiting texts are no longer sent, and no new ones are.
    app.operator().0.post("/v1/admin/jobs/resume", &send_sms).await.with_status(200);
    merchant.sees_message(&waiting, "failed").await;
    assert_eq!(merchant.credits().await, (100, 0));
    merchant.asks_to_send(&link).await.problem(422, "opted_out");

    // A number that nobody has texted yet, in another form; it is no conversation for that.
    app.hush("+12025557502");
    http.post("/v1/opt-outs", &json!({"phone": "(202) 555-7502", "reason": "a list"})).await.with_status(201);
    let listed = http.whole_list("/v1/opt-outs", 1).await;
    let phones: Vec<&Value> = listed.iter().map(|one| &one["phone"]).collect();
    assert_eq!(phones, [&json!("+12025557502"), &json!(order.phone)]);
    let one = http.get("/v1/opt-outs?phone=%2B12025557502").await.with_status(200).json();
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    assert_eq!(http.whole_list("/v1/conversations", 10).await.len(), 1);
    let stranger = app.operator().makes_a_merchant("A Florist").await;
    assert!(stranger.http.whole_list("/v1/opt-outs", 10).await.is_empty());

    // And in again, once.
    let back = json!({"phone": order.phone, "reason": "asked for it at the counter"});
    let delete = async |who: &Merchant, body: &Value| {
        who.http.ask(who.http.request(reqwest::Method::DELETE, "/v1/opt-outs").json(body)).await
    };
    delete(&stranger, &back).await.problem(404, "not_found");
    delete(&merchant, &json!({"phone": order.phone})).await.problem(422, "invalid_input");
    delete(&merchant, &back).await.with_status(204);
    delete(&merchant, &back).await.problem(404, "not_found");
    let by_query = "/v1/opt-outs?phone=%2B12025557502&reason=a+mistake";
    http.ask(http.request(reqwest::Method::DELETE, by_query)).await.with_status(204);
    assert!(http.whole_list("/v1/opt-outs", 10).await.is_empty());
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;

    let log = http.whole_list("/v1/audit-log", 100).await;
    let told = |action: &str| log.iter().filter(|entry| entry["action"] == action).count();
    assert_eq!((told("conversation.opt_out"), told("conversation.opt_in")), (3, 2), "{log:?}");

    // An erased buyer stays opted out, and nothing says who it was.
    http.post("/v1/opt-outs", &by_hand).await.with_status(201);
    let buyer = format!("/v1/buyers/{}", order.phone.replace('+', "%2B"));
    http.ask(http.request(reqwest::Method::DELETE, &buyer)).await.with_status(202);
    eventually("the buyer is erased", async || {
        let listed = http.whole_list("/v1/opt-outs", 10).await;
        (listed.len() == 1 && listed[0].get("phone").is_none() && listed[0].get("reason").is_none()).then_some(())
    })
    .await;
    assert!(http.whole_list("/v1/conversations", 10).await.is_empty());
    let order = merchant.opens_an_order_of("7503", &order.phone).await;
    let link = merchant.makes_a_link(&order).await;
    merchant.asks_to_send(&link).await.problem(422, "opted_out");
}

async fn the_carriers_signature_is_known_however_it_writes_our_address(app: &mut App) {
    let merchant = app.merchant();
    let phone = "+12025557701";
    app.hush(phone);
    let port = app.hello.url.rsplit_once(':').unwrap().1.to_owned();
    let origins = [app.hello.url.clone(), "http://127.0.0.1".to_owned(), "http://127.0.0.1:80".to_owned()];
    for (at, origin) in origins.iter().enumerate() {
        let sid = format!("SM770{at}");
        // Without a body: a picture, for one.
        let form = [("MessageSid", sid.as_str()), ("From", phone), ("To", "+12025550100")];
        app.is_called_by_twilio_at(origin, &form).await.with_status(200);
        is_opted_out(&merchant, phone, at + 1).await;
    }
    for other in [format!("http://127.0.0.2:{port}"), "http://127.0.0.1:443".to_owned()] {
        let form = [("MessageSid", "SM7709"), ("From", phone), ("Body", "x")];
        app.is_called_by_twilio_at(&other, &form).await.problem(400, "bad_signature");
    }
}

async fn a_buyer_who_texts_stop_gets_no_more_texts(app: &mut App) {
    let (merchant, sandbox) = (app.merchant(), app.sandbox());
    let order = merchant.opens_an_order("6006").await;
    let link = merchant.makes_a_link(&order).await;
    let message = merchant.sends(&link).await;
    merchant.sees_message(&message, "delivered").await;
    let opted_out = async |wanted: bool| {
        eventually("the buyer's wish is heeded", async || {
            let conversation = merchant.conversation_with(&order.phone).await;
            (conversation["opted_out_at"].is_string() == wanted).then_some(())
        })
        .await;
    };

    sandbox.buyer_texts(&order.phone, " stop ").await;
    opted_out(true).await;
    merchant.asks_to_send(&link).await.problem(422, "opted_out");
    assert_eq!(merchant.credits().await, (99, 0));
    assert_eq!(sandbox.texts_to(&order.phone).await.len(), 1);

    sandbox.buyer_texts(&order.phone, "START").await;
    opted_out(false).await;
    let message = merchant.sends_again(&link).await;
    merchant.sees_message(&message, "delivered").await;
}
