//! Turns the merchant's contact line into links a buyer can tap: a phone number or an e-mail address.

use domain::{PhoneNumber, Region};
use serde::Serialize;

/// The fewest digits of a phone number; years and house numbers have fewer.
const FEWEST_DIGITS: usize = 7;

/// The links found in a contact line.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Contact {
    /// A phone number in E.164.
    pub(super) phone: Option<String>,
    /// An e-mail address.
    pub(super) mail: Option<String>,
}

impl Contact {
    /// Searches a text.
    pub(super) fn of(text: &str, region: Region) -> Self {
        Self { phone: phone(text, region), mail: mail(text) }
    }

    pub(super) const fn is_none(&self) -> bool {
        self.phone.is_none() && self.mail.is_none()
    }
}

fn phone(text: &str, region: Region) -> Option<String> {
    let is_part = |letter: char| letter.is_ascii_digit() || "+-./() \u{a0}".contains(letter);
    text.split(|letter: char| !is_part(letter))
        .find_map(|run| {
            let digits = run.chars().filter(char::is_ascii_digit).count();
            let run = run.trim_matches(|letter: char| !letter.is_ascii_digit() && !"+(".contains(letter));
            (digits >= FEWEST_DIGITS).then(|| PhoneNumber::parse(run, region).ok()).flatten()
        })
        .map(|number| number.as_e164().to_owned())
}

fn mail(text: &str) -> Option<String> {
    let words = text.split(|letter: char| letter.is_whitespace() || ",;()<>\"".contains(letter));
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "@.-_+".contains(letter);
    words.map(|word| word.trim_matches(['.', ':'])).find_map(|word| {
        let (name, host) = word.split_once('@')?;
        let fits = !name.is_empty() && host.contains('.') && !host.contains('@') && word.chars().all(is_plain);
        fits.then(|| word.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_an_address_are_found_in_what_people_write() {
        let us = Region::parse("US").unwrap();
        for (text, phone, mail) in [
            ("+49 30 1234567", Some("+49301234567"), None),
            ("Call (202) 555-0123 or write to hello@shop.example.", Some("+12025550123"), Some("hello@shop.example")),
            ("Since 1987, 12 Example Street", None, None),
            ("a@b", None, None),
            ("<script>@x.y", None, None),
        ] {
            let found = Contact::of(text, us);
            assert_eq!((found.phone.as_deref(), found.mail.as_deref()), (phone, mail), "{text}");
        }
    }
}
