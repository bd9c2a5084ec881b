//! Texts by purpose and language, a text for another day, and orders from a file.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::json;

use crate::{browser::Browser, chromium::Setup, scene, support::App};

#[tokio::test]
async fn a_text_is_written_for_a_language_scheduled_and_taken_back() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let order = merchant.opens_an_order("7101").await;
        let link = merchant.makes_a_link(&order).await;
        let far = json!({"time_zone": "Pacific/Kiritimati"});
        let patch = merchant.http.request(Method::PATCH, "/v1/merchant").json(&far);
        merchant.http.ask(patch).await.with_status(200);
        browser.signs_in(app).await;

        browser.clicks("Settings").await;
        browser.clicks("Message").await;
        browser.sees("Preview with an example").await;
        browser.chooses("Language", "de").await;
        browser.sees("Ansehen und bezahlen bis").await;
        browser.is_accessible("templates").await;
        browser.writes("Template", "{{merchant_name}}: bitte zahlen Sie {{amount}}: {{link}}").await;
        browser.clicks("Save the template").await;
        browser.sees("German (written)").await;
        let written = merchant.http.get("/v1/message-templates/request?language=de").await.with_status(200).json();
        assert_eq!(written["own"], true);
        browser.clicks("Activity").await;
        browser.sees("Asking for payment, German").await;

        browser.clicks("Orders").await;
        browser.opens_order("7101").await;
        browser.clicks("Send link").await;
        browser.sees("Send for 1 credit").await;
        let then = (Utc::now() + TimeDelta::days(2)).format("%Y-%m-%dT12:00").to_string();
        let set = "const field = document.querySelector('[name=send_at]'); field.value = arguments[0];
            field.dispatchEvent(new Event('input', { bubbles: true }));";
        browser.runs(set, vec![json!(then)]).await;
        browser.is_accessible("send later").await;
        browser.clicks("Send for 1 credit").await;
        browser.sees("The text is scheduled.").await;
        browser.sees("Take back").await;
        browser.sees("The text to the buyer waits for its time.").await;
        // In the business's time zone, 14 hours ahead of the test browser's.
        let texts = merchant.http.get("/v1/messages").await.with_status(200).json();
        let meant = format!("{}T22:00:00Z", (Utc::now() + TimeDelta::days(1)).format("%Y-%m-%d"));
        let written: DateTime<Utc> = texts["items"][0]["send_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(written, meant.parse::<DateTime<Utc>>().unwrap());
        assert_eq!(merchant.credits().await, (99, 1));
        browser.clicks("Take back").await;
        browser.sees("Taken back").await;
        browser.sees("Ready to be paid. Send it by SMS").await;
        assert_eq!(merchant.credits().await, (100, 0));

        // The day that a buyer names is that day in every zone.
        let day = (Utc::now() + TimeDelta::hours(14)).date_naive() + TimeDelta::days(3);
        let http = app.anybody();
        let said = http.request(Method::POST, &format!("{}/pay-later", link.url));
        http.ask(said.form(&[("on", day.to_string())])).await.with_status(303);
        browser.sees(&format!("They will pay on {}.", day.format("%b %-d, %Y"))).await;
    })
    .await;
}

#[tokio::test]
async fn a_buyer_gets_the_ready_text_of_their_language_if_that_is_chosen() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let own = json!({"body": "Please pay {{amount}}: {{link}}"});
        merchant.http.put("/v1/message-templates/request", &own).await.with_status(200);
        let order = merchant.opens_an_order("7151").await;
        let language = json!({"customer": {"language": "es"}});
        let patch = merchant.http.request(Method::PATCH, &format!("/v1/orders/{}", order.id)).json(&language);
        merchant.http.ask(patch).await.with_status(200);
        merchant.makes_a_link(&order).await;
        browser.signs_in(app).await;
        browser.clicks("Orders").await;
        browser.opens_order("7151").await;
        browser.clicks("Send link").await;
        browser.sees("This buyer reads Spanish.").await;
        browser.sees("Please pay 129.50").await;
        browser.clicks("Use the ready text (Spanish).").await;
        browser.sees_no("Please pay 129.50").await;
        let ready = "/v1/message-templates/request?language=es&ready=true";
        let ready = merchant.http.get(ready).await.with_status(200).json()["body"].clone();
        assert_eq!(browser.reads("Text").await, ready.as_str().unwrap());
        browser.clicks("Back to the template").await;
        browser.sees("Please pay 129.50").await;
    })
    .await;
}

#[tokio::test]
async fn many_orders_are_looked_at_and_made_from_a_file() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("orders.csv");
        let rows = "key,number,customer_name,customer_phone,amount,currency\n\
            m1,7201,Ada Lovelace,+12025576001,129.50,usd\n\
            m2,7202,Ada Lovelace,nobody,12,usd\n\
            m3,7203,Grace Hopper,+12025576003,12,usd\n";
        let opted_out = json!({"phone": "+12025576003", "reason": "said so"});
        app.merchant().http.post("/v1/opt-outs", &opted_out).await.with_status(201);
        std::fs::write(&file, rows).unwrap();
        browser.signs_in(app).await;
        browser.clicks("Orders").await;
        browser.clicks("Many at once").await;
        browser.picks("CSV file", &file).await;
        browser.sees("orders.csv").await;
        browser.sees("What the columns mean").await;
        browser.is_accessible("batches").await;
        browser.clicks("Look at the rows").await;
        browser.sees("Nothing is done yet").await;
        browser.sees("Mobile number: must be a phone number").await;
        browser.sees("Ada Lovelace +12025576001 129.50 USD").await;
        browser.sees("orders.csv").await;
        browser.is_accessible("batch").await;
        browser.clicks("Make 2 links, send 1").await;
        browser.sees("Make 2 links and send 1 of them?").await;
        browser.sees("What was sent cannot be taken back.").await;
        browser.is_accessible("start of a batch").await;
        browser.clicks("Start now").await;
        browser.sees("All rows that could be done are done.").await;
        let orders = app.merchant().http.whole_list("/v1/orders", 50).await;
        assert_eq!(orders.iter().filter(|order| order["number"] == "7201").count(), 1);

        // The log tells of the batch in one line, which opens.
        browser.clicks("Settings").await;
        browser.clicks("Activity").await;
        browser.sees("started a batch").await;
        browser.sees_no("made a link").await;
        browser.clicks("What was made of the rows").await;
        browser.sees("Order 7203").await;
        browser.sees("made a link").await;
        browser.is_accessible("a batch in the log").await;
    })
    .await;
}
