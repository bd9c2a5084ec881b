//! Pagination and filters common to lists: a time range, a position and a direction.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sea_orm::{
    EntityTrait, QueryOrder, QuerySelect, Select, Value,
    entity::prelude::*,
    sea_query::{Expr, Order},
};

use domain::Zone;

/// How far the time that an id was made with may lie from the time that is written beside it: in between, an upload may come in.
const APART: TimeDelta = TimeDelta::hours(1);

/// The smallest id that may have been made at this time: ids sort by the time that they were made with.
pub(crate) fn first_id(at: DateTime<Utc>) -> Uuid {
    let milliseconds = u128::try_from(at.timestamp_millis().max(0)).unwrap_or_default();
    Uuid::from_u128(milliseconds << 80)
}

/// From when to when, both included; what is absent is for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Not after.
    pub to: Option<DateTime<Utc>>,
}

impl Period {
    /// Whether everything lies in it.
    #[must_use]
    pub(crate) const fn is_always(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// That this column lies in it.
    pub(crate) fn of(&self, column: impl ColumnTrait) -> Vec<Expr> {
        let from = self.from.map(|from| column.gte(from));
        let to = self.to.map(|to| column.lte(to));
        from.into_iter().chain(to).collect()
    }

    /// That this id was made in it, or at most so long before it, give or take a little. Beside a condition on a time, which has no index,
    /// this is one on the ids, which are the index that a list is read by.
    pub(crate) fn of_ids(&self, id: impl ColumnTrait, before: TimeDelta) -> Vec<Expr> {
        let first = self.from.and_then(|from| from.checked_sub_signed(before + APART));
        let end = self.to.and_then(|to| to.checked_add_signed(APART));
        let first = first.map(|first| id.gte(first_id(first)));
        first.into_iter().chain(end.map(|end| id.lt(first_id(end)))).collect()
    }
}

/// When something was paid: by Stripe at a moment, elsewhere on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PaidPeriod {
    /// The moments.
    pub at: Period,
    /// The days in which they lie, where the merchant is: the first and the last.
    pub days: (Option<NaiveDate>, Option<NaiveDate>),
}

impl PaidPeriod {
    /// This period, by the clock of this zone.
    #[must_use]
    pub fn new(at: Period, zone: &Zone) -> Self {
        let day = |at: DateTime<Utc>| zone.wall(at).date_naive();
        Self { at, days: (at.from.map(day), at.to.map(day)) }
    }
}

/// In which direction a list is read, by the time of what is in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// What is newest comes first.
    #[default]
    NewestFirst,
    /// What is oldest comes first.
    OldestFirst,
}

/// Which part of a list: ids sort by time.
#[derive(Debug, Clone, Copy)]
pub struct Place<Id> {
    /// Behind this one.
    pub after: Option<Id>,
    /// In this direction.
    pub sort: Sort,
    /// At most so many.
    pub limit: u64,
}

impl<Id> Default for Place<Id> {
    fn default() -> Self {
        Self { after: None, sort: Sort::NewestFirst, limit: 0 }
    }
}

impl<Id: Into<Value> + Copy> Place<Id> {
    /// This part of what is found.
    pub(crate) fn of<E: EntityTrait>(&self, query: Select<E>, id: impl ColumnTrait) -> Select<E> {
        let query = match (self.after, self.sort) {
            (None, _) => query,
            (Some(after), Sort::NewestFirst) => query.filter(id.lt(after)),
            (Some(after), Sort::OldestFirst) => query.filter(id.gt(after)),
        };
        let order = match self.sort {
            Sort::NewestFirst => Order::Desc,
            Sort::OldestFirst => Order::Asc,
        };
        query.order_by(id, order).limit(self.limit)
    }
}

impl<Id: Ord> Place<Id> {
    /// The part of a list that was read in two, of which each has read the same part. What lies behind the end of one that was not read
    /// to its end waits for the next page.
    pub(crate) fn merged<T>(&self, pages: [Found<T>; 2], id: impl Fn(&T) -> Id) -> Found<T> {
        let by = |one: &Id, other: &Id| match self.sort {
            Sort::NewestFirst => other.cmp(one),
            Sort::OldestFirst => one.cmp(other),
        };
        let cut = pages.iter().filter(|page| page.has_more).filter_map(|page| page.rows.last().map(&id)).min_by(by);
        let has_more = cut.is_some();
        let mut rows: Vec<T> = pages.into_iter().flat_map(|page| page.rows).collect();
        rows.retain(|row| cut.as_ref().is_none_or(|cut| by(&id(row), cut).is_le()));
        rows.sort_by(|one, other| by(&id(one), &id(other)));
        rows.dedup_by(|one, other| id(one) == id(other));
        rows.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        Found { rows, has_more }
    }
}

