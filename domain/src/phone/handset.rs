//! Handsets with two forms of their number. Carriers and people mix them: a text to one form is answered from the
//! other.

use super::PhoneNumber;

/// The longer form's prefix including the country code. The shorter form lacks the third digit.
const MEXICO: &str = "521";
const ARGENTINA: &str = "549";

/// After the area code, a Brazilian mobile number without its ninth digit begins with one of these; a landline does
/// not.
const BRAZILIAN_MOBILE: std::ops::RangeInclusive<u8> = b'6'..=b'9';

impl PhoneNumber {
    /// The shorter form of the handset's number, whichever form this is.
    ///
    /// Mexico's `+521…` becomes `+52…`, Argentina's `+549…` becomes `+54…`, and Brazil's mobile numbers lose the ninth
    /// digit. Use it to recognise a handset, never to call it.
    #[must_use]
    pub fn handset(&self) -> Self {
        self.shorter().unwrap_or_else(|| self.clone())
    }

    /// All forms of the handset's number, the shorter one first.
    #[must_use]
    pub fn forms(&self) -> Vec<Self> {
        let handset = self.handset();
        let longer = handset.longer();
        std::iter::once(handset).chain(longer).collect()
    }

    fn shorter(&self) -> Option<Self> {
        let digits = &self.0[1..];
        let shorter = match digits.get(..3)? {
            // Both are followed by ten digits.
            MEXICO | ARGENTINA if digits.len() == 13 => format!("+{}{}", &digits[..2], &digits[3..]),
            _ => {
                let (area, number) = digits.strip_prefix("55").and_then(|rest| rest.split_at_checked(2))?;
                let short = number.strip_prefix('9').filter(|short| is_brazilian_mobile(short))?;
                format!("+55{area}{short}")
            }
        };
        Some(Self(shorter))
    }

    fn longer(&self) -> Option<Self> {
        let digits = &self.0[1..];
        let (code, national) = digits.split_at_checked(2)?;
        let longer = match code {
            "52" if national.len() == 10 => format!("+{MEXICO}{national}"),
            "54" if national.len() == 10 => format!("+{ARGENTINA}{national}"),
            "55" => {
                let (area, number) = national.split_at_checked(2).filter(|(_, number)| is_brazilian_mobile(number))?;
                format!("+55{area}9{number}")
            }
            _ => return None,
        };
        Some(Self(longer))
    }
}

fn is_brazilian_mobile(number: &str) -> bool {
    number.len() == 8 && number.bytes().next().is_some_and(|first| BRAZILIAN_MOBILE.contains(&first))
}

#[cfg(test)]
mod tests {
    use super::PhoneNumber;

    fn forms(text: &str) -> Vec<String> {
        let forms = PhoneNumber::from_e164(text).unwrap().forms();
        forms.iter().map(|form| form.as_e164().to_owned()).collect()
    }

    #[test]
    fn one_handset_is_the_same_under_both_forms_of_its_number() {
        for (one, other) in [
            ("+525512345678", "+5215512345678"),
            ("+541123456789", "+5491123456789"),
            ("+551187654321", "+5511987654321"),
        ] {
            assert_eq!(forms(one), [one, other]);
            assert_eq!(forms(other), [one, other]);
        }
    }

    #[test]
    fn other_numbers_have_one_form() {
        // A Brazilian landline, a mobile number that never had eight digits, numbers that are too short or too long,
        // and other countries.
        let others = [
            "+551132345678",
            "+5511912345678",
            "+5215512",
            "+54112345678",
            "+521551234567890",
            "+12025550123",
            "+447400123456",
        ];
        for number in others {
            assert_eq!(forms(number), [number]);
        }
    }
}
