//! Pagination and filters common to lists: a time range, a position and a direction.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sea_orm::{
    EntityTrait, QueryOrder, QuerySelect, Select, Value,
    entity::prelude::*,
    sea_query::{Expr, Order},
};

use domain::{Money, Zone};

/// The greatest distance between the time in an id and the row's own time; an upload may take place in between.
const APART: TimeDelta = TimeDelta::hours(1);

/// The smallest id of this time. Ids sort by the time they were created.
pub(crate) fn first_id(at: DateTime<Utc>) -> Uuid {
    let milliseconds = u128::try_from(at.timestamp_millis().max(0)).unwrap_or_default();
    Uuid::from_u128(milliseconds << 80)
}

/// The time of an id, also of a [first](first_id) one.
pub(crate) fn time_of(id: Uuid) -> DateTime<Utc> {
    let milliseconds = i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX);
    DateTime::from_timestamp_millis(milliseconds).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// A time range, both ends included. `None` leaves an end open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    /// The start.
    pub from: Option<DateTime<Utc>>,
    /// The end.
    pub to: Option<DateTime<Utc>>,
}

impl Period {
    /// Whether the range is unbounded.
    #[must_use]
    pub(crate) const fn is_always(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// The part of the range in which rows come before the one at which another part of the list ended. Their ids come
    /// before its id; their times may differ from those.
    pub(crate) fn before(self, last: DateTime<Utc>, sort: Sort) -> Self {
        match sort {
            Sort::NewestFirst => Self { from: self.from.max(Some(last - APART * 2)), ..self },
            Sort::OldestFirst => {
                let end = last + APART * 2;
                Self { to: Some(self.to.map_or(end, |to| to.min(end))), ..self }
            }
        }
    }

    /// The conditions that the column lies in the range.
    pub(crate) fn of(&self, column: impl ColumnTrait) -> Vec<Expr> {
        let from = self.from.map(|from| column.gte(from));
        let to = self.to.map(|to| column.lte(to));
        from.into_iter().chain(to).collect()
    }

    /// The conditions that the id was created in the range, or at most `before` earlier, with some tolerance. Lists are
    /// read by the index on ids, so this narrows a condition on a time that has no index.
    pub(crate) fn of_ids(&self, id: impl ColumnTrait, before: TimeDelta) -> Vec<Expr> {
        let first = self.from.and_then(|from| from.checked_sub_signed(before + APART));
        let end = self.to.and_then(|to| to.checked_add_signed(APART));
        let first = first.map(|first| id.gte(first_id(first)));
        first.into_iter().chain(end.map(|end| id.lt(first_id(end)))).collect()
    }
}

/// When something was paid: at a moment through Stripe, or on a day elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PaidPeriod {
    /// The moments of payments through Stripe.
    pub at: Period,
    /// The first and the last day of payments elsewhere, in the merchant's time zone.
    pub days: (Option<NaiveDate>, Option<NaiveDate>),
}

impl PaidPeriod {
    /// The period in this time zone.
    #[must_use]
    pub fn new(at: Period, zone: &Zone) -> Self {
        let day = |at: DateTime<Utc>| zone.wall(at).date_naive();
        Self { at, days: (at.from.map(day), at.to.map(day)) }
    }
}

/// The order of a list, by time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// Newest first.
    #[default]
    NewestFirst,
    /// Oldest first.
    OldestFirst,
}

/// How much of a list is read for a page. Tests of short lists have less.
#[derive(Debug, Clone, Copy)]
pub struct Looks {
    /// How many rows are looked through at first.
    pub first: u64,
    /// How many rows are looked through at most.
    pub most: u64,
    /// How many matches are collected from an index at most: as many as a list adds up.
    pub collected: u64,
}

impl Default for Looks {
    fn default() -> Self {
        Self { first: RECENT, most: 10_000, collected: 1_000 }
    }
}

impl Looks {
    /// Where other rows are looked up for each: a few of them cost as much.
    pub(crate) const fn with_others(self) -> Self {
        Self { most: self.most / 4, ..self }
    }
}

/// What a row of a list is added up by.
#[derive(Debug, Clone, Copy)]
pub struct Counted<Id> {
    /// Its id.
    pub id: Id,
    /// Its amount; `None` once that is erased.
    pub money: Option<Money>,
    /// Whether it is unpaid.
    pub is_unpaid: bool,
}

/// A page of a list, whose ids sort by time.
#[derive(Debug, Clone, Copy)]
pub struct Place<Id> {
    /// The last id of the page before.
    pub after: Option<Id>,
    /// The order of the list.
    pub sort: Sort,
    /// The size of the page.
    pub limit: u64,
    /// How much is read for it.
    pub looks: Looks,
}

impl<Id> Default for Place<Id> {
    fn default() -> Self {
        Self { after: None, sort: Sort::NewestFirst, limit: 0, looks: Looks::default() }
    }
}

impl<Id: Into<Value> + Copy> Place<Id> {
    /// Restricts a query to this page.
    pub(crate) fn of<E: EntityTrait>(&self, query: Select<E>, id: impl ColumnTrait) -> Select<E> {
        let query = match (self.after, self.sort) {
            (None, _) => query,
            (Some(after), Sort::NewestFirst) => query.filter(id.lt(after)),
            (Some(after), Sort::OldestFirst) => query.filter(id.gt(after)),
        };
        self.in_order(query, id.into_expr())
    }

