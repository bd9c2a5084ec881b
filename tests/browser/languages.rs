//! Whose language the console speaks: the person's, or else the merchant's, or else the browser's.

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
        browser.sees("Keine Forderung").await;
        browser.clicks("Abmelden").await;
        // Whoever uses this browser chose it.
        browser.sees("Aus einer Bestellung einen Zahlungslink machen").await;
    })
    .await;
}
