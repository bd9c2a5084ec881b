//! Chains of errors and their sources.

use std::{error::Error, iter};

/// The error, its source, the source of that, and so on.
pub fn error_chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| error.source())
}

/// Formats the whole chain in one line, omitting texts that only repeat the end of the line so far.
#[must_use]
pub fn with_sources(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for error in error_chain(error) {
        let more = error.to_string();
        if text.is_empty() {
            text = more;
        } else if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Self>>,
    }

    fn chain(texts: &[&'static str]) -> Link {
        let (text, rest) = texts.split_first().unwrap();
        Link { text, source: (!rest.is_empty()).then(|| Box::new(chain(rest))) }
    }

    #[test]
    fn a_chain_is_told_in_one_line_and_nothing_twice() {
        assert_eq!(with_sources(&chain(&["not done"])), "not done");
        assert_eq!(with_sources(&chain(&["not done", "no answer", "timed out"])), "not done: no answer: timed out");
        assert_eq!(with_sources(&chain(&["not done: no answer", "no answer"])), "not done: no answer");
        assert_eq!(error_chain(&chain(&["a", "b", "c"])).count(), 3);
    }
}
