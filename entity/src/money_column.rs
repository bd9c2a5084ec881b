//! An amount stored in two columns: minor units and currency.

use domain::{Currency, Money};
use sea_orm::DbErr;

/// The amount of a row, from its columns `minor` and `currency`.
pub(crate) fn stored_money(minor: i64, currency: Currency) -> Result<Money, DbErr> {
    Money::from_minor(minor, currency).map_err(|error| DbErr::Type(error.to_string()))
}
