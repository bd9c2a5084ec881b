//! Which part of a list is read: from when to when, from where on, in which direction.

use chrono::{DateTime, Utc};
use sea_orm::{
    EntityTrait, QueryOrder, QuerySelect, Select, Value,
    entity::prelude::*,
    sea_query::{Expr, Order},
};

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
    pub const fn is_always(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// That this column lies in it.
    pub(crate) fn of(&self, column: impl ColumnTrait) -> Vec<Expr> {
        let from = self.from.map(|from| column.gte(from));
        let to = self.to.map(|to| column.lte(to));
        from.into_iter().chain(to).collect()
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
