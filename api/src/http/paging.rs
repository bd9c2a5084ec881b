//! Lists: `?limit=&cursor=` → `{items, next_cursor}`. A cursor is the id of the last item of the page before.

use std::{collections::BTreeMap, str::FromStr};

use domain::Money;
use entity::list::{Counted, Found, Looks, Place, Sort};
use poem_openapi::{
    Object,
    types::{IsObjectType, ParseFromJSON, ToJSON, Type},
};

use crate::{
    Problem,
    http::typed::{CurrencyCode, Limit, SortOrder, Text},
};

/// A page of a list.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct Page<T: IsObjectType + ParseFromJSON + ToJSON + Type + Send + Sync> {
    /// The items, newest first.
    items: Vec<T>,
    /// The cursor of the next page; absent on the last one.
    next_cursor: Option<String>,
    /// What all matches come to, where `totals` asks for it.
    totals: Option<Totals>,
}

impl<T: IsObjectType + ParseFromJSON + ToJSON + Type + Send + Sync> Page<T> {
    /// Adds what all matches come to.
    pub(crate) fn with_totals(self, totals: Option<Totals>) -> Self {
        Self { totals, ..self }
    }
}

/// What all matches of a list come to.
#[derive(Debug, Object)]
#[oai(rename = "ListTotals")]
pub(crate) struct Totals {
    /// How many there are.
    count: u64,
    /// Whether there are more than `count`, or may be, since not all was looked through; then `sums` is empty.
    more: bool,
    /// Their totals by currency.
    sums: Vec<ListSum>,
}

/// What the matches in one currency come to.
#[derive(Debug, Object)]
#[oai(rename = "ListSum")]
pub(crate) struct ListSum {
    currency: CurrencyCode,
    /// The total of all.
    amount: String,
    /// The total of those that are unpaid.
    unpaid: String,
}

impl Totals {
    /// The most matches that are added up.
    const MOST: u64 = 1_000;

    /// Of these matches.
    fn of<Id>(found: Vec<Counted<Id>>, has_more: bool) -> Result<Self, Problem> {
        let most = usize::try_from(Self::MOST).unwrap_or(usize::MAX);
        let (count, more) = (found.len().min(most), has_more || found.len() > most);
        let mut sums: BTreeMap<String, [Money; 2]> = BTreeMap::new();
        for Counted { money, is_unpaid, .. } in found.into_iter().filter(|_| !more) {
            let Some(money) = money else { continue };
            let none = Money::from_minor(0, money.currency()).map_err(Problem::internal)?;
            let [all, unpaid] = sums.entry(money.currency().as_str().to_owned()).or_insert([none; 2]);
            *all = all.checked_add(money).map_err(Problem::internal)?;
            if is_unpaid {
                *unpaid = unpaid.checked_add(money).map_err(Problem::internal)?;
            }
        }
        let sum = |(currency, [all, unpaid]): (String, [Money; 2])| ListSum {
            currency: currency.into(),
            amount: all.to_decimal_string(),
            unpaid: unpaid.to_decimal_string(),
        };
        Ok(Self { count: count as u64, more, sums: sums.into_iter().map(sum).collect() })
    }
}

/// Adds up the matches of a list, a page at a time.
pub(crate) struct AddingUp<Id> {
    /// The next page; `None` once enough is known.
    next: Option<Place<Id>>,
    pages: u64,
    found: Vec<Counted<Id>>,
    has_more: bool,
}

impl<Id: Copy> AddingUp<Id> {
    /// How many pages are read at most.
    pub(crate) const PAGES: u64 = 5;

    /// Of a list in this order.
    pub(crate) fn of(place: Place<Id>) -> Self {
        let first = Place { after: None, limit: Totals::MOST + 1, ..place };
        Self { next: Some(first), pages: 0, found: Vec::new(), has_more: true }
    }

    /// The page to read next.
    pub(crate) fn next_page(&mut self) -> Option<Place<Id>> {
        self.next.take()
    }

    /// Adds what this page has.
    pub(crate) fn add(&mut self, place: Place<Id>, page: Found<Counted<Id>, Id>) {
        self.found.extend(page.rows);
        self.pages += 1;
        self.has_more = page.looked_to.is_some();
        if self.has_more && self.pages < Self::PAGES && self.found.len() as u64 <= Totals::MOST {
            // An index that had many for this page has many for the next one.
            let looks = Looks { collected: 0, ..place.looks };
            self.next = Some(Place { after: page.looked_to, looks, ..place });
        }
    }

