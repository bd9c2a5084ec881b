//! The events that are sent.

use chrono::Utc;

use super::{load, support::sign};

/// The secret that signs every webhook.
pub(crate) const SECRET: &str = "whsec_that_only_the_bench_and_the_product_know";

/// A paid session, as Stripe reports it: about two kilobytes.
const EVENT: &str = include_str!("event.json");

/// The body of an event: a session of this link was paid.
pub(crate) fn body(event: &str, link: &str, session: &str) -> String {
    EVENT.trim().replace("EVENT", event).replace("LINK", link).replace("SESSION", session)
}

/// A signed request that reports such an event to a merchant.
pub(crate) fn call(merchant: &str, event: &str, link: &str) -> Vec<u8> {
    call_signed_with(SECRET, merchant, event, link)
}

/// The same, signed with another secret.
pub(crate) fn call_signed_with(secret: &str, merchant: &str, event: &str, link: &str) -> Vec<u8> {
    let body = body(&format!("evt_{event}"), link, &format!("cs_{event}"));
    let signature = sign(secret, Utc::now().timestamp(), &body);
    load::request(&format!("/webhooks/stripe/{merchant}"), &signature, &body)
}

/// Events of links that do not exist.
pub(crate) fn events_of(merchant: &str, seed: u64) -> Vec<Vec<u8>> {
    (0..load::BATCH).map(|number| call(merchant, &format!("{seed}_{number}"), "plink_of_nobody")).collect()
}

/// Events for servers that do not look up the merchant.
pub(crate) fn nobodys_events(seed: u64) -> Vec<Vec<u8>> {
    events_of("mer_nobody", seed)
}
