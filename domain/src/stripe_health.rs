//! Diagnoses a connection's webhooks: what is wrong and how to fix it.

use chrono::{DateTime, TimeDelta, Utc};

words! {
    /// The health of a connection's webhooks.
    pub enum Health {
        /// No problem was found.
        Healthy = "healthy",
        /// There is no signing secret, so no webhook can be verified.
        NoSecret = "no_secret",
        /// No webhook has ever arrived although one should have.
        NeverReceived = "never_received",
        /// Webhooks are signed with another secret.
        WrongSecret = "wrong_secret",
        /// Stripe has no endpoint with our URL.
        EndpointMissing = "endpoint_missing",
        /// Stripe has disabled our endpoint.
        EndpointDisabled = "endpoint_disabled",
        /// Test events arrive for a live key, or the reverse.
        ModesMixed = "modes_mixed",
        /// Webhooks have arrived, but a payment was found without one.
        EventsMissing = "events_missing",
    }
}

/// What Stripe reports about endpoints with our URL, in the mode of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointSeen {
    /// The key may not list endpoints.
    Unknown,
    /// There is no such endpoint.
    Missing,
    /// The endpoint is disabled.
    Disabled,
    /// The endpoint does not send all events that we need.
    Incomplete,
    /// The endpoint sends all events that we need.
    Enabled,
}

/// For how long an event of the other mode counts.
const RECENT: TimeDelta = TimeDelta::days(7);

/// How long Stripe may take to send a webhook.
pub const LATE: TimeDelta = TimeDelta::hours(1);

/// How far [`Symptoms::last_event_at`] may lag behind the latest event.
const COARSE: TimeDelta = TimeDelta::seconds(10);

/// How many wrong signatures in a row may come from strangers who send nonsense; more indicate a wrong secret.
const STRANGERS: i64 = 2;

/// All that is known of a connection's webhooks.
#[derive(Debug, Clone, Copy)]
pub struct Symptoms {
    /// Whether there is a signing secret.
    pub has_secret: bool,
    /// What Stripe says of the endpoint.
    pub endpoint: EndpointSeen,
    /// Whether something has happened at Stripe that should have caused a webhook.
    pub should_have_come: bool,
    /// When the latest event arrived, known coarsely.
    pub last_event_at: Option<DateTime<Utc>>,
    /// When an event of the other mode last arrived.
    pub other_mode_at: Option<DateTime<Utc>>,
    /// Webhooks with a wrong signature since the last good one.
    pub signature_failures: i64,
    /// The diagnosis before, and when it was made.
    pub before: Option<(Health, DateTime<Utc>)>,
    /// When a payment was last found whose webhook had not arrived yet but still might.
    pub untold_at: Option<DateTime<Utc>>,
}

impl Symptoms {
    /// The gravest that they show.
    #[must_use]
    pub fn diagnose(&self, now: DateTime<Utc>) -> Health {
        let is_recent = |at: Option<DateTime<Utc>>| at.is_some_and(|at| now - at < RECENT);
        if !self.has_secret {
            return Health::NoSecret;
        }
        match self.endpoint {
            // Events arrive although there is no endpoint in this mode, so they come from the other mode.
            EndpointSeen::Missing if is_recent(self.last_event_at) => return Health::ModesMixed,
            EndpointSeen::Missing => return Health::EndpointMissing,
            EndpointSeen::Disabled => return Health::EndpointDisabled,
            EndpointSeen::Incomplete => return Health::EventsMissing,
            EndpointSeen::Unknown | EndpointSeen::Enabled => {}
        }
        if is_recent(self.other_mode_at) {
            return Health::ModesMixed;
        }
        // A good event clears the failures before it.
        if self.signature_failures > STRANGERS || (self.signature_failures > 0 && self.last_event_at.is_none()) {
            return Health::WrongSecret;
        }
        self.misses(now).unwrap_or(Health::Healthy)
    }

