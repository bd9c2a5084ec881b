//! Checks or computes an order's amount: its lines, shipping, discount and tax must add up to it, or it is left out and
//! computed.

use domain::{Currency, Money, money::MoneyError};
use entity::order::Details;
use poem::http::StatusCode;

use crate::{Problem, http::problem::FieldError};

/// The sum of the items.
pub(super) fn lines(details: &Details, currency: Currency) -> Result<Money, MoneyError> {
    details.items.iter().try_fold(Money::zero(currency), |sum, item| {
        let unit = Money::from_minor(item.unit_amount, currency)?;
        sum.checked_add(unit.checked_mul(item.quantity)?)
    })
}

/// The sum of all parts; `None` without items, when only the given total counts.
pub(super) fn sum(details: &Details, currency: Currency) -> Result<Option<Money>, MoneyError> {
    if details.items.is_empty() {
        return Ok(None);
    }
    let part = |minor: Option<i64>| Money::from_minor(minor.unwrap_or(0), currency);
    let with = lines(details, currency)?.checked_add(part(details.shipping)?)?.checked_add(part(details.tax)?)?;
    with.checked_sub(part(details.discount)?).map(Some)
}

/// The given total, if it equals the sum; the sum if none was given.
///
/// # Errors
/// Returns 422 `does_not_add_up`, or the error of the field `amount`.
pub(super) fn total(details: &Details, currency: Currency, given: Option<Money>) -> Result<Money, Problem> {
    let computed = sum(details, currency).map_err(|error| does_not_add_up(error.to_string()))?;
    let total = match (given, computed) {
        (Some(given), Some(computed)) if given != computed => {
            let [given, computed] = [given, computed].map(Money::to_decimal_string);
            return Err(does_not_add_up(format!(
                "is {given}, and the items, shipping, discount and tax make {computed}"
            )));
        }
        (Some(total), _) | (None, Some(total)) => total,
        (None, None) => return Err(Problem::field("amount", "is needed where there are no items")),
    };
    if total.is_zero() { Err(Problem::field("amount", "must be more than zero")) } else { Ok(total) }
}

fn does_not_add_up(reason: String) -> Problem {
    let fields = vec![FieldError { field: "amount".to_owned(), reason }];
    Problem::of_fields(fields).coded("does_not_add_up").with_status(StatusCode::UNPROCESSABLE_ENTITY)
}

#[cfg(test)]
mod tests {
    use entity::order::OrderItem;

    use super::*;

    fn usd(text: &str) -> Money {
        Money::parse(text, Currency::parse("usd").unwrap()).unwrap()
    }

    fn details() -> Details {
        let item = |quantity, unit_amount| OrderItem { description: "Cake".to_owned(), quantity, unit_amount };
        let items = vec![item(2, 5_000), item(1, 995)];
        Details { items, shipping: Some(500), discount: Some(300), tax: Some(1_000) }
    }

    #[test]
    fn an_order_comes_to_what_it_is_made_of() {
        let currency = usd("1").currency();
        let total = |details: &Details, given: Option<&str>| total(details, currency, given.map(usd));
        assert_eq!(total(&details(), None).unwrap(), usd("121.95"));
        assert_eq!(total(&details(), Some("121.95")).unwrap(), usd("121.95"));
        assert_eq!(total(&details(), Some("121.96")).unwrap_err().code(), "does_not_add_up");
        // Without items the given total counts.
        let bare = Details { tax: Some(100), ..Details::default() };
        assert_eq!(total(&bare, Some("20")).unwrap(), usd("20"));
        assert!(total(&bare, None).is_err());
        // The discount is larger than the sum, or equal to it.
        let taken = Details { discount: Some(99_999), ..details() };
        assert_eq!(total(&taken, None).unwrap_err().code(), "does_not_add_up");
        let nothing = Details { shipping: None, discount: Some(11_995), ..details() };
        assert_eq!(total(&nothing, None).unwrap_err().code(), "invalid_input");
    }
}
