//! An amount stored in two columns: minor units and currency.

use domain::{Currency, Money};
use sea_orm::DbErr;

/// The amount of a row: `minor` and `currency` are columns of it.
pub(crate) fn stored_money(minor: i64, currency: Currency) -> Result<Money, DbErr> {
    Money::from_minor(minor, currency).map_err(|error| DbErr::Type(error.to_string()))
}
