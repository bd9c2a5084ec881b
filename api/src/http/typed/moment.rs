//! Time ranges and sort orders.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::words;
use entity::{
    Merchant,
    list::{Period, Sort},
};
use poem_openapi::registry::MetaSchema;

use super::{Written, of_pattern};
use crate::{Problem, http::fields::Fields};

/// A day in the merchant's time zone, or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The whole day.
    Day(NaiveDate),
    /// The exact time.
    Time(DateTime<Utc>),
    /// It looks like a day or a time, but does not exist: the 30th of February.
    Never,
}

impl Written for Moment {
    fn schema() -> MetaSchema {
        // A pattern cannot say which months have 31 days.
        let day = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
        let time = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])";
        of_pattern(
            "a day such as 2026-12-31, or a time such as 2026-12-31T18:00:00Z",
            format!("^{day}(T{time})?$"),
            "2026-12-31",
        )
    }

    fn read(text: &str) -> Result<Self, String> {
        let day = text.parse().map(Self::Day);
        let time = DateTime::parse_from_rfc3339(text).map(|time| Self::Time(time.with_timezone(&Utc)));
        Ok(day.or(time).unwrap_or(Self::Never))
    }

    fn write(&self) -> Cow<'_, str> {
        match self {
            Self::Day(day) => day.to_string().into(),
            Self::Time(time) => time.to_rfc3339().into(),
            Self::Never => "".into(),
        }
    }
}

impl Moment {
    fn begins(self, owner: &Merchant) -> Option<DateTime<Utc>> {
        match self {
            // A day begins where the previous one ends.
            Self::Day(day) => Some(owner.end_of(day.pred_opt()?)? + TimeDelta::milliseconds(1)),
            Self::Time(time) => Some(time),
            Self::Never => None,
        }
    }

    fn ends(self, owner: &Merchant) -> Option<DateTime<Utc>> {
        match self {
            Self::Day(day) => owner.end_of(day),
            Self::Time(time) => Some(time),
            Self::Never => None,
        }
    }
}

/// From one moment to another, both included, in the merchant's time zone.
pub(crate) fn period(
    name: &str,
    from: Option<Moment>,
    to: Option<Moment>,
    owner: &Merchant,
) -> Result<Period, Problem> {
    let mut fields = Fields::default();
    let mut take = |edge: &str, wanted: Option<Moment>, at: Option<DateTime<Utc>>| {
        if wanted.is_some() && at.is_none() {
            fields.refuse(&format!("{name}_{edge}"), "is no day of a calendar");
        }
        at
    };
    let from = take("from", from, from.and_then(|from| from.begins(owner)));
    let to = take("to", to, to.and_then(|to| to.ends(owner)));
    fields.none_wrong()?;
    Ok(Period { from, to })
}

words! {
    /// The order of a list.
    pub enum SortOrder {
        /// Newest first.
        NewestFirst = "-created_at",
        /// Oldest first.
        OldestFirst = "created_at",
    }
}

super::described_words!(SortOrder);

impl From<SortOrder> for Sort {
    fn from(order: SortOrder) -> Self {
        match order {
            SortOrder::NewestFirst => Self::NewestFirst,
            SortOrder::OldestFirst => Self::OldestFirst,
        }
    }
}
