//! The signing secrets of a connection's webhooks. Several can be valid at a time, so that a secret can be replaced
//! without a gap.
//!
//! They are sealed together, one per line: the secret, followed by its expiry if it has one.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use domain::Secret;

/// How long a secret stays valid after it was replaced: as long as Stripe retries an event.
const OVERLAP: TimeDelta = TimeDelta::days(3);

/// A signing secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningSecret {
    /// The secret (`whsec_…`).
    pub secret: Secret,
    /// When it expires; `None` until another replaces it.
    pub until: Option<DateTime<Utc>>,
}

impl SigningSecret {
    /// Whether the secret is valid at this time.
    #[must_use]
    pub fn is_good(&self, now: DateTime<Utc>) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Parses the lines.
pub(super) fn read(lines: &Secret) -> Vec<SigningSecret> {
    let secret = |line: &str| {
        let (secret, until) = line.split_once(' ').unwrap_or((line, ""));
        SigningSecret { secret: Secret::new(secret), until: until.parse().ok() }
    };
    lines.expose().lines().filter(|line| !line.is_empty()).map(secret).collect()
}

/// Writes the lines, without expired secrets.
pub(super) fn write(secrets: &[SigningSecret], now: DateTime<Utc>) -> Secret {
    let line = |secret: &SigningSecret| match secret.until {
        Some(until) => format!("{} {}", secret.secret.expose(), until.to_rfc3339_opts(SecondsFormat::Secs, true)),
        None => secret.secret.expose().to_owned(),
    };
    Secret::new(secrets.iter().filter(|secret| secret.is_good(now)).map(line).collect::<Vec<_>>().join("\n"))
}

/// Adds a secret in front. The existing ones stay valid for [`OVERLAP`], or until they would have expired anyway.
pub(super) fn add(known: Vec<SigningSecret>, new: &Secret, now: DateTime<Utc>) -> Vec<SigningSecret> {
    let lapses = now + OVERLAP;
    let others = known
        .into_iter()
        .filter(|secret| secret.secret != *new)
        .map(|secret| SigningSecret { until: Some(secret.until.map_or(lapses, |until| until.min(lapses))), ..secret });
    std::iter::once(SigningSecret { secret: new.clone(), until: None }).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn texts(secrets: &[SigningSecret], now: DateTime<Utc>) -> Vec<&str> {
        secrets.iter().filter(|secret| secret.is_good(now)).map(|secret| secret.secret.expose()).collect()
    }

    #[test]
    fn a_new_secret_is_good_at_once_and_the_old_one_for_three_days_more() {
        let (first, then) = (at("2026-11-20T00:00:00Z"), at("2026-11-23T00:00:00Z"));
        let known = add(Vec::new(), &Secret::new("whsec_old"), first);
        let both = add(known, &Secret::new("whsec_new"), then);
        assert_eq!(texts(&both, then), ["whsec_new", "whsec_old"]);
        assert_eq!(texts(&both, at("2026-11-25T23:59:59Z")), ["whsec_new", "whsec_old"]);
        assert_eq!(texts(&both, at("2026-11-26T00:00:00Z")), ["whsec_new"]);
        // A third secret does not extend the life of the first.
        let three = add(both, &Secret::new("whsec_newest"), at("2026-11-25T00:00:00Z"));
        assert_eq!(texts(&three, at("2026-11-26T00:00:00Z")), ["whsec_newest", "whsec_new"]);
    }

    #[test]
    fn a_secret_that_is_entered_again_does_not_lapse() {
        let now = at("2026-11-23T00:00:00Z");
        let known = add(add(Vec::new(), &Secret::new("whsec_a"), now), &Secret::new("whsec_b"), now);
        let again = add(known, &Secret::new("whsec_a"), now);
        assert_eq!(texts(&again, now + OVERLAP), ["whsec_a"]);
    }

    #[test]
    fn what_is_written_is_read_back_and_what_is_over_is_not_kept() {
        let now = at("2026-11-23T00:00:00Z");
        let both = add(add(Vec::new(), &Secret::new("whsec_old"), now), &Secret::new("whsec_new"), now);
        assert_eq!(read(&write(&both, now)), both);
        assert_eq!(write(&both, now + OVERLAP).expose(), "whsec_new");
        // The format from before secrets could expire.
        assert_eq!(texts(&read(&Secret::new("whsec_1\nwhsec_2")), now), ["whsec_1", "whsec_2"]);
    }
}
