//! Reads in pages what ticks find.

use sea_orm::DbErr;

/// Rows per page, which bounds the memory of a tick.
pub(crate) const PAGE: u64 = 500;

/// The position in a table: the id of the last row read.
#[derive(Debug)]
pub(crate) struct Pages<Id>(Option<Id>);

impl<Id> Pages<Id> {
    /// Starts at the first row.
    pub(crate) const fn new() -> Self {
        Self(None)
    }
}

impl<Id: Copy> Pages<Id> {
    /// The next page, or `None` at the end. `find` reads the rows after the given id.
    pub(crate) async fn next<Row, F>(
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
