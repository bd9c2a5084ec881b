//! What Stripe tells and is stored as it is: ids, statuses, reasons and times.
//!
//! Whoever holds the secret of a webhook can tell anything. What no database takes is refused where it is read: where it
//! is written, it would fail the events of others that are applied with it.

use chrono::{DateTime, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected},
};

/// The longest id of an object at Stripe. The other words are much shorter.
const LONGEST: usize = 255;

/// The last second before the year 10,000.
const LAST: i64 = 253_402_300_799;

/// Reads an id, a status or a reason.
pub(super) fn word<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    sound(String::deserialize(from)?)
}

/// The same, if there is one.
pub(super) fn word_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(from)?.map(sound).transpose()
}

fn sound<E: Error>(word: String) -> Result<String, E> {
    if word.len() > LONGEST || word.chars().any(char::is_control) {
        return Err(E::invalid_value(Unexpected::Other("a text that is long or has control characters"), &"a word"));
    }
    Ok(word)
}

/// A time in seconds since 1970; `None` if it is none that people write.
pub(crate) fn time(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0).filter(|_| (0..=LAST).contains(&seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    struct Told {
        #[serde(deserialize_with = "word")]
        id: String,
        #[serde(default, deserialize_with = "word_if_any")]
        reason: Option<String>,
    }

    #[test]
    fn words_that_no_database_takes_are_refused() {
        let longest = "x".repeat(LONGEST);
        for id in ["", "re_1", "été", &longest] {
            let told: Told = serde_json::from_value(json!({"id": id})).unwrap();
            assert_eq!((told.id.as_str(), told.reason), (id, None));
            let told: Told = serde_json::from_value(json!({"id": "re_1", "reason": id})).unwrap();
            assert_eq!(told.reason.as_deref(), Some(id));
        }
        for bad in [json!("re\0"), json!("re\n1"), json!(format!("{longest}x")), json!(7)] {
            assert!(serde_json::from_value::<Told>(json!({"id": bad})).is_err(), "{bad}");
            assert!(serde_json::from_value::<Told>(json!({"id": "re_1", "reason": bad})).is_err(), "{bad}");
        }
        assert!(serde_json::from_value::<Told>(json!({"reason": null})).is_err());
    }

    #[test]
    fn times_that_no_database_takes_are_none() {
        for (seconds, known) in [(0, true), (1_780_000_000, true), (LAST, true), (LAST + 1, false), (-1, false)] {
            assert_eq!(time(seconds).is_some(), known, "{seconds}");
        }
        assert_eq!((time(i64::MIN), time(i64::MAX)), (None, None));
    }
}
