//! Reminders of unpaid links.

use std::{fmt, str::FromStr};

/// Whether, when and how often buyers are reminded of unpaid links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminding {
    /// Whether reminders are enabled.
    pub on: bool,
    /// Days between the last text about a link and a reminder.
    pub after_days: i64,
    /// The most reminders for one link.
    pub at_most: i64,
    /// Days before expiry at which a last reminder is sent regardless of `at_most`; 0 for none.
    pub last_days: i64,
}

/// Which setting of the reminders is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RemindingError {
    /// `after_days`.
    #[error("must be from 1 to 60 days")]
    AfterDays,
    /// `at_most`.
    #[error("must be from 1 to 10")]
    AtMost,
    /// `last_days`.
    #[error("must be from 0 to 30 days")]
    LastDays,
}

impl Reminding {
    /// The least and the most `after_days`.
    pub const AFTER_DAYS: (u8, u8) = (1, 60);
    /// The least and the most `at_most`.
    pub const AT_MOST: (u8, u8) = (1, 10);
    /// The least and the most `last_days`.
    pub const LAST_DAYS: (u8, u8) = (0, 30);

    /// Checks that every setting is in range.
    ///
    /// # Errors
    /// Returns the first setting that is out of range.
    pub fn check(self) -> Result<Self, RemindingError> {
        let is_within = |(least, most): (u8, u8), it: i64| (i64::from(least)..=i64::from(most)).contains(&it);
        if !is_within(Self::AFTER_DAYS, self.after_days) {
            return Err(RemindingError::AfterDays);
        }
        if !is_within(Self::AT_MOST, self.at_most) {
            return Err(RemindingError::AtMost);
        }
        if !is_within(Self::LAST_DAYS, self.last_days) {
            return Err(RemindingError::LastDays);
        }
        Ok(self)
    }
}

/// A link's own reminder settings; `None` means the merchant's setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OwnReminding {
    /// Whether reminders are enabled.
    pub on: Option<bool>,
    /// Days between the last text about the link and a reminder.
    pub after_days: Option<i64>,
    /// The most reminders.
    pub at_most: Option<i64>,
    /// Days before expiry at which a last reminder is sent; 0 for none.
    pub last_days: Option<i64>,
}

impl OwnReminding {
    /// Whether no setting differs from the merchant's.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Checks that every setting is in range.
    ///
    /// # Errors
    /// Returns the first setting that is out of range.
    pub fn check(self) -> Result<Self, RemindingError> {
        // The defaults for unset values are in range.
        self.over(Reminding { on: true, after_days: 1, at_most: 1, last_days: 0 }).check().map(|_| self)
    }

    /// The effective settings, with the merchant's where the link has none.
    #[must_use]
    pub fn over(self, merchants: Reminding) -> Reminding {
        Reminding {
            on: self.on.unwrap_or(merchants.on),
            after_days: self.after_days.unwrap_or(merchants.after_days),
            at_most: self.at_most.unwrap_or(merchants.at_most),
            last_days: self.last_days.unwrap_or(merchants.last_days),
        }
    }
}

/// The form stored in the database and in the audit log, with the API's names: `reminders=true reminder_after_days=2`.
impl fmt::Display for OwnReminding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let said = [
            ("reminders", self.on.map(|on| on.to_string())),
            ("reminder_after_days", number(self.after_days)),
            ("reminders_at_most", number(self.at_most)),
            ("last_reminder_days", number(self.last_days)),
        ];
        let words: Vec<String> =
            said.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?))).collect();
        f.write_str(&words.join(" "))
    }
}

/// The text is not a link's reminder settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} says nothing of reminders")]
pub struct OwnRemindingError(String);

impl FromStr for OwnReminding {
    type Err = OwnRemindingError;

    fn from_str(text: &str) -> Result<Self, OwnRemindingError> {
        let wrong = || OwnRemindingError(text.to_owned());
        let mut own = Self::default();
        for word in text.split_whitespace() {
            let (name, value) = word.split_once('=').ok_or_else(wrong)?;
            let number = || value.parse().map(Some).map_err(|_| wrong());
            match name {
                "reminders" => own.on = Some(value.parse().map_err(|_| wrong())?),
                "reminder_after_days" => own.after_days = number()?,
                "reminders_at_most" => own.at_most = number()?,
                "last_reminder_days" => own.last_days = number()?,
                _ => return Err(wrong()),
            }
        }
        Ok(own)
    }
}

crate::stored_as!(OwnReminding, String, |own| own.to_string(), |text| text
    .parse::<OwnReminding>()
    .map_err(|error| error.to_string()));

#[cfg(test)]
mod tests {
    use super::*;

    const MERCHANTS: Reminding = Reminding { on: false, after_days: 3, at_most: 2, last_days: 0 };

    #[test]
    fn a_link_says_what_it_says_and_the_merchant_the_rest() {
        let own = OwnReminding { on: Some(true), after_days: Some(5), ..OwnReminding::default() };
        assert_eq!(own.over(MERCHANTS), Reminding { on: true, after_days: 5, ..MERCHANTS });
        assert_eq!(OwnReminding::default().over(MERCHANTS), MERCHANTS);
        assert!(OwnReminding::default().is_empty() && !own.is_empty());
    }

    #[test]
    fn reminders_are_some_days_apart_and_not_too_many() {
        let on = Reminding { on: true, after_days: 1, at_most: 1, last_days: 0 };
        for fine in [on, Reminding { on: true, after_days: 60, at_most: 10, last_days: 30 }, MERCHANTS] {
            assert_eq!(fine.check(), Ok(fine));
        }
        for days in [0, 61] {
            assert_eq!(Reminding { after_days: days, ..on }.check(), Err(RemindingError::AfterDays));
            let own = OwnReminding { after_days: Some(days), ..OwnReminding::default() };
            assert_eq!(own.check(), Err(RemindingError::AfterDays));
        }
        for number in [0, 11] {
            assert_eq!(Reminding { at_most: number, ..on }.check(), Err(RemindingError::AtMost));
        }
        for days in [-1, 31] {
            assert_eq!(Reminding { last_days: days, ..on }.check(), Err(RemindingError::LastDays));
        }
        let own = OwnReminding { at_most: Some(10), ..OwnReminding::default() };
        assert_eq!(own.check(), Ok(own));
    }

    #[test]
    fn who_is_refused_is_told_the_limits() {
        for (error, (least, most)) in [
            (RemindingError::AfterDays, Reminding::AFTER_DAYS),
            (RemindingError::AtMost, Reminding::AT_MOST),
            (RemindingError::LastDays, Reminding::LAST_DAYS),
        ] {
            let told = format!("must be from {least} to {most}");
            assert_eq!(error.to_string().trim_end_matches(" days"), told);
        }
    }

    #[test]
    fn what_a_link_says_is_read_as_it_was_written() {
        let whole = OwnReminding { on: Some(false), after_days: Some(1), at_most: Some(10), last_days: Some(0) };
        let part = OwnReminding { last_days: Some(7), ..OwnReminding::default() };
        for own in [whole, part, OwnReminding::default()] {
            assert_eq!(own.to_string().parse(), Ok(own));
        }
        assert_eq!(part.to_string(), "last_reminder_days=7");
        for bad in ["reminders", "reminders=maybe", "reminder_after_days=soon", "often=1"] {
            assert!(bad.parse::<OwnReminding>().is_err(), "{bad}");
        }
    }
}
