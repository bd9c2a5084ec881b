//! How currencies and amounts stand in a column.

use sea_orm::DbErr;

use crate::{Currency, Money};

crate::column::stored_as!(Currency, String, |currency| currency.as_str().to_owned(), |code| Currency::parse(&code)
    .map_err(|error| error.to_string()));

/// The amount of a row: `minor` and `currency` are columns of it.
pub(crate) fn stored_money(minor: i64, currency: Currency) -> Result<Money, DbErr> {
    Money::from_minor(minor, currency).map_err(|error| DbErr::Type(error.to_string()))
}
