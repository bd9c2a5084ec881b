//! Amounts as people and spreadsheets write them: `129,50`, `$129.50`, `1.129,50 EUR`.

/// An amount as somebody wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenAmount {
    /// As a decimal string: `129.50`.
    pub decimal: String,
    /// The currency beside it, if one was written.
    pub currency: Option<WrittenCurrency>,
}

/// A currency as somebody wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrittenCurrency {
    /// As three small letters.
    Code(String),
    /// A sign of several currencies, such as `$` or `US$`: see [`Currency::has_sign`](super::Currency::has_sign).
    Sign(String),
}

impl WrittenCurrency {
    /// Reads three letters or a sign.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        match text.trim_matches(is_space) {
            "€" => Some(Self::Code("eur".to_owned())),
            "£" => Some(Self::Code("gbp".to_owned())),
            code if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                Some(Self::Code(code.to_ascii_lowercase()))
            }
            sign if is_sign(sign) => Some(Self::Sign(sign.to_owned())),
            _ => None,
        }
    }
}

/// The last characters of signs that are written beside amounts.
const SIGNS: [char; 12] = ['$', '¥', '₩', '₹', '₺', '₽', '₫', '₱', '₦', '₪', '₴', '฿'];
const LONGEST_SIGN: usize = 3;

impl WrittenAmount {
    /// Reads what people and spreadsheets write: `129,50`, `1.129,50 EUR`, `€1,129.50`, `$48.50`, `1'129.50`.
    ///
    /// `None` if it is no amount or could be two: `1,129` is a thousand to some and little more than one to others.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let first = text.find(|character: char| character.is_ascii_digit())?;
        let end = text.rfind(|character: char| character.is_ascii_digit())? + 1;
        let currency = match (text[..first].trim_matches(is_space), text[end..].trim_matches(is_space)) {
            ("", "") => None,
            (beside, "") | ("", beside) => Some(WrittenCurrency::read(beside)?),
            _ => return None,
        };
        let written = &text[first..end];
        // One or two digits after the last point or comma are decimals.
        let point = written.rfind(['.', ',']).filter(|at| matches!(written.len() - at, 2 | 3));
        let Some(at) = point else {
            return Some(Self { decimal: whole_number(written, false)?, currency });
        };
        let (whole, fraction) = (&written[..at], &written[at + 1..]);
        if !is_digits(fraction) || whole.contains(&written[at..=at]) {
            return None;
        }
        Some(Self { decimal: format!("{}.{fraction}", whole_number(whole, true)?), currency })
    }
}

/// Letters at most before one of the signs: the minus of `-$5` is none.
fn is_sign(text: &str) -> bool {
    let letters = text.trim_end_matches(SIGNS);
    letters.len() < text.len()
        && text.chars().count() <= LONGEST_SIGN
        && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\u{a0}' | '\u{202f}')
}

/// The digits of a whole number, which may be grouped by thousands. Without decimals after them, two groups around a
/// point or a comma could be decimals.
fn whole_number(text: &str, has_fraction: bool) -> Option<String> {
    if is_digits(text) {
        return Some(text.to_owned());
    }
    let separator = text.chars().find(|character| !character.is_ascii_digit())?;
    if !is_space(separator) && !matches!(separator, '.' | ',' | '\'' | '’') {
        return None;
    }
    let groups: Vec<&str> = text.split(separator).collect();
    let (first, rest) = groups.split_first()?;
    let is_grouped =
        is_digits(first) && first.len() <= 3 && rest.iter().all(|group| is_digits(group) && group.len() == 3);
    let is_plain = has_fraction || rest.len() > 1 || !matches!(separator, '.' | ',');
    (is_grouped && is_plain).then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::{WrittenAmount, WrittenCurrency};

    fn understood(text: &str) -> Option<(String, Option<String>)> {
        let beside = |currency| match currency {
            WrittenCurrency::Code(beside) | WrittenCurrency::Sign(beside) => beside,
        };
        WrittenAmount::read(text).map(|written| (written.decimal, written.currency.map(beside)))
    }

    #[test]
    fn an_amount_is_read_as_people_write_it() {
        for (written, decimal, currency) in [
            ("129.50", "129.50", None),
            ("129,50", "129.50", None),
            ("129", "129", None),
            (" 129,5 ", "129.5", None),
            ("9949,77", "9949.77", None),
            ("5.962,32", "5962.32", None),
            ("5,962.32", "5962.32", None),
            ("1.234.567,89", "1234567.89", None),
            ("1.234.567", "1234567", None),
            ("1 234,50", "1234.50", None),
            ("1\u{202f}234,50\u{a0}€", "1234.50", Some("eur")),
            ("1'234.50", "1234.50", None),
            ("CHF 1’234.50", "1234.50", Some("chf")),
            ("1 234", "1234", None),
            ("£120", "120", Some("gbp")),
            ("EUR 1.129,50", "1129.50", Some("eur")),
            ("129,50 eur", "129.50", Some("eur")),
            ("0,01", "0.01", None),
            ("$48.50", "48.50", Some("$")),
            ("$1,120.00", "1120.00", Some("$")),
            ("US$ 5", "5", Some("US$")),
            ("1.200,50 ₺", "1200.50", Some("₺")),
        ] {
            assert_eq!(understood(written), Some((decimal.to_owned(), currency.map(str::to_owned))), "{written}");
        }
    }

    #[test]
    fn what_is_no_amount_or_could_be_two_is_not_read() {
        for written in [
            "",
            " ",
            "€",
            "abc",
            "1,129",
            "1.129",
            "1,2,3",
            "1.2.3",
            "12,34.56",
            "1.23.45",
            "-5",
            "+5",
            "1e3",
            ",50",
            "5,",
            "129,505",
            "1234.567,89",
            "12.3456,78",
            "-$5",
            "USD$5",
            "$5 USD",
            "€5 EUR",
            "5 apples",
            "5 kr",
            "1;50",
            "1/2",
            "٣",
            "1,129,50",
        ] {
            assert_eq!(understood(written), None, "{written}");
        }
    }
}
