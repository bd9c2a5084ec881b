//! An amount of money that a row keeps in two columns: the minor units and the currency.

use domain::{Currency, Money};
use sea_orm::DbErr;

/// The amount of a row: `minor` and `currency` are columns of it.
pub(crate) fn stored_money(minor: i64, currency: Currency) -> Result<Money, DbErr> {
    Money::from_minor(minor, currency).map_err(|error| DbErr::Type(error.to_string()))
}
