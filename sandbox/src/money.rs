//! Currencies as Stripe knows them. Written independently of the product's own rules, so that the two check each other.

use std::fmt::Write;

/// The currencies that a charge can be made in.
const SUPPORTED: &str = "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp \
    byn bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd \
    hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk \
    mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar \
    sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg \
    xof xpf yer zar zmw";
/// Currencies without a smaller unit.
const NO_DECIMALS: &str = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf";
/// Currencies that people use without decimals and that Stripe takes in hundredths all the same.
const HUNDREDTHS_OF_NOTHING: &str = "isk ugx";
/// Currencies with thousandths, of which Stripe takes tens only.
const THOUSANDTHS: &str = "bhd jod kwd omr tnd";
/// The smallest charge, in the unit that Stripe takes.
const SMALLEST: [(&str, i64); 13] = [
    ("usd ars aud brl cad chf cop eur idr ils inr nzd php rub sgd zar", 50),
    ("gbp", 30),
    ("aed myr pln ron", 200),
    ("dkk", 250),
    ("nok sek", 300),
    ("hkd", 400),
    ("mxn thb", 1000),
    ("czk", 1500),
    ("jpy krw", 50),
    ("huf", 17_500),
    ("isk ugx", 100),
    ("bhd jod kwd omr tnd", 10),
    ("", 1),
];
/// The largest charge, in the unit that Stripe takes.
pub(crate) const LARGEST: i64 = 99_999_999;

fn among(list: &str, currency: &str) -> bool {
    list.split_ascii_whitespace().any(|code| code == currency)
}

/// Whether a charge can be made in it; the code is in lower case.
pub(crate) fn is_supported(currency: &str) -> bool {
    among(SUPPORTED, currency)
}

/// The smallest charge in the unit that Stripe takes; 1 where no rule is published.
pub(crate) fn smallest(currency: &str) -> i64 {
    SMALLEST.iter().find(|(currencies, _)| among(currencies, currency)).map_or(1, |(_, amount)| *amount)
}

/// The number that an amount must be a multiple of.
pub(crate) fn step(currency: &str) -> i64 {
    match currency {
        tens if among(THOUSANDTHS, tens) => 10,
        hundreds if among(HUNDREDTHS_OF_NOTHING, hundreds) => 100,
        _ => 1,
    }
}

/// An amount in the form that people read: `USD 1,234.50`, `JPY 5,000`, `ISK 700`.
pub(crate) fn for_people(amount: i64, currency: &str) -> String {
    let (unit, decimals) = match currency {
        none if among(NO_DECIMALS, none) => (1, 0),
        none if among(HUNDREDTHS_OF_NOTHING, none) => (100, 0),
        three if among(THOUSANDTHS, three) => (1000, 3),
        _ => (100, 2),
    };
    let mut text = format!("{} {}", currency.to_uppercase(), grouped(amount / unit));
    if decimals > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, ".{:0decimals$}", amount % unit);
    }
    text
}

fn grouped(whole: i64) -> String {
    let digits = whole.to_string();
    digits.char_indices().fold(String::new(), |mut grouped, (index, digit)| {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
        grouped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_an_amount_in_the_decimals_of_its_currency() {
        for (amount, currency, text) in [
            (12_950, "usd", "USD 129.50"),
            (123_456_705, "eur", "EUR 1,234,567.05"),
            (5_000, "jpy", "JPY 5,000"),
            (70_000, "isk", "ISK 700"),
            (1_230, "kwd", "KWD 1.230"),
            (5, "usd", "USD 0.05"),
        ] {
            assert_eq!(for_people(amount, currency), text);
        }
    }

    #[test]
    fn the_smallest_charge_is_that_of_the_currency() {
        for (currency, amount) in [("usd", 50), ("gbp", 30), ("jpy", 50), ("huf", 17_500), ("tzs", 1)] {
            assert_eq!(smallest(currency), amount, "{currency}");
        }
    }

    #[test]
    fn every_currency_that_has_a_rule_is_supported() {
        let ruled = SMALLEST.iter().map(|(currencies, _)| *currencies).chain([NO_DECIMALS, THOUSANDTHS]);
        for currency in ruled.flat_map(str::split_ascii_whitespace) {
            assert!(is_supported(currency), "{currency}");
        }
    }
}
