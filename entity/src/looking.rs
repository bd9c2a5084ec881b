//! Looks for a page of a list of any length.
//!
//! The work for a page does not grow with the list. Rows are looked through one after the other in the order of the
//! list, until the page is full. What is not among the first is collected from an index of it, if there is one and there
//! is little of it. Otherwise more rows are looked through, but no more than [`Looks`] say: the page may then be short, or
//! even empty, and says where the next one starts.

use sea_orm::{
    DbBackend, Select, TryGetable, Value,
    entity::prelude::*,
    sea_query::{ArrayType, Expr, SelectStatement},
};

use crate::list::{Found, Looks, Sort};

/// The rows of a page that match, and whether some were left out because they would have been too large.
pub(crate) struct Matches<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) is_cut: bool,
}

/// What is read of the rows that match.
pub(crate) trait ReadRows<E: EntityTrait> {
    /// What is known of a row.
    type Row: Send;
    /// The id of a row.
    type Id: Copy + Send + Sync;

    /// The id of this row.
    fn id(row: &Self::Row) -> Self::Id;

    /// The rows of a query, in this order, as many as fit into a page.
    fn read(
        db: &impl ConnectionTrait,
        sort: Sort,
        selected: Select<E>,
    ) -> impl Future<Output = Result<Matches<Self::Row>, DbErr>> + Send;
}

/// Which rows of a part are looked through: those after one, and those up to one.
#[derive(Clone, Copy)]
pub(crate) struct Within<Id> {
    /// The last one that was looked through; that of the page before if there is none.
    pub(crate) after: Option<Id>,
    /// The last one to look through.
    pub(crate) end: Option<Id>,
}

impl<Id> Within<Id> {
    /// All of the page.
    pub(crate) const ALL: Self = Self { after: None, end: None };
}

/// A part of a list, for one page.
pub(crate) trait Part {
    /// A row.
    type Row: Send;
    /// Its id.
    type Id: Copy + Ord + Send + Sync;

    /// The size of the page.
    fn limit(&self) -> u64;

    /// The order of the list.
    fn sort(&self) -> Sort;

    /// How much is read for it.
    fn looks(&self) -> Looks;

    /// The id of a row.
    fn id(row: &Self::Row) -> Self::Id;

    /// Whether all rows that are looked through match.
    fn is_exact(&self) -> bool;

    /// The first matches among at most this many of the next rows.
    fn among(
        &self,
        many: u64,
        within: Within<Self::Id>,
    ) -> impl Future<Output = Result<Matches<Self::Row>, DbErr>> + Send;

    /// The last of this many of the next rows, if there are more.
    fn last_of(&self, many: u64) -> impl Future<Output = Result<Option<Self::Id>, DbErr>> + Send;

    /// The first of all matches, if an index has few of them.
    fn of_few(&self) -> impl Future<Output = Result<Option<Matches<Self::Row>>, DbErr>> + Send;

    /// The page of which these are the rows, from a search that ended here.
    fn page(&self, found: Matches<Self::Row>, end: Option<Self::Id>) -> Found<Self::Row, Self::Id> {
        let last = found.rows.last().map(Self::id).filter(|_| self.is_full(&found));
        Found { rows: found.rows, looked_to: last.or(end) }
    }

    /// Whether the page has no room for more.
    fn is_full(&self, found: &Matches<Self::Row>) -> bool {
        found.is_cut || found.rows.len() as u64 >= self.limit()
    }
}

/// Looks for the page.
pub(crate) async fn look<P: Part>(part: &P) -> Result<Found<P::Row, P::Id>, DbErr> {
    let Looks { first, most, .. } = part.looks();
    let (mut rows, mut after) = (Vec::new(), None);
    // A page of as many rows is not full of the first ones, unless all match.
    if part.limit() < first || part.is_exact() {
        let next = part.among(Ord::max(first, part.limit()), Within::ALL).await?;
        if part.is_full(&next) || part.is_exact() {
            return Ok(part.page(next, None));
        }
        // Some rows may leave the list between two statements, such as links that are paid.
        let Some(looked_to) = part.last_of(first * 9 / 10).await? else { return Ok(part.page(next, None)) };
        let is_before = |id: P::Id| match part.sort() {
            Sort::NewestFirst => id >= looked_to,
            Sort::OldestFirst => id <= looked_to,
        };
        rows.extend(next.rows.into_iter().filter(|row| is_before(P::id(row))));
        after = Some(looked_to);
    }
    if let Some(few) = part.of_few().await? {
        return Ok(part.page(few, None));
    }
    let end = part.last_of(Ord::max(first, most)).await?;
    // Those that come meanwhile are looked through as well.
    let found = part.among(2 * most, Within { after, end }).await?;
    rows.extend(found.rows);
    rows.truncate(usize::try_from(part.limit()).unwrap_or(usize::MAX));
    Ok(part.page(Matches { rows, is_cut: found.is_cut }, end))
}

/// Whether pages of this part look up other rows for those that they look through, and so many pages cannot look through
/// all.
pub(crate) async fn is_beyond<P: Part>(part: &P, pages: u64, alone: Looks) -> Result<bool, DbErr> {
    let most = part.looks().most;
    Ok(most < alone.most && part.last_of(pages * most).await?.is_some())
}

/// The last of this many rows of a query of ids, if there are more.
pub(crate) async fn last_of<Id: TryGetable>(
    db: &impl ConnectionTrait,
    mut ids: SelectStatement,
    many: u64,
) -> Result<Option<Id>, DbErr> {
    let last = ids.offset(many - 1).limit(2);
    let found = db.query_all(last).await?;
    match found.as_slice() {
        [last, _] => last.try_get_by_index(0).map(Some),
        _ => Ok(None),
    }
}

/// The rows of a query of ids, if they are few.
pub(crate) async fn few<Id: TryGetable>(
    db: &impl ConnectionTrait,
    mut ids: SelectStatement,
    looks: Looks,
) -> Result<Option<Vec<Id>>, DbErr> {
    if looks.collected == 0 {
        return Ok(None);
    }
    let found = db.query_all(ids.limit(looks.collected + 1)).await?;
    if found.len() as u64 > looks.collected {
        return Ok(None);
    }
    found.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>().map(Some)
}

/// The column is one of these ids. On `PostgreSQL` they are one array, so that the statement is the same for any number.
pub(crate) fn is_among(column: impl ColumnTrait, ids: Vec<Uuid>, backend: DbBackend) -> Expr {
    if !matches!(backend, DbBackend::Postgres) {
        return column.is_in(ids);
    }
    let list = ids.into_iter().map(Value::from).collect();
    let list = Expr::val(Value::Array(ArrayType::Uuid, Some(Box::new(list))));
    Expr::cust_with_exprs("$1 = ANY($2)", [column.into_expr(), list])
}
