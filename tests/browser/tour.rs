//! A tour of every page and dialog, in light and dark, on a desktop and on a phone. Each is checked by axe; `make
//! screenshots` also saves them to the folder in `PAYLINK_SCREENSHOTS`.

mod buyer;
mod dialogs;
mod language_states;
mod languages;
mod operator;
mod pages;
mod settings;

use std::{env, path::PathBuf};

use crate::{
    browser::Browser,
    chromium::{Scheme, Setup},
    scene,
};

#[tokio::test]
async fn every_page_is_for_everybody_in_light_on_a_desktop() {
    walk(Setup::DESKTOP, "desktop-light").await;
}

#[tokio::test]
async fn every_page_is_for_everybody_in_the_dark_on_a_phone() {
    walk(Setup { scheme: Scheme::Dark, ..Setup::PHONE }, "phone-dark").await;
}

#[tokio::test]
#[ignore = "the same pages once more, for make screenshots"]
async fn every_page_is_for_everybody_in_the_dark_on_a_desktop() {
    walk(Setup { scheme: Scheme::Dark, ..Setup::DESKTOP }, "desktop-dark").await;
}

#[tokio::test]
#[ignore = "the same pages once more, for make screenshots"]
async fn every_page_is_for_everybody_in_light_on_a_phone() {
    walk(Setup::PHONE, "phone-light").await;
}

#[tokio::test]
async fn every_page_is_for_everybody_in_arabic_on_a_phone() {
    walk_in("ar", Setup::PHONE, "arabic-phone").await;
}

#[tokio::test]
async fn every_page_is_for_everybody_in_german_on_a_desktop() {
    walk_in("de", Setup::DESKTOP, "german-desktop").await;
}

#[tokio::test]
#[ignore = "the same pages once more, for make screenshots"]
async fn every_page_is_for_everybody_in_chinese_on_a_phone() {
    walk_in("zh", Setup { scheme: Scheme::Dark, ..Setup::PHONE }, "chinese-phone-dark").await;
}

#[tokio::test]
#[ignore = "the same pages once more, for make screenshots"]
async fn every_page_is_for_everybody_in_chinese_on_a_desktop() {
    walk_in("zh", Setup::DESKTOP, "chinese-desktop").await;
}

#[tokio::test]
#[ignore = "the same pages once more, for make screenshots"]
async fn every_page_is_for_everybody_in_arabic_on_a_desktop() {
    walk_in("ar", Setup::DESKTOP, "arabic-desktop").await;
}

async fn walk_in(language: &str, setup: Setup, name: &str) {
    scene::on(setup, async |app, browser| {
        let folder = env::var_os("PAYLINK_SCREENSHOTS").map(|folder| PathBuf::from(folder).join(name));
        languages::walk(&Tour { browser, folder }, app, language).await;
    })
    .await;
}

async fn walk(setup: Setup, name: &str) {
    scene::on(setup, async |app, browser| {
        let folder = env::var_os("PAYLINK_SCREENSHOTS").map(|folder| PathBuf::from(folder).join(name));
        let tour = Tour { browser, folder };
        pages::walk(&tour, app).await;
        dialogs::walk(&tour, app).await;
        settings::walk(&tour, app).await;
        buyer::walk(&tour, app).await;
        operator::walk(&tour, app).await;
    })
    .await;
}

/// Inspects every page.
pub(super) struct Tour<'a> {
    pub(super) browser: &'a Browser,
    folder: Option<PathBuf>,
}

impl Tour<'_> {
    /// Inspects the current page.
    pub(super) async fn stops_at(&self, place: &str) {
        self.browser.is_accessible(place).await;
        self.browser.fits_the_screen(place).await;
        if let Some(folder) = &self.folder {
            self.browser.is_drawn(&folder.join(format!("{place}.png"))).await;
        }
    }

    /// Opens a page of the console by its URL, and waits for this text.
    pub(super) async fn goes_to(&self, page: &str, seen: &str) {
        self.browser.runs("location.hash = arguments[0]", vec![page.into()]).await;
        self.browser.sees(seen).await;
    }
}