    /// What they come to.
    /// Whether the first page was read, and more are to be.
    pub(crate) const fn has_begun(&self) -> bool {
        self.pages == 1 && self.next.is_some()
    }

    pub(crate) fn totals(self) -> Result<Totals, Problem> {
        Totals::of(self.found, self.has_more)
    }
}

/// The requested page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<Id> {
    /// The last id of the page before.
    pub(crate) before: Option<Id>,
    limit: u64,
}

impl<Id: FromStr + ToString + Copy> Asked<Id> {
    /// From `limit` and `cursor`.
    pub(crate) fn new(limit: Option<Limit>, cursor: Option<Text<Id>>) -> Self {
        Self { before: cursor.map(Text::value), limit: limit.unwrap_or_default().0 }
    }

    /// From `limit` and a cursor to parse.
    pub(crate) fn parse(limit: Option<impl Into<u64>>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.map_or(Ok(Limit::default()), |limit| Limit::of(limit.into()));
        let limit = limit.map_err(|reason| Problem::field("limit", reason))?.0;
        let before = cursor
            .map(str::parse)
            .transpose()
            .map_err(|_| Problem::field("cursor", "is not one that this list gave"))?;
        Ok(Self { before, limit })
    }

    /// How many rows to fetch: one more than shown, to know whether there is a next page.
    pub(crate) const fn fetch(&self) -> u64 {
        self.limit + 1
    }

    /// The part of the list to fetch, in this order.
    pub(crate) fn place(&self, sort: Option<Text<SortOrder>>) -> Place<Id> {
        let sort = sort.map_or_else(Sort::default, |sort| sort.0.into());
        Place { after: self.before, sort, limit: self.fetch(), ..Place::default() }
    }

    /// The page made of the fetched rows.
    ///
    /// # Errors
    /// Returns the first error of `view`.
    pub(crate) fn page<Row, T, E>(
        &self,
        rows: Vec<Row>,
        id: impl Fn(&Row) -> Id,
        view: impl Fn(Row) -> Result<T, E>,
    ) -> Result<Page<T>, E>
    where
        T: IsObjectType + ParseFromJSON + ToJSON + Type + Send + Sync,
    {
        self.page_up_to(rows, None, id, view)
    }

    /// The page made of rows from a search that stopped at this id, where the next page starts: it may be short, or even
    /// empty.
    ///
    /// # Errors
    /// Returns the first error of `view`.
    pub(crate) fn page_up_to<Row, T, E>(
        &self,
        mut rows: Vec<Row>,
        looked_to: Option<Id>,
        id: impl Fn(&Row) -> Id,
        view: impl Fn(Row) -> Result<T, E>,
    ) -> Result<Page<T>, E>
    where
        T: IsObjectType + ParseFromJSON + ToJSON + Type + Send + Sync,
    {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let is_full = rows.len() > limit;
        rows.truncate(limit);
        let end = rows.last().filter(|_| is_full).map(id).or(looked_to);
        let next_cursor = end.map(|id| id.to_string());
        Ok(Page { items: rows.into_iter().map(view).collect::<Result<_, _>>()?, next_cursor, totals: None })
    }
}

/// Parses the id in a path; an invalid one is answered with 404.
pub(crate) fn id<Id: FromStr>(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

#[cfg(test)]
mod tests {
    use domain::Currency;

    use super::*;

    /// Of a list that has one match, ten units, among every two rows, of which two are looked through for a page.
    fn totals_of(rows: u64) -> Totals {
        let (mut all, money) =
            (AddingUp::of(Place::<u64>::default()), Money::parse("10.00", Currency::parse("usd").unwrap()).ok());
        while let Some(place) = all.next_page() {
            let looked = place.after.unwrap_or_default() + 2;
            let counted = Counted { id: looked, money, is_unpaid: false };
            all.add(place, Found { rows: vec![counted], looked_to: Some(looked).filter(|looked| *looked < rows) });
        }
        all.totals().unwrap()
    }

    #[test]
    fn totals_are_of_all_pages_or_say_that_there_may_be_more() {
        let few = totals_of(6);
        assert_eq!((few.count, few.more), (3, false));
        assert_eq!(few.sums[0].amount, "30.00");
        let many = totals_of(1_000);
        assert_eq!((many.count, many.more), (5, true));
        assert!(many.sums.is_empty());
    }
}