    /// Whether webhooks did not come that should have.
    fn misses(&self, now: DateTime<Utc>) -> Option<Health> {
        let missed = self.before.filter(|(health, _)| matches!(health, Health::EventsMissing | Health::NeverReceived));
        let missed_since = missed.map(|(_, at)| at);
        let never_told = self.untold_at.filter(|at| now - *at >= LATE).map(|at| at - COARSE);
        let Some(last_event_at) = self.last_event_at else {
            let is_missed = self.should_have_come || missed.is_some() || never_told.is_some();
            return is_missed.then_some(Health::NeverReceived);
        };
        let is_silent_since = |at: DateTime<Utc>| last_event_at < at;
        [missed_since, never_told].into_iter().flatten().any(is_silent_since).then_some(Health::EventsMissing)
    }
}

impl Health {
    /// What it means, and what to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Healthy => "Webhooks come as they should.",
            Self::NoSecret => {
                "There is no signing secret, so webhooks cannot be verified. Register the webhook endpoint here, or enter the \
                 secret (whsec_…) of the one at Stripe."
            }
            Self::NeverReceived => {
                "Stripe has not sent a webhook yet. Register the webhook endpoint here, or check its address in Stripe's \
                 dashboard under Developers, Webhooks. Until one arrives, payments are noticed late."
            }
            Self::WrongSecret => {
                "Webhooks arrive, but they are signed with a different secret. Enter the endpoint's signing secret (whsec_…) \
                 again, or register the webhook endpoint here."
            }
            Self::EndpointMissing => {
                "Stripe has no webhook endpoint with our address in this key's mode. Register it here, or create it in \
                 Stripe's dashboard."
            }
            Self::EndpointDisabled => {
                "Stripe has switched the webhook endpoint off. Enable it in Stripe's dashboard under Developers, Webhooks, or \
                 register it here anew."
            }
            Self::ModesMixed => {
                "Test and live are mixed up: the key is of one mode, the webhooks are of the other. Use a key and an endpoint \
                 of the same mode."
            }
            Self::EventsMissing => {
                "A payment was found that no webhook had reported. Check in Stripe's dashboard whether deliveries to the \
                 endpoint fail, and whether it is sent all the events it needs; registering it here selects them."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn now() -> DateTime<Utc> {
        at("2026-11-24T12:00:00Z")
    }

    /// A connection without any event, of which there should have been one.
    fn silent() -> Symptoms {
        Symptoms {
            has_secret: true,
            endpoint: EndpointSeen::Enabled,
            should_have_come: true,
            last_event_at: None,
            other_mode_at: None,
            signature_failures: 0,
            before: None,
            untold_at: None,
        }
    }

    fn seen(known: &Symptoms, endpoint: EndpointSeen) -> Health {
        Symptoms { endpoint, ..*known }.diagnose(now())
    }

    #[test]
    fn a_connection_that_hears_what_it_should_is_healthy() {
        let heard = Symptoms { last_event_at: Some(at("2026-11-01T00:00:00Z")), ..silent() };
        assert_eq!(seen(&heard, EndpointSeen::Enabled), Health::Healthy);
        assert_eq!(seen(&heard, EndpointSeen::Unknown), Health::Healthy);
        // Nothing has happened yet that would cause a webhook.
        assert_eq!(Symptoms { should_have_come: false, ..silent() }.diagnose(now()), Health::Healthy);
    }

    #[test]
    fn a_payment_that_was_missed_tells_of_silence_before_anything_else_should_have_come() {
        let quiet = Symptoms { should_have_come: false, ..silent() };
        let missed = Symptoms { before: Some((Health::NeverReceived, at("2026-11-24T10:00:00Z"))), ..quiet };
        assert_eq!(missed.diagnose(now()), Health::NeverReceived);
        let untold = Symptoms { untold_at: Some(at("2026-11-24T10:30:00Z")), ..quiet };
        assert_eq!(untold.diagnose(now()), Health::NeverReceived);
    }

    #[test]
    fn each_diagnosis_says_in_a_sentence_of_its_own_what_to_do() {
        let said: std::collections::BTreeSet<_> = Health::ALL.iter().map(|health| health.advice()).collect();
        assert_eq!(said.len(), Health::ALL.len());
        assert!(Health::NoSecret.advice().contains("whsec_"));
    }

    #[test]
    fn what_stripe_says_of_the_endpoint_comes_first() {
        let heard = Symptoms { last_event_at: Some(at("2026-11-24T11:00:00Z")), ..silent() };
        assert_eq!(Symptoms { has_secret: false, ..silent() }.diagnose(now()), Health::NoSecret);
        assert_eq!(seen(&silent(), EndpointSeen::Missing), Health::EndpointMissing);
        assert_eq!(seen(&silent(), EndpointSeen::Disabled), Health::EndpointDisabled);
        assert_eq!(seen(&heard, EndpointSeen::Incomplete), Health::EventsMissing);
        assert_eq!(seen(&heard, EndpointSeen::Missing), Health::ModesMixed);
    }

    #[test]
    fn silence_and_wrong_signatures_are_told_apart() {
        assert_eq!(seen(&silent(), EndpointSeen::Enabled), Health::NeverReceived);
        let wrong = Symptoms { signature_failures: 1, ..silent() };
        assert_eq!(seen(&wrong, EndpointSeen::Enabled), Health::WrongSecret);
        // Once it has worked, a stranger's nonsense is not taken for Stripe's webhooks.
        let heard = Symptoms { last_event_at: Some(at("2026-11-01T00:00:00Z")), ..silent() };
        let nonsense = Symptoms { signature_failures: STRANGERS, ..heard };
        assert_eq!(seen(&nonsense, EndpointSeen::Enabled), Health::Healthy);
        let changed = Symptoms { signature_failures: STRANGERS + 1, ..heard };
        assert_eq!(seen(&changed, EndpointSeen::Enabled), Health::WrongSecret);
    }

    #[test]
    fn a_payment_of_the_other_mode_says_that_modes_are_mixed() {
        let mixed = |other| Symptoms {
            last_event_at: Some(at("2026-11-24T11:00:00Z")),
            other_mode_at: Some(at(other)),
            ..silent()
        };
        assert_eq!(seen(&mixed("2026-11-24T11:00:00Z"), EndpointSeen::Enabled), Health::ModesMixed);
        assert_eq!(seen(&mixed("2026-11-01T00:00:00Z"), EndpointSeen::Enabled), Health::Healthy);
        assert_eq!(seen(&mixed("2026-11-17T12:00:00Z"), EndpointSeen::Enabled), Health::Healthy, "a week ago");
    }

    #[test]
    fn a_payment_that_was_found_first_counts_only_if_nothing_is_told_of_it_for_long() {
        let found = |found: &str, came: &str| Symptoms {
            last_event_at: Some(at(came)),
            untold_at: Some(at(found)),
            ..silent()
        };
        let seen = |found: Symptoms| seen(&found, EndpointSeen::Enabled);
        assert_eq!(seen(found("2026-11-24T11:30:00Z", "2026-11-24T09:00:00Z")), Health::Healthy);
        assert_eq!(seen(found("2026-11-24T10:30:00Z", "2026-11-24T09:00:00Z")), Health::EventsMissing);
        assert_eq!(seen(found("2026-11-24T10:30:00Z", "2026-11-24T10:30:20Z")), Health::Healthy);
        // When the latest event came is known coarsely, so this may be the payment's.
        assert_eq!(seen(found("2026-11-24T10:30:00Z", "2026-11-24T10:29:55Z")), Health::Healthy);
        assert_eq!(
            seen(Symptoms { last_event_at: None, ..found("2026-11-24T10:30:00Z", "2026-11-24T09:00:00Z") }),
            Health::NeverReceived
        );
    }

    #[test]
    fn a_missed_payment_counts_until_the_next_webhook() {
        let missed = |came: &str| Symptoms {
            last_event_at: Some(at(came)),
            before: Some((Health::EventsMissing, at("2026-11-24T10:00:00Z"))),
            ..silent()
        };
        assert_eq!(seen(&missed("2026-11-24T09:00:00Z"), EndpointSeen::Unknown), Health::EventsMissing);
        for came in ["2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z"] {
            assert_eq!(seen(&missed(came), EndpointSeen::Unknown), Health::Healthy, "{came}");
        }
    }
}
