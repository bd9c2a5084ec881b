//! An endpoint's secrets as stored: newest first, older ones with the time until which they sign.

use chrono::{DateTime, SecondsFormat, Utc};

use super::BOTH_SECRETS;
use domain::Secret;

pub(super) fn first(secret: &Secret) -> Secret {
    Secret::new(secret.expose())
}

/// Adds a new secret before those that still sign; the one that signed alone so far continues for a while.
pub(super) fn rotated(known: &Secret, new: &Secret, now: DateTime<Utc>) -> Secret {
    let until = now + BOTH_SECRETS;
    let mut lines = vec![new.expose().to_owned()];
    for (secret, ends) in read(known).filter(|(_, ends)| ends.is_none_or(|ends| ends > now)) {
        let ends = ends.unwrap_or(until).to_rfc3339_opts(SecondsFormat::Millis, true);
        lines.push(format!("{secret} {ends}"));
    }
    Secret::new(lines.join("\n"))
}

/// The secrets that sign now.
pub(super) fn good(known: &Secret, now: DateTime<Utc>) -> Vec<Secret> {
    read(known).filter(|(_, ends)| ends.is_none_or(|ends| ends > now)).map(|(secret, _)| Secret::new(secret)).collect()
}

fn read(known: &Secret) -> impl Iterator<Item = (&str, Option<DateTime<Utc>>)> {
    known.expose().lines().map(|line| match line.split_once(' ') {
        // A time that cannot be parsed counts as past.
        Some((secret, ends)) => (secret, Some(ends.parse().unwrap_or(DateTime::UNIX_EPOCH))),
        None => (line, None),
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn after_a_rotation_both_sign_for_a_day() {
        let now = Utc::now();
        let texts = |known: &Secret, at| good(known, at).iter().map(|one| one.expose().to_owned()).collect::<Vec<_>>();
        let one = first(&Secret::new("whsec_1"));
        assert_eq!(texts(&one, now), ["whsec_1"]);
        let two = rotated(&one, &Secret::new("whsec_2"), now);
        assert_eq!(texts(&two, now), ["whsec_2", "whsec_1"]);
        let later = now + TimeDelta::hours(23);
        let three = rotated(&two, &Secret::new("whsec_3"), later);
        assert_eq!(texts(&three, later), ["whsec_3", "whsec_2", "whsec_1"]);
        assert_eq!(texts(&three, now + TimeDelta::hours(25)), ["whsec_3", "whsec_2"]);
        assert_eq!(texts(&three, now + TimeDelta::hours(48)), ["whsec_3"]);
    }
}
