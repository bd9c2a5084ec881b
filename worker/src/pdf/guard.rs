//! The invoice guard: does the PDF say what the merchant entered? It only warns and never blocks, so it is lenient
//! about separators, currency signs, and text that fonts do not reveal.

use domain::Money;
use entity::link::InvoiceWarning;

use super::Reading;

/// What the merchant should check before sending the link. A scan has no text to compare with.
pub(crate) fn warnings(reading: &Reading, number: Option<&str>, money: Option<Money>) -> Vec<InvoiceWarning> {
    let text = reading.text.as_str();
    let says_nothing = !text.chars().any(char::is_alphanumeric);
    let lacks_number = number.is_some_and(|number| !contains_number(text, number));
    let lacks_amount = money.is_some_and(|money| !contains_amount(text, &money.to_decimal_string()));
    [
        reading.is_blank.then_some(InvoiceWarning::FirstPageBlank),
        (!says_nothing && lacks_number).then_some(InvoiceWarning::NumberNotInInvoice),
        (!says_nothing && lacks_amount).then_some(InvoiceWarning::AmountNotInInvoice),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn contains_number(text: &str, number: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    plain(text).contains(&plain(number))
}

/// Whether the amount occurs in the text, with any separators, and without its decimals if they are zero.
fn contains_amount(text: &str, decimal: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let is_digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
    (0..letters.len()).filter(|at| *at == 0 || !is_digit(*at - 1)).any(|start| {
        let Some(after_whole) = digits_at(&letters, start, whole) else { return false };
        let continues = is_digit(after_whole)
            || (letters.get(after_whole).is_some_and(|letter| ".,".contains(*letter)) && is_digit(after_whole + 1));
        let without_fraction = fraction.chars().all(|digit| digit == '0') && !continues;
        without_fraction
            || (!fraction.is_empty()
                && digits_at(&letters, start, &format!("{whole}{fraction}")).is_some_and(|end| !is_digit(end)))
    })
}

/// The end of these digits if they start here, ignoring separators.
fn digits_at(letters: &[char], start: usize, digits: &str) -> Option<usize> {
    let mut at = start;
    for (number, digit) in digits.chars().enumerate() {
        while number > 0 && letters.get(at).is_some_and(|letter| is_separator(*letter)) {
            at += 1;
        }
        if letters.get(at) != Some(&digit) {
            return None;
        }
        at += 1;
    }
    Some(at)
}

fn is_separator(letter: char) -> bool {
    letter.is_whitespace() || ".,'’٫٬".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_found_however_it_is_written() {
        for text in ["Total 1,234.50 USD", "1.234,50 €", "1 234,50", "CHF 1’234.50", "$1234.50.", "1 2 3 4 . 5 0 "]
        {
            assert!(contains_amount(text, "1234.50"), "{text}");
        }
        for text in ["11234.50", "1234.5", "1234.51", "1234.505", "1234", ""] {
            assert!(!contains_amount(text, "1234.50"), "{text}");
        }
        assert!(contains_amount("Total: 120 EUR", "120.00") && contains_amount("120,00", "120.00"));
        assert!(!contains_amount("120.50", "120.00") && !contains_amount("1200", "120.00"));
        assert!(contains_amount("¥12,000", "12000") && !contains_amount("¥120,000", "12000"));
    }

    #[test]
    fn a_number_is_found_whatever_separates_it() {
        assert!(contains_number("Invoice no. inv 2026 / 14", "INV-2026/14"));
        assert!(!contains_number("Invoice 2026/15", "INV-2026/14"));
    }
}
