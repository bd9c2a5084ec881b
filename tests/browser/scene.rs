//! A test: the product, a browser, and a person's actions.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;

use crate::{
    browser::Browser,
    chromium::Setup,
    support::{App, Database},
};

/// Runs a test, and checks for hidden errors at the end.
pub(crate) async fn on(setup: Setup, story: impl AsyncFnOnce(&mut App, &Browser)) {
    at(App::start(Database::sqlite()).await, setup, story).await;
}

/// The same with a product that can be killed.
pub(crate) async fn on_a_process(setup: Setup, story: impl AsyncFnOnce(&mut App, &Browser)) {
    at(App::start_apart(Database::sqlite()).await, setup, story).await;
}

async fn at(mut app: App, setup: Setup, story: impl AsyncFnOnce(&mut App, &Browser)) {
    let browser = Browser::start(setup, &app).await;
    let told = AssertUnwindSafe(story(&mut app, &browser)).catch_unwind().await;
    let complaints = browser.complaints().await;
    if told.is_err() {
        let picture = std::env::temp_dir().join(format!("{}.png", app.hello.merchant_id));
        browser.is_drawn(&picture).await;
        eprintln!("--- what the browser showed is in {}; it complains: {complaints:#?}", picture.display());
    }
    // Closed before the product, so that no request is interrupted.
    browser.client().clone().close().await.unwrap();
    if let Err(failure) = told {
        resume_unwind(failure);
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}
