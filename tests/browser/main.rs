//! The pages in a real browser, Debian's Chromium, by clicking: on the real product, as in the system tests. The
//! buyer's page also in [`webkit`].
//!
//! At the end of a test its browser is asked for errors: see [`quiet`]. A [`tour`] visits every page and dialog and
//! checks its accessibility; with `PAYLINK_SCREENSHOTS` set to a folder, it saves screenshots there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod axe;
mod bad_pdf;
mod browser;
mod card;
mod chromium;
mod console;
mod conversation;
mod docs;
mod embed;
mod first_paint;
mod keyboard;
mod keys;
mod languages;
mod links;
mod live;
mod narrowed;
mod no_credits;
mod operator;
mod orders;
mod people;
mod quiet;
mod returning;
mod scene;
mod story;
#[path = "../system/support/mod.rs"]
#[expect(dead_code, unused_imports, unused_macros, reason = "the system tests use the rest of it")]
mod support;
mod texts;
mod tour;
mod typing;
mod void;
mod webkit;
mod without_scripts;
