//! The buyer: no account, only a link.

use reqwest::Method;
use serde_json::json;

use super::{
    http::{Answer, Http},
    merchant::Link,
    sandbox::Sandbox,
};

/// A person with a phone and a browser.
#[derive(Debug)]
pub(crate) struct Buyer {
    pub(crate) browser: Http,
    pub(crate) sandbox: Sandbox,
}

impl Buyer {
    /// Opens the page.
    pub(crate) async fn opens(&self, link: &Link) -> Answer {
        self.browser.get(&link.url).await
    }

    /// Opens the invoice.
    pub(crate) async fn reads_the_invoice(&self, link: &Link) -> Answer {
        self.browser.get(&format!("{}/invoice.pdf", link.url)).await
    }

    /// Presses the button on the page.
    pub(crate) async fn presses_pay(&self, link: &Link) -> Answer {
        self.browser.ask(self.browser.request(Method::POST, &format!("{}/pay", link.url))).await
    }

    /// Presses the button, follows it to Stripe and pays there.
    pub(crate) async fn pays(&self, link: &Link) {
        let led = self.presses_pay(link).await.with_status(303);
        assert_eq!(led.header("location"), link.stripe_url);
        self.sandbox.does("pay", json!({"url": led.header("location")})).await;
    }

    /// Opens Stripe's page without paying. Returns the session.
    pub(crate) async fn opens_stripe(&self, link: &Link) -> String {
        let opened = self.sandbox.does("open", json!({"url": link.stripe_url})).await;
        opened["session"].as_str().unwrap().to_owned()
    }
}