/// How many of the newest are looked through first for what an index does not give in the order of the list.
pub(crate) const RECENT: u64 = 1_000;

/// How many are looked through at most before everything is collected from an index.
const MOST_RECENT: u64 = 20 * RECENT;

/// How many of the newest to look through after `found` of the `wanted` were among the newest `looked`: half as many again as should be
/// enough. `None` if everything is better collected from an index.
pub(crate) fn wider(looked: u64, found: u64, wanted: u64) -> Option<u64> {
    let enough = looked.saturating_mul(wanted).saturating_mul(3).checked_div(found.saturating_mul(2))?;
    (looked < enough && enough <= MOST_RECENT).then_some(enough)
}

/// How many bytes of rows are read at once. A page of ordinary ones is a tenth of that; of the largest orders that there may be it is a dozen.
pub const MOST_AT_ONCE: u64 = 1024 * 1024;

/// Rows of a list, in its order.
#[derive(Debug)]
pub struct Found<T> {
    /// These.
    pub rows: Vec<T>,
    /// Whether there are more of those that were asked for, which would have been too much at once.
    pub has_more: bool,
}

/// How many of the first come to `most` bytes at the most; one at least, if there is one.
#[must_use]
pub fn fitting(sizes: impl IntoIterator<Item = u64>, most: u64) -> usize {
    let mut all = 0_u64;
    let fits = |(at, bytes): &(usize, u64)| {
        all = all.saturating_add(*bytes);
        *at == 0 || all <= most
    };
    sizes.into_iter().enumerate().take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::{Found, Place, Sort, fitting, wider};

    #[test]
    fn two_parts_of_a_list_are_one() {
        let page = |rows: &[u64], has_more: bool| Found { rows: rows.to_vec(), has_more };
        let merged = |sort: Sort, one: Found<u64>, other: Found<u64>| {
            let found = Place { after: None, sort, limit: 4 }.merged([one, other], |row| *row);
            (found.rows, found.has_more)
        };
        let (newest, oldest) = (Sort::NewestFirst, Sort::OldestFirst);
        assert_eq!(merged(newest, page(&[9, 5, 3], false), page(&[7, 5], false)), (vec![9, 7, 5, 3], false));
        assert_eq!(merged(oldest, page(&[3, 5, 9], false), page(&[], false)), (vec![3, 5, 9], false));
        assert_eq!(merged(newest, page(&[9, 8, 7, 6], false), page(&[5], false)), (vec![9, 8, 7, 6], false));
        // After 7 there may be a 6 that was too much at once.
        assert_eq!(merged(newest, page(&[9, 7], true), page(&[8, 5, 4], false)), (vec![9, 8, 7], true));
        assert_eq!(merged(oldest, page(&[7, 9], true), page(&[6, 8], true)), (vec![6, 7, 8], true));
    }

    #[test]
    fn what_is_common_is_looked_for_among_more_of_the_newest_and_what_is_rare_by_an_index() {
        assert_eq!(wider(1_000, 0, 51), None);
        assert_eq!(wider(1_000, 1, 51), None);
        assert_eq!(wider(1_000, 10, 51), Some(7_650));
        assert_eq!(wider(1_000, 50, 51), Some(1_530));
        assert_eq!(wider(7_650, 30, 51), Some(19_507));
        assert_eq!(wider(19_507, 40, 51), None);
        assert_eq!(wider(1_000, 51, 51), Some(1_500));
    }

    #[test]
    fn as_many_are_taken_as_fit_and_one_at_least() {
        assert_eq!(fitting([], 10), 0);
        assert_eq!(fitting([11, 0], 10), 1);
        assert_eq!(fitting([5, 5, 1], 10), 2);
        assert_eq!(fitting([5, 5, 0], 10), 3);
        assert_eq!(fitting([5, u64::MAX, u64::MAX], 10), 1);
    }
}
