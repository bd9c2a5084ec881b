//! An endpoint's subscriptions: single kinds of changes, all of one resource (`link.*`), or everything (`*`).

use std::{fmt, str::FromStr};

use crate::change::{ChangeKind, ChangeSubject};

/// The changes an endpoint subscribes to. Stored as words separated by spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events(Vec<Pattern>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pattern {
    Everything,
    About(ChangeSubject),
    Kind(ChangeKind),
}

/// Why a list of words is not a subscription.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventsError {
    /// The list is empty.
    #[error("must name at least one event; `*` is all of them")]
    None,
    /// The word names no event.
    #[error("{0:?} is no event; it is `*`, `link.*`, or a name such as `link.paid`")]
    Unknown(String),
}

impl Events {
    /// Parses words.
    ///
    /// # Errors
    /// Returns an error for an empty list, or with the first unknown word.
    pub fn read<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, EventsError> {
        let patterns = words.into_iter().map(Pattern::read).collect::<Result<Vec<_>, _>>()?;
        if patterns.is_empty() { Err(EventsError::None) } else { Ok(Self(patterns)) }
    }

    /// All valid words.
    pub fn every_word() -> impl Iterator<Item = String> {
        let about = ChangeSubject::ALL.iter().copied().map(Pattern::About);
        let kinds = ChangeKind::ALL.iter().copied().map(Pattern::Kind);
        [Pattern::Everything].into_iter().chain(about).chain(kinds).map(Pattern::word)
    }

    /// Whether the subscription includes this kind.
    #[must_use]
    pub fn include(&self, kind: ChangeKind) -> bool {
        self.0.iter().any(|pattern| match pattern {
            Pattern::Everything => true,
            Pattern::About(about) => kind.about() == *about,
            Pattern::Kind(one) => kind == *one,
        })
    }

    /// The words of the subscription.
    pub fn words(&self) -> impl Iterator<Item = String> {
        self.0.iter().copied().map(Pattern::word)
    }
}

impl Pattern {
    fn word(self) -> String {
        match self {
            Self::Everything => "*".to_owned(),
            Self::About(about) => format!("{about}.*"),
            Self::Kind(kind) => kind.to_string(),
        }
    }

    fn read(word: &str) -> Result<Self, EventsError> {
        let unknown = || EventsError::Unknown(word.to_owned());
        match word.strip_suffix(".*") {
            Some(about) => about.parse().map(Self::About).map_err(|_| unknown()),
            None if word == "*" => Ok(Self::Everything),
            None => word.parse().map(Self::Kind).map_err(|_| unknown()),
        }
    }
}

impl fmt::Display for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().collect::<Vec<_>>().join(" "))
    }
}

impl FromStr for Events {
    type Err = EventsError;

    fn from_str(text: &str) -> Result<Self, EventsError> {
        Self::read(text.split_whitespace())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_is_offered_is_understood() {
        let offered: Vec<String> = Events::every_word().collect();
        assert_eq!(offered.len(), 1 + ChangeSubject::ALL.len() + ChangeKind::ALL.len());
        let all = Events::read(offered.iter().map(String::as_str)).unwrap();
        assert!(all.words().eq(offered));
    }

    #[test]
    fn what_is_named_is_told_of_and_nothing_else() {
        let events: Events = "link.paid message.*".parse().unwrap();
        assert_eq!(events.to_string(), "link.paid message.*");
        assert!(events.include(ChangeKind::LinkPaid) && events.include(ChangeKind::MessageFailed));
        assert!(!events.include(ChangeKind::LinkVoided));
        let everything: Events = "*".parse().unwrap();
        assert!(ChangeKind::ALL.iter().all(|kind| everything.include(*kind)));
        for wrong in ["", "link", "link.", "li*", "**", "links.*", "link.bought"] {
            assert!(wrong.parse::<Events>().is_err(), "{wrong}");
        }
    }
}
