//! The languages of our own texts.

use chrono::NaiveDate;

use crate::Money;

words! {
    /// A language that has a text for each purpose, by its BCP 47 tag.
    pub enum Language {
        /// English.
        En = "en",
        /// Spanish.
        Es = "es",
        /// French.
        Fr = "fr",
        /// German.
        De = "de",
        /// Portuguese.
        Pt = "pt",
        /// Chinese in simplified characters.
        ZhHans = "zh-hans",
        /// Arabic.
        Ar = "ar",
    }
}

impl Language {
    /// The language to use for a tag, such as `de` for `de-AT`. Traditional Chinese is not mapped to simplified.
    #[must_use]
    pub fn of(tag: &str) -> Option<Self> {
        let tag = tag.to_ascii_lowercase();
        let mut parts = tag.split('-');
        let primary = parts.next().unwrap_or_default();
        if primary == "zh" {
            let traditional = parts.any(|part| matches!(part, "hant" | "tw" | "hk" | "mo"));
            return (!traditional).then_some(Self::ZhHans);
        }
        Self::ALL.iter().copied().find(|language| language.as_str() == primary)
    }

    /// Formats an amount as this language writes it. Every character costs a single unit in an SMS.
    #[must_use]
    pub fn amount(self, amount: Money) -> String {
        amount.in_language(self.as_str()).replace(['\u{a0}', '\u{202f}'], " ")
    }

    /// Formats a date in the style of this language.
    #[must_use]
    pub fn day(self, day: NaiveDate) -> String {
        let format = match self {
            Self::En => "%-d %b %Y",
            Self::Es | Self::Fr | Self::Pt | Self::Ar => "%-d/%-m/%Y",
            Self::De => "%-d.%-m.%Y",
            Self::ZhHans => "%Y年%-m月%-d日",
        };
        day.format(format).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Currency;

    #[test]
    fn a_language_is_found_by_whatever_its_speakers_call_it() {
        for (tag, language) in [
            ("en", Some(Language::En)),
            ("DE-at", Some(Language::De)),
            ("pt-BR", Some(Language::Pt)),
            ("zh", Some(Language::ZhHans)),
            ("zh-CN", Some(Language::ZhHans)),
            ("zh-Hans-SG", Some(Language::ZhHans)),
            ("zh-TW", None),
            ("zh-Hant", None),
            ("ar-EG", Some(Language::Ar)),
            ("nl", None),
            ("", None),
        ] {
            assert_eq!(Language::of(tag), language, "{tag}");
        }
    }

    #[test]
    fn an_amount_is_written_as_its_readers_do_in_cheap_characters() {
        let amount = Money::parse("12345.60", Currency::parse("eur").unwrap()).unwrap();
        let written: Vec<String> = Language::ALL.iter().map(|language| language.amount(amount)).collect();
        let expected = ["12,345.60", "12.345,60", "12 345,60", "12.345,60", "12.345,60", "12,345.60", "12,345.60"]
            .map(|it| format!("{it} EUR"));
        assert_eq!(written, expected);
    }

    #[test]
    fn a_day_is_written_as_its_readers_do() {
        let day = NaiveDate::from_ymd_opt(2026, 12, 1).unwrap();
        let written: Vec<String> = Language::ALL.iter().map(|language| language.day(day)).collect();
        assert_eq!(
            written,
            ["1 Dec 2026", "1/12/2026", "1/12/2026", "1.12.2026", "1/12/2026", "2026年12月1日", "1/12/2026"]
        );
    }
}
