//! The language of the console: the person's, else the merchant's, else the browser's.

use reqwest::Method;
use serde_json::json;

use crate::{browser::Browser, chromium::Setup, scene, support::App};

#[tokio::test]
async fn the_console_speaks_as_the_merchant_does_until_somebody_chooses() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let french = merchant.http.request(Method::PATCH, "/v1/merchant").json(&json!({"language": "fr-CA"}));
        merchant.http.ask(french).await.with_status(200);
        browser.opens(&format!("{}/console", app.hello.url)).await;
        browser.writes("API key", &app.hello.api_key).await;
        browser.clicks("Sign in").await;
        browser.sees("À traiter").await;
        browser.clicks("Commandes").await;
        browser.sees("Sans demande").await;
        browser.chooses("Langue de cette console", "de").await;
        browser.sees("Bestellungen").await;
        browser.sees("Nicht angefordert").await;
        browser.clicks("Abmelden").await;
        // The user of this browser chose it.
        browser.sees("Aus einer Bestellung einen Zahlungslink machen").await;
    })
    .await;
}

/// The server's own sentences are also shown in the language of the console.
#[tokio::test]
async fn what_the_server_says_is_said_in_the_language_of_the_console() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let order = merchant.opens_an_order("9301").await;
        browser.opens(&format!("{}/console", app.hello.url)).await;
        browser.runs("document.cookie = 'paylink_language=de; Path=/console'", vec![]).await;
        browser.opens(&format!("{}/console", app.hello.url)).await;
        browser.writes("API-Schlüssel", &app.hello.api_key).await;
        browser.clicks("Anmelden").await;
        browser.sees("Zu erledigen").await;
        browser.runs("location.hash = arguments[0]", vec![json!(format!("/orders/{}", order.id))]).await;
        browser.clicks("Link erstellen").await;
        browser.clicks("Bestellübersicht verwenden").await;
        browser.writes("Gesamtbetrag", "0.10").await;
        browser.refusals.expect(422, "/payment-links");
        browser.clicks("Link erstellen").await;
        browser.sees("Ist zu klein; verlangt werden können mindestens").await;
        browser.writes("Gesamtbetrag", "129.50").await;
        browser.clicks("Link erstellen").await;
        browser.sees("Kann bezahlt werden").await;
        // About its invoice, in the timeline.
        browser.sees("1 Seite").await;
        browser.sees_no("1 page").await;
        // By a button of the buyer's page.
        let links = merchant.http.whole_list("/v1/payment-links?q=9301", 10).await;
        let denied = format!("{}/unrecognised", links[0]["url"].as_str().unwrap());
        let http = app.anybody();
        http.ask(http.request(Method::POST, &denied)).await.with_status(303);
        browser.runs("location.hash = '/conversations'", vec![]).await;
        browser.sees("Auf der Bezahlseite: Das kenne ich nicht").await;
    })
    .await;
}
