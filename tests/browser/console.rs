//! What a merchant does often in the console.

use std::path::PathBuf;

use crate::{browser::Browser, support::App};

/// A PDF of the fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

impl Browser {
    /// Opens the console and signs in as the demo's merchant.
    pub(crate) async fn signs_in(&self, app: &App) {
        self.signs_in_with(app, &app.hello.api_key).await;
    }

    /// Opens the console and signs in with this key.
    pub(crate) async fn signs_in_with(&self, app: &App, key: &str) {
        self.opens(&format!("{}/console", app.hello.url)).await;
        self.writes("API key", key).await;
        self.clicks("Sign in").await;
        self.sees("Needs your attention").await;
        self.runs("location.hash = '/orders'", Vec::new()).await;
        self.sees("No request").await;
    }

    /// The same where there are links already.
    pub(crate) async fn signs_in_for_more_with(&self, app: &App, key: &str) {
        self.opens(&format!("{}/console", app.hello.url)).await;
        self.writes("API key", key).await;
        self.clicks("Sign in").await;
        self.sees("Needs your attention").await;
        self.runs("location.hash = '/orders'", Vec::new()).await;
        self.sees("1001").await;
    }

    /// Opens an order from the list.
    pub(crate) async fn opens_order(&self, number: &str) {
        self.clicks(number).await;
        self.sees(&format!("Order {number}")).await;
    }

    /// Creates a link for the current order from its details page, and waits until it can be paid.
    pub(crate) async fn makes_a_link(&self) {
        self.clicks("Create a link").await;
        self.clicks("Use the order's details page").await;
        self.clicks("Create a link").await;
        self.sees("Ready to be paid").await;
    }

    /// The URL of the buyer's page of the current link.
    pub(crate) async fn buyers_link(&self) -> String {
        self.reads("Buyer's link").await
    }
}
