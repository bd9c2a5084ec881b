//! Files that cannot be an invoice.

use std::fs;

use crate::{browser::Browser, chromium::Setup, console::fixture, scene, support::App};

#[tokio::test]
async fn what_is_no_invoice_is_refused_with_what_to_do() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let folder = tempfile::tempdir().unwrap();
        let letter = folder.path().join("letter.pdf");
        fs::write(&letter, "Dear Ada, the cake is ready.").unwrap();
        browser.signs_in(app).await;
        browser.opens_order("1001").await;
        browser.clicks("Create a link").await;

        // Without a file, or with one of another type, nothing is sent.
        browser.clicks("Create a link").await;
        browser.sees("Choose a PDF, or use the order's details page.").await;
        browser.picks("Invoice as a PDF", &letter).await;
        browser.sees("letter.pdf is not a PDF. Save or print the invoice as a PDF").await;

        // What only a PDF reader detects is reported on the link.
        browser.picks("Invoice as a PDF", &fixture("encrypted.pdf")).await;
        browser.clicks("Create a link").await;
        browser.sees("Why it failed").await;
        browser.sees("password").await;
        browser.clicks("New link").await;
        browser.picks("Invoice as a PDF", &fixture("invoice-3-pages.pdf")).await;
        browser.clicks("Create a link").await;
        browser.sees("Ready to be paid").await;
    })
    .await;
}
