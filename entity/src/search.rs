//! Searching by a part of a text.

use sea_orm::{
    ColumnTrait,
    sea_query::{Expr, ExprTrait, Func, LikeExpr},
};

/// `column` contains `text`, whatever its case, with no character of `text` taken for a wildcard.
#[must_use]
pub fn contains(column: impl ColumnTrait, text: &str) -> Expr {
    let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    Expr::expr(Func::lower(column.into_expr())).like(LikeExpr::new(format!("%{escaped}%")).escape('\\'))
}
