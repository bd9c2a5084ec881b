//! What must not leak: secrets, in no answer and in no log; and buyers' data, in no log.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

/// The demo's key at the sandbox's Stripe.
pub(crate) const STRIPE_KEY: &str = "sk_test_paylink_demo_sandbox";
/// The demo's token at the sandbox's carrier.
pub(crate) const SMS_TOKEN: &str = "paylink_demo_sandbox_token";

/// Everything that must not leak, as far as the test knows it. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hush(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    secrets: BTreeSet<String>,
    private: BTreeSet<String>,
}

impl Hush {
    /// With the secrets of every app.
    pub(crate) fn new() -> Self {
        let hush = Self::default();
        hush.secret(STRIPE_KEY);
        hush.secret(SMS_TOKEN);
        hush
    }

    /// A secret: no answer and no log may contain it.
    pub(crate) fn secret(&self, text: &str) {
        self.0.lock().unwrap().secrets.insert(text.to_owned());
    }

    /// A key, a number, a token or a text: its owner may read it in answers, but no log may contain it.
    pub(crate) fn private(&self, text: &str) {
        assert!(text.len() >= 8, "{text:?} would be found by accident");
        self.0.lock().unwrap().private.insert(text.to_owned());
    }

    /// Fails if an answer contains a secret.
    pub(crate) fn listen_to_answer(&self, call: &str, answer: &[u8]) {
        let answer = String::from_utf8_lossy(answer);
        for secret in &self.0.lock().unwrap().secrets {
            assert!(!answer.contains(secret), "the answer to {call} says a secret: {answer}");
        }
    }

    /// The first line of a log that contains something it must not.
    pub(crate) fn slip_in<'a>(&self, log: &'a str) -> Option<&'a str> {
        let known = self.0.lock().unwrap();
        let says = |line: &str| known.secrets.iter().chain(&known.private).any(|text| line.contains(text));
        log.lines().find(|line| says(line))
    }
}
