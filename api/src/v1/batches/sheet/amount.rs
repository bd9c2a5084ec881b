//! The amount of a row and its currency, as people and programs write them.

use domain::money::{WrittenAmount, WrittenCurrency};
use serde_json::{Map, Value};

use crate::Problem;

/// Normalizes the amount and the currency, and returns the signs beside them. The amount stays as it was written if it
/// is refused, now or later.
pub(super) fn understand_amount(row: &mut Map<String, Value>) -> Result<Vec<String>, Problem> {
    let cell = |row: &Map<String, Value>, name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut signs = Vec::new();
    let told = cell(row, "currency");
    match told.as_deref().and_then(WrittenCurrency::read) {
        Some(WrittenCurrency::Code(code)) => {
            row.insert("currency".to_owned(), code.into());
        }
        Some(WrittenCurrency::Sign(sign)) => {
            row.remove("currency");
            signs.push(sign);
        }
        None => {}
    }
    let Some(amount) = cell(row, "amount") else { return Ok(signs) };
    let Some(written) = WrittenAmount::read(&amount) else {
        return odd_amount(&amount).map_or(Ok(signs), Err);
    };
    match written.currency {
        Some(WrittenCurrency::Code(beside)) => {
            if let Some(told) = cell(row, "currency").filter(|told| *told != beside) {
                let (beside, told) = (beside.to_ascii_uppercase(), told.to_ascii_uppercase());
                return Err(Problem::field("amount", format!("is in {beside}, and the currency is {told}")));
            }
            row.insert("currency".to_owned(), beside.into());
        }
        Some(WrittenCurrency::Sign(sign)) => signs.push(sign),
        None => {}
    }
    row.insert("amount".to_owned(), written.decimal.into());
    Ok(signs)
}

/// Why an amount is refused that people write, if it is one of these.
fn odd_amount(amount: &str) -> Option<Problem> {
    let in_brackets = amount.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let less = in_brackets.or_else(|| amount.strip_prefix(['-', '−'])).or_else(|| amount.strip_suffix(['-', '−']));
    let is_amount = |text: &str| WrittenAmount::read(text).is_some();
    if less.is_some_and(is_amount) {
        return Some(Problem::field("amount", "is less than zero: a credit note cannot be paid by a link"));
    }
    let could_be_thousands = is_amount(&format!("{amount}.00")) || is_amount(&format!("{amount},00"));
    could_be_thousands.then(|| {
        Problem::field(
            "amount",
            "could be two amounts: write it without separators of thousands, such as 1234 or 1234.00",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_that_people_write_is_refused_with_its_reason() {
        let told = |amount: &str| odd_amount(amount).map(|odd| odd.sentence("")).unwrap_or_default();
        for less in ["-150,00", "-$5", "−150", "(150.00)", "150-"] {
            assert!(told(less).contains("less than zero"), "{less}: {}", told(less));
        }
        for two in ["1.234", "1,234"] {
            assert!(told(two).contains("two amounts"), "{two}: {}", told(two));
        }
        for none in ["12,34,5", "abc", "2026-12-04", ""] {
            assert_eq!(told(none), "", "{none}");
        }
    }
}
