//! Iterates over many rows page by page.

use sea_orm::DbErr;

/// How many rows are read at a time, so that a tick takes the same memory whatever there is.
pub(super) const PAGE: u64 = 500;

/// How far the pages of a table have been read: up to the row of this id.
#[derive(Debug)]
pub(super) struct Pages<Id>(Option<Id>);

impl<Id> Pages<Id> {
    /// From the first row on.
    pub(super) const fn new() -> Self {
        Self(None)
    }
}

impl<Id: Copy> Pages<Id> {
    /// The next page, which `find` reads from the row after the one of that id on; `None` when there are no more.
    pub(super) async fn next<Row, F>(
        &mut self,
        find: impl FnOnce(Option<Id>) -> F,
        id: impl Fn(&Row) -> Id,
    ) -> Result<Option<Vec<Row>>, DbErr>
    where
        F: Future<Output = Result<Vec<Row>, DbErr>>,
    {
        let rows = find(self.0).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        self.0 = Some(id(last));
        Ok(Some(rows))
    }
}