    /// The first rows in the order of the list.
    pub(crate) fn in_order<E: EntityTrait>(&self, query: Select<E>, id: Expr) -> Select<E> {
        let order = match self.sort {
            Sort::NewestFirst => Order::Desc,
            Sort::OldestFirst => Order::Asc,
        };
        query.order_by(id, order).limit(self.limit)
    }

    /// Restricts a query to rows up to this one.
    pub(crate) fn up_to<E: EntityTrait>(&self, end: Option<Id>, query: Select<E>, id: impl ColumnTrait) -> Select<E> {
        let Some(end) = end else { return query };
        query.filter(match self.sort {
            Sort::NewestFirst => id.gte(end),
            Sort::OldestFirst => id.lte(end),
        })
    }
}

impl<Id: Ord + Copy> Place<Id> {
    /// Merges parts of a list that were read for the same page. What comes after the end of a part is left for the next
    /// page.
    #[must_use]
    pub fn merged<T>(&self, parts: Vec<Found<T, Id>>, id: impl Fn(&T) -> Id) -> Found<T, Id> {
        let by = |one: &Id, other: &Id| match self.sort {
            Sort::NewestFirst => other.cmp(one),
            Sort::OldestFirst => one.cmp(other),
        };
        let end = parts.iter().filter_map(|part| part.looked_to).min_by(by);
        let mut rows: Vec<T> = parts.into_iter().flat_map(|part| part.rows).collect();
        rows.retain(|row| end.as_ref().is_none_or(|end| by(&id(row), end).is_le()));
        rows.sort_by(|one, other| by(&id(one), &id(other)));
        rows.dedup_by(|one, other| id(one) == id(other));
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let is_full = rows.len() >= most;
        rows.truncate(most);
        let last = rows.last().map(&id).filter(|_| is_full);
        Found { rows, looked_to: last.or(end) }
    }
}

/// How many rows of a list are looked through first for a filter that its order does not know.
pub(crate) const RECENT: u64 = 1_000;

/// How many bytes of rows are read at once. An ordinary page is a tenth of this; of the largest possible orders, it
/// fits a dozen.
pub const MOST_AT_ONCE: u64 = 1024 * 1024;

/// Rows of a list, in its order.
#[derive(Debug)]
pub struct Found<T, Id> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the search stopped, if there may be more: the page was full or too large, or enough rows were looked
    /// through. The next page starts after it.
    pub looked_to: Option<Id>,
}

/// How many of the first rows fit into `most` bytes; at least one, if there is one.
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
    use chrono::NaiveDate;

    use super::{Found, Period, Place, Sort, fitting};

    #[test]
    fn parts_of_a_list_are_one() {
        let part = |rows: &[u64], looked_to: Option<u64>| Found { rows: rows.to_vec(), looked_to };
        let merged = |sort: Sort, one: Found<u64, u64>, other: Found<u64, u64>| {
            let found = Place { sort, limit: 4, ..Place::default() }.merged(vec![one, other], |row| *row);
            (found.rows, found.looked_to)
        };
        let (newest, oldest) = (Sort::NewestFirst, Sort::OldestFirst);
        assert_eq!(merged(newest, part(&[9, 5], None), part(&[7, 5], None)), (vec![9, 7, 5], None));
        assert_eq!(merged(oldest, part(&[3, 5, 9], None), part(&[], None)), (vec![3, 5, 9], None));
        assert_eq!(merged(newest, part(&[9, 8, 7, 6], Some(6)), part(&[5], None)), (vec![9, 8, 7, 6], Some(6)));
        assert_eq!(merged(newest, part(&[9, 7, 5], None), part(&[8, 6], None)), (vec![9, 8, 7, 6], Some(6)));
        // After 7 there may be a 6 that was too much at once.
        assert_eq!(merged(newest, part(&[9, 7], Some(7)), part(&[8, 5, 4], None)), (vec![9, 8, 7], Some(7)));
        assert_eq!(merged(oldest, part(&[7, 9], Some(9)), part(&[6, 8], Some(8))), (vec![6, 7, 8], Some(8)));
        // Nobody looked for others behind 6.
        assert_eq!(merged(newest, part(&[9], Some(6)), part(&[7, 5], None)), (vec![9, 7], Some(6)));
        assert_eq!(merged(newest, part(&[], Some(6)), part(&[5], None)), (vec![], Some(6)));
    }

    #[test]
    fn what_comes_before_the_last_row_is_in_the_rest_of_a_period() {
        let at = |hour: u32| NaiveDate::from_ymd_opt(2026, 11, 27).unwrap().and_hms_opt(hour, 0, 0).unwrap().and_utc();
        let period = |from: Option<u32>, to: Option<u32>| Period { from: from.map(at), to: to.map(at) };
        let (newest, oldest) = (Sort::NewestFirst, Sort::OldestFirst);
        assert_eq!(period(None, None).before(at(12), newest), period(Some(10), None));
        assert_eq!(period(Some(11), Some(20)).before(at(12), newest), period(Some(11), Some(20)));
        assert_eq!(period(None, None).before(at(12), oldest), period(None, Some(14)));
        assert_eq!(period(Some(1), Some(13)).before(at(12), oldest), period(Some(1), Some(13)));
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
