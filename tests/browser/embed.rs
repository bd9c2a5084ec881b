//! A shop's page with the component, of another origin and with the strictest policy.

use fantoccini::key::Key;

use crate::{
    browser::Browser,
    chromium::Setup,
    scene,
    support::{App, eventually},
};

/// The text of the component.
const SHOWN: &str = r#"
    const root = document.querySelector("paylink-order").shadowRoot;
    return `${root.querySelector("section").innerText}\n${root.activeElement?.textContent ?? ""}`;
"#;

/// Presses a button of the component by its name.
const PRESSES: &str = r#"
    const buttons = [...document.querySelector("paylink-order").shadowRoot.querySelectorAll("button")];
    const button = buttons.find((it) => it.textContent === arguments[0] && it.getAttribute("aria-disabled") !== "true");
    button?.click();
    return Boolean(button);
"#;

async fn shows(browser: &Browser, wanted: &str) {
    eventually(&format!("{wanted} is shown"), async || {
        let shown = browser.runs(SHOWN, vec![]).await;
        shown.as_str().is_some_and(|shown| shown.contains(wanted)).then_some(())
    })
    .await;
}

async fn presses(browser: &Browser, name: &str) {
    eventually(&format!("{name} is pressed"), async || {
        (browser.runs(PRESSES, vec![name.into()]).await == true).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_shop_of_another_origin_makes_sends_and_voids_a_link_and_sees_it_paid() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        browser.opens(&format!("{}/shop", app.hello.sandbox_url)).await;
        shows(browser, "Order 1001").await;
        shows(browser, "There is no payment link yet.").await;
        presses(browser, "Create a payment link").await;
        shows(browser, "Waiting for payment.").await;
        presses(browser, "Send by text").await;
        shows(browser, "Send again").await;
        browser.is_accessible("the shop's page").await;

        // A question comes first, with the focus on the harmless answer.
        presses(browser, "Void").await;
        shows(browser, "It stops working at once.").await;
        browser.presses(Key::Enter).await;
        shows(browser, "Void").await;
        presses(browser, "Void").await;
        presses(browser, "Yes, void it").await;
        shows(browser, "The payment link was voided.").await;

        presses(browser, "Create another payment link").await;
        shows(browser, "Waiting for payment.").await;
        let links = app.merchant().http.whole_list("/v1/payment-links", 10).await;
        let open = links.iter().find(|link| link["status"] == "unpaid").unwrap();
        let paid = serde_json::json!({"url": open["stripe_url"]});
        let control = format!("{}/_control/pay", app.hello.sandbox_url);
        reqwest::Client::new().post(control).json(&paid).send().await.unwrap().error_for_status().unwrap();
        shows(browser, "Paid.").await;
    })
    .await;
}

#[tokio::test]
async fn the_component_speaks_every_language_of_the_page_it_stands_in() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        browser.opens(&format!("{}/shop", app.hello.sandbox_url)).await;
        shows(browser, "There is no payment link yet.").await;
        // Browsers write forints without decimals, and Stripe takes them with two.
        let forints = serde_json::json!({"currency": "huf", "items": [], "shipping": null, "discount": null, "amount": "1234.50"});
        let http = app.merchant().http;
        let patch = http.request(reqwest::Method::PATCH, &format!("/v1/orders/{}", app.order().id)).json(&forints);
        http.ask(patch).await.with_status(200);
        shows(browser, "1,234.50").await;
        for (tag, language) in
            [("es-MX", "es"), ("fr", "fr"), ("de-AT", "de"), ("pt-BR", "pt"), ("zh-Hans", "zh"), ("ar", "ar")]
        {
            let file = format!("{}/api/src/embed/words/{language}.json", env!("CARGO_MANIFEST_DIR"));
            let words: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
            browser.runs("document.querySelector('paylink-order').lang = arguments[0]", vec![tag.into()]).await;
            shows(browser, words["none"].as_str().unwrap()).await;
            shows(browser, &words["order"].as_str().unwrap().replace("{number}", "1001")).await;
            shows(browser, words["create"].as_str().unwrap()).await;
            let direction = "return document.querySelector('paylink-order').shadowRoot.querySelector('section').dir";
            let direction = browser.runs(direction, vec![]).await;
            assert_eq!(direction, if language == "ar" { "rtl" } else { "ltr" }, "{language}");
            browser.is_accessible(&format!("the component in {language}")).await;
            browser.fits_the_screen(&format!("the component in {language}")).await;
        }
        // An unsupported language falls back to English.
        browser.runs("document.querySelector('paylink-order').lang = 'tlh'", vec![]).await;
        shows(browser, "There is no payment link yet.").await;
    })
    .await;
}

/// The common content of both cards in reading order, by the names of their parts.
const PARTS: &str = r#"
    const card = document.querySelector("paylink-order")?.shadowRoot ?? document.querySelector(".link-card");
    const both = ["title", "amount", "buttons", "button send", "button void"];
    const parts = [...card?.querySelectorAll("[part]") ?? []].map((it) => it.getAttribute("part"));
    return parts.filter((part) => both.includes(part)).join(", ");
"#;

#[tokio::test]
async fn the_consoles_card_and_the_component_are_drawn_by_the_same() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let order = app.order();
        merchant.makes_a_link(&order).await;
        let are_there = async || {
            let parts = browser.runs(PARTS, vec![]).await;
            (parts == "title, amount, buttons, button send, button void").then_some(())
        };
        browser.opens(&format!("{}/shop", app.hello.sandbox_url)).await;
        eventually("the component has its parts", are_there).await;
        browser.signs_in(app).await;
        browser.runs("location.hash = arguments[0]", vec![format!("/orders/{}", order.id).into()]).await;
        eventually("the console's card has them too", are_there).await;
        browser.is_accessible("the console's card").await;

        // Who wants no texts is not offered one in either of them.
        let by_hand = serde_json::json!({"phone": order.phone, "reason": "said so"});
        merchant.http.post("/v1/opt-outs", &by_hand).await.with_status(201);
        let are_fewer = async || {
            let parts = browser.runs(PARTS, vec![]).await;
            (parts == "title, amount, buttons, button void").then_some(())
        };
        browser.runs("location.reload()", vec![]).await;
        browser.sees("Ready to be paid, and not sent: this buyer wants no texts.").await;
        eventually("the console's card offers no text", are_fewer).await;
        browser.opens(&format!("{}/shop", app.hello.sandbox_url)).await;
        shows(browser, "The buyer wants no texts: send them the link another way.").await;
        eventually("the component offers none", are_fewer).await;
    })
    .await;
}
