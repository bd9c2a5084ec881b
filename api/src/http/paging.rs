//! Lists: `?limit=&cursor=` → `{items, next_cursor}`. A cursor is the id of the last item of the page before.

use std::str::FromStr;

use entity::list::{Place, Sort};
use poem_openapi::{
    Object,
    types::{IsObjectType, ParseFromJSON, ToJSON, Type},
};

use crate::{
    Problem,
    http::typed::{Limit, SortOrder, Text},
};

/// A page of a list.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct Page<T: IsObjectType + ParseFromJSON + ToJSON + Type + Send + Sync> {
    /// The items, newest first.
    items: Vec<T>,
    /// The cursor of the next page; absent on the last one.
    next_cursor: Option<String>,
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
        Place { after: self.before, sort: sort.map_or_else(Sort::default, |sort| sort.0.into()), limit: self.fetch() }
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
        self.page_of(rows, false, id, view)
    }

    /// The page made of rows from a search that stopped at this id, where the next page starts.
    ///
    /// # Errors
    /// Returns the first error of `view`.
    pub(crate) fn page_up_to<Row, T, E>(
        &self,
        rows: Vec<Row>,
        looked_to: Option<Id>,
        id: impl Fn(&Row) -> Id,
        view: impl Fn(Row) -> Result<T, E>,
    ) -> Result<Page<T>, E>
    where
        T: IsObjectType + ParseFromJSON + ToJSON + Type + Send + Sync,
    {
        let page = self.page(rows, id, view)?;
        let next_cursor = page.next_cursor.or_else(|| looked_to.map(|id| id.to_string()));
        Ok(Page { next_cursor, ..page })
    }

    /// The page made of rows that may be incomplete because more would have been too large.
    ///
    /// # Errors
    /// Returns the first error of `view`.
    pub(crate) fn page_of<Row, T, E>(
        &self,
        mut rows: Vec<Row>,
        has_more: bool,
        id: impl Fn(&Row) -> Id,
        view: impl Fn(Row) -> Result<T, E>,
    ) -> Result<Page<T>, E>
    where
        T: IsObjectType + ParseFromJSON + ToJSON + Type + Send + Sync,
    {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = has_more || rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|row| id(row).to_string());
        Ok(Page { items: rows.into_iter().map(view).collect::<Result<_, _>>()?, next_cursor })
    }
}

/// Parses the id in a path; an invalid one is answered with 404.
pub(crate) fn id<Id: FromStr>(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}
